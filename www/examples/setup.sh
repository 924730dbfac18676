#!/usr/bin/env bash
# Installs the packages for `make test-examples` into build/examples: those of package-lock.json, which has the packages
# of all examples and the bundlers, and a virtual environment with Open WebUI for the filter.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build/examples

cd "$here"
for file in package.json package-lock.json .npmrc */package.json; do
	mkdir -p "$build/$(dirname "$file")"
	cp "$here/$file" "$build/$file"
done
cd "$build"
if ! cmp -s package-lock.json node_modules/.installed; then
	echo "installing the packages of www/examples" >&2
	npm ci --silent
	cp package-lock.json node_modules/.installed
fi
"$here/../../host/train/python/env.sh" python "$here/open-webui/requirements.txt"
# Open WebUI without its dependencies: the test needs none of them.
python/bin/python -m pip install --quiet --disable-pip-version-check --no-deps open-webui==0.12.4
cp "$here/../../wasm/finece.wasm" "$here/../../host/python/src/finece/"
cp "$here/../../LICENSE" "$here/../../host/python/"
python/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e "$here/../../host/python"
