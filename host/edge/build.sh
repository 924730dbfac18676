#!/usr/bin/env bash
# Builds the Worker into build/, from a fresh clone: Go, the library's assets
# (version in go.mod) and npm's packages (versions in package-lock.json).
set -euo pipefail
cd "$(dirname "$0")"

if ! cmp -s package-lock.json node_modules/.finece-lock.json; then
	npm ci --silent --ignore-scripts
	cp package-lock.json node_modules/.finece-lock.json
fi
go tool workers-assets-gen -mode go -o build # empties build first
rm build/worker.mjs                          # the one here replaces it
# Without Go's own HTTP/2: the Worker uses fetch.
GOOS=js GOARCH=wasm go build -tags nethttpomithttp2 -trimpath -ldflags='-s -w' -o build/app.wasm .

size() { gzip -9 -c "$@" | wc -c; }
echo "app.wasm $(size build/app.wasm), finece.wasm $(size ../../wasm/finece.wasm) bytes with gzip; the free plan takes 3145728 in all" >&2
