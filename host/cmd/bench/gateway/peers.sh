#!/usr/bin/env bash
# Installs the peers of `make bench-gateway` into build/gateway: Portkey's gateway from npm
# and LiteLLM's proxy from PyPI (PYTHON=interpreter, 3.10 or later).
set -euo pipefail

build=$(cd "$(dirname "$0")/../../../.." && pwd)/build/gateway
portkey=1.15.2
litellm=1.108.0 # 1.107.0 was malicious and withdrawn; not every later version's dependencies exist

mkdir -p "$build"
if [[ $(cat "$build/node/installed" 2>/dev/null) != "$portkey" ]]; then
	npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix "$build/node" "@portkey-ai/gateway@$portkey"
	echo "$portkey" >"$build/node/installed"
fi
if [[ $(cat "$build/venv/installed" 2>/dev/null) != "$litellm" ]]; then
	"${PYTHON:-python3}" -m venv "$build/venv"
	"$build/venv/bin/pip" install --quiet --disable-pip-version-check "litellm[proxy]==$litellm"
	echo "$litellm" >"$build/venv/installed"
fi
