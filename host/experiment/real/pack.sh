#!/usr/bin/env bash
# Copies what make real has made so far from FOLDER (default build/real) to data beside
# this script, compressed, to be committed: the questions, the adapters, the labels, and
# the servers' replies. eval.sh makes the tables from them, and real.sh resumes from them
# on another machine.
#
#   host/experiment/real/pack.sh [FOLDER]     (make real-pack)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../../build/real}
data=${DATA:-$here/data}
python=${PYTHON:-python3}

mkdir -p "$data/cities"
cp "$out"/cities/*.jsonl "$data/cities/"
cp "$out/test-problems.jsonl" "$data/"
for adapter in generator confidence confidence-2 value pik; do
	if [ -e "$out/$adapter/adapter_model.safetensors" ]; then
		mkdir -p "$data/$adapter"
		cp "$out/$adapter"/adapter_{config.json,model.safetensors} "$data/$adapter/"
	fi
done
# finece construct may be running. States are copied before the replies, so data has the replies that
# each state was made from.
for name in labels noise answers; do
	for file in "$name.jsonl" "$name.jsonl.samples"; do
		if [ -e "$out/$file" ]; then
			"$python" "$here/shorten.py" <"$out/$file" | gzip -9n >"$data/$file.gz.part"
			mv "$data/$file.gz.part" "$data/$file.gz"
		fi
	done
done
# The replies for the tables, and the number of domains and the models that have all their replies.
if [ -e "$out/results/replies.jsonl" ]; then
	"$python" "$here/shorten.py" --tables <"$out/results/replies.jsonl" | gzip -9n >"$data/replies.jsonl.gz.part"
	mv "$data/replies.jsonl.gz.part" "$data/replies.jsonl.gz"
fi
if [ -e "$out/results/measured" ]; then
	cp "$out/results/measured" "$data/"
fi
du -sh "$data" >&2
