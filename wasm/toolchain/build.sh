#!/usr/bin/env bash
# Builds finece.wasm: build.sh OUTPUT [PACKAGE]
#
# TinyGo comes from the Go module proxy (version in go.mod), LLVM from Debian, and wasm-opt from npm
# (version in package-lock.json). The first build installs them under build/toolchain, in about two
# minutes. Later builds take seconds.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
out=${1:?usage: build.sh OUTPUT [PACKAGE]}
package=${2:-./wasm/core}
tools=$repo/build/toolchain
llvm=/usr/lib/llvm-19

packages=(llvm-19-dev clang-19 libclang-19-dev lld-19 g++)
command -v npm >/dev/null || packages+=(nodejs npm)
missing=()
for p in "${packages[@]}"; do
	dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p")
done
if ((${#missing[@]})); then
	echo "installing ${missing[*]}" >&2
	sudo=$([ "$(id -u)" = 0 ] || echo sudo)
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

cd "$here"
tinygo=$(go list -m -f '{{.Version}}' github.com/tinygo-org/tinygo)
mkdir -p "$tools"
if [ ! -x "$tools/tinygo-$tinygo" ]; then
	echo "building tinygo $tinygo" >&2
	go mod download github.com/tinygo-org/tinygo
	# TinyGo needs a writable TINYGOROOT with a folder src/net. The Go module does not have that
	# folder, because it is a git submodule.
	rm -rf "$tools/tinygoroot"
	cp -r "$(go list -m -f '{{.Dir}}' github.com/tinygo-org/tinygo)" "$tools/tinygoroot"
	chmod -R u+w "$tools/tinygoroot"
	mkdir -p "$tools/tinygoroot/src/net"
	CGO_ENABLED=1 go build -tags llvm19 -o "$tools/tinygo-$tinygo" github.com/tinygo-org/tinygo
fi
if ! cmp -s package-lock.json "$tools/package-lock.json"; then
	echo "installing binaryen" >&2
	cp package.json package-lock.json .npmrc "$tools/"
	(cd "$tools" && npm ci --ignore-scripts --silent)
fi

cd "$repo"
# -panic=trap: a panic is a wasm trap, which every engine reports, and the module has no texts of
# runtime errors. -no-debug: no paths of this machine.
# wasm-opt runs a second time, because TinyGo runs it with -O2 and keeps the names.
# --low-memory-unused: the first kilobyte has only the end of the stack, so wasm-opt may fold
# constants into the offsets of loads.
wasmopt=$tools/node_modules/binaryen/bin/wasm-opt
TINYGOROOT=$tools/tinygoroot WASMOPT=$wasmopt PATH=$llvm/bin:$PATH \
	"$tools/tinygo-$tinygo" build -target="$here/finece.json" -opt=2 -panic=trap -no-debug -o "$tools/linked.wasm" "$package"
"$wasmopt" --enable-bulk-memory --enable-bulk-memory-opt --enable-mutable-globals \
	--enable-nontrapping-float-to-int --enable-sign-ext -O4 --low-memory-unused --strip-debug --strip-producers \
	"$tools/linked.wasm" -o "$out"
