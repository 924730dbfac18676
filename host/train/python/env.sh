#!/usr/bin/env bash
# Makes a virtual environment with the trainer's packages (requirements.txt), or with
# another list of requirements: env.sh FOLDER [FILE [FLAGS OF PIP...]]. PYTHON is the
# interpreter that it is made from, 3.10 or later. On Linux, PyPI's torch is the CUDA build.
# It takes 6 GB on disk with its libraries, and also runs on a CPU.
set -euo pipefail

venv=$1
requirements=${2:-$(cd "$(dirname "$0")" && pwd)/requirements.txt}
python=${PYTHON:-python3}

if cmp -s "$requirements" "$venv/.installed"; then
	exit
fi
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
	# On Debian, venv is in a package of its own.
	echo "installing python3-venv" >&2
	sudo=$([ "$(id -u)" = 0 ] || echo sudo)
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends python3 python3-venv >&2
	python=/usr/bin/python3
fi
echo "installing the packages of $requirements into $venv" >&2
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${@:3}" -r "$requirements"
cp "$requirements" "$venv/.installed"
