# Sourced by model.sh, variants.sh and open.sh, which set finece, the command.

# serve NAME=FOLDER... starts finece lm on a free port and sets url. It is stopped
# by unserve, or when the script ends.
serve() {
	local said
	said=$(mktemp)
	"$finece" lm --listen 127.0.0.1:0 "${@/#/--model=}" 2> >(tee "$said" >&2) &
	server=$!
	trap unserve EXIT
	url=
	until [ -n "$url" ]; do
		kill -0 "$server" 2>/dev/null || { echo "finece lm has ended" >&2; exit 1; }
		sleep 0.1
		url=$(sed -n 's|.*listening on \(http://[^,]*\),.*|\1/v1|p' "$said")
	done
	rm -f "$said"
}

unserve() {
	kill "$server" 2>/dev/null || true
	wait "$server" || true
	trap - EXIT
}
