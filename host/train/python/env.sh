#!/usr/bin/env bash
# Makes a virtual environment with what the trainer needs (requirements.txt), or with another
# list of requirements: env.sh FOLDER [FILE]. PYTHON is the interpreter that it is made from, 3.10
# or later. PyPI's torch is the build for CUDA on Linux: with the libraries that it
# does not load without, 6 GB on the disk, and it runs on a CPU as well.
set -euo pipefail

venv=$1
requirements=${2:-$(cd "$(dirname "$0")" && pwd)/requirements.txt}
python=${PYTHON:-python3}

if cmp -s "$requirements" "$venv/.installed"; then
	exit
fi
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
	# Debian has it in a package of its own.
	echo "installing python3-venv" >&2
	sudo=$([ "$(id -u)" = 0 ] || echo sudo)
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends python3 python3-venv >&2
	python=/usr/bin/python3
fi
echo "installing the packages of $requirements into $venv" >&2
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
cp "$requirements" "$venv/.installed"
