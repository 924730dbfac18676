# Functions for model.sh, variants.sh, open.sh and the experiment on a real model, which
# source this file. They set root (the repository), out (the folder of the results) and
# seed. This file sets finece (the command) and PYTHON (the trainer's interpreter).

finece=$out/finece
: "${PYTHON:=${FINECE_PYTHON:-$root/build/venv/bin/python}}"
export FINECE_PYTHON=$PYTHON
# A generator from scratch: 1.3 million parameters.
: "${SCRATCH:=--batch 32 --lr 2e-3 --hidden 128 --ffn 352 --layers 6 --heads 4}"

say() { echo "$(date +%H:%M:%S) $*" >&2; }

# prepare builds finece and checks that models can be trained.
prepare() {
	local gpu
	mkdir -p "$out"
	say "building finece"
	(cd "$root" && "${GO:-go}" build -o "$finece" ./host/cmd/finece)
	if ! gpu=$("$PYTHON" -c 'import torch, transformers, peft; print(torch.cuda.is_available())'); then
		echo "$PYTHON lacks the trainer's packages: make train-env, or set PYTHON" >&2
		exit 1
	fi
	processes=2 # processes that train a model together
	if [ "$gpu" = True ]; then
		processes=1
	fi
}

# step FILE WHAT COMMAND... runs the command unless FILE exists.
step() {
	local result=$1 what=$2
	shift 2
	if [ -e "$result" ]; then
		say "$what: there already"
		return
	fi
	say "$what"
	"$@"
}

# trained FOLDER WHAT ARGUMENTS... trains a model into FOLDER, unless it is marked as done.
trained() {
	local folder=$1 what=$2
	shift 2
	train() {
		"$finece" train "$@" --processes "$processes" --out "$folder" --seed "$seed" >&2
		touch "$folder/done"
	}
	step "$folder/done" "$what" train "$@"
}

# serve NAME=FOLDER... starts finece lm on a free port and sets url. FOLDER,FOLDER is a
# model and its adapter. unserve stops the server; so does the end of the script.
serve() {
	local said model flags=()
	for model in "$@"; do
		case $model in
		*,*) flags+=("--adapter=$model") ;;
		*) flags+=("--model=$model") ;;
		esac
	done
	said=$(mktemp)
	"$finece" lm --listen 127.0.0.1:0 "${flags[@]}" 2> >(tee "$said" >&2) &
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
