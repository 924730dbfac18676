#!/usr/bin/env bash
# Installs what building and testing the package needs and the machine lacks:
# Node 20 or later, Chromium, and the packages of package-lock.json.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../build

missing=()
command -v npm >/dev/null || missing+=(nodejs npm)
command -v chromium >/dev/null || missing+=(chromium)
if ((${#missing[@]})); then
	echo "installing ${missing[*]}" >&2
	sudo=$([ "$(id -u)" = 0 ] || echo sudo)
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi
# Debian 12 has Node 18. The Makefile has this folder in its PATH.
if (($(node -p 'process.versions.node.split(".")[0]') < 20)); then
	echo "installing Node 22" >&2
	npm install --silent --no-save --prefix "$build/node" node@22.23.3
fi

cd "$here"
if ! cmp -s package-lock.json node_modules/.installed; then
	echo "installing the packages of www" >&2
	npm ci --silent
	cp package-lock.json node_modules/.installed
fi
