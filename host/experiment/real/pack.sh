#!/usr/bin/env bash
# Copies what make real has made so far from FOLDER (default build/real) to data beside
# this script, compressed, to be committed: the generator's adapter, the questions,
# the labels and the sampled answers. real.sh resumes from them on another machine.
#
#   host/experiment/real/pack.sh [FOLDER]     (make real-pack)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../../build/real}
data=$here/data
mkdir -p "$data/cities" "$data/generator"

cp "$out"/cities/*.jsonl "$data/cities/"
cp "$out"/test-problems.jsonl "$data/"
cp "$out"/generator/adapter_config.json "$out"/generator/adapter_model.safetensors "$data/generator/"
for file in "$out"/*.jsonl.samples; do
	states=${file%.samples}
	# Whole lines only: the step may be running.
	for from in "$states" "$file"; do
		"${PYTHON:-python3}" "$here/shorten.py" <"$from" | gzip -9n >"$data/$(basename "$from").gz"
	done
done
du -sh "$data" >&2
