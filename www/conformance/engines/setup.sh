#!/usr/bin/env bash
# Installs the engines that `make test` does not need: Firefox and WebKit from
# Debian, Bun and Deno from npm (about 700 MB in all).
set -euo pipefail
cd "$(dirname "$0")"

missing=()
command -v firefox-esr >/dev/null || missing+=(firefox-esr)
command -v WebKitWebDriver >/dev/null || missing+=(webkit2gtk-driver)
command -v xvfb-run >/dev/null || missing+=(xvfb xauth)
if ((${#missing[@]})); then
	echo "installing ${missing[*]}" >&2
	sudo=$([ "$(id -u)" = 0 ] || echo sudo)
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

if ! cmp -s package-lock.json node_modules/.installed; then
	echo "installing Bun, Deno and puppeteer-core" >&2
	npm ci --silent
	cp package-lock.json node_modules/.installed
fi
