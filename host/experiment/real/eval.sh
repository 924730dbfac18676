#!/usr/bin/env bash
# Makes every table of the experiment on a real language model from the files that are
# committed in data (pack.sh), without a model and without sampling. If it is run again,
# it resumes.
#
# There are two sets of tables. The tables of the sampled answers need no confidence
# model: log-probabilities, further samples and labels are in data. The tables of the
# confidence models are made from data/replies.jsonl.gz, once data/measured says which models
# and domains the replies belong to. Until then, the first set is the only one, and
# RESULTS.md is its summary.
#
#   host/experiment/real/eval.sh [FOLDER]     (make real-eval)
#
# The tables are written to folders in FOLDER (default build/real-eval) and copied to
# host/experiment/results/real. Two environment variables change this: DATA names another
# folder that pack.sh wrote, RESULTS another folder for the tables.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
here=$root/host/experiment/real
out=${1:-$root/build/real-eval}
: "${DATA:=$here/data}" "${RESULTS:=$root/host/experiment/results/real}"
: "${LABELLED:=1000}" # questions of the sampled answers
seed=1

: "${PYTHON:=python3}" # without any packages
. "$here/measure.sh"

say() { echo "$(date +%H:%M:%S) $*" >&2; }

# unpacked NAME FILE unpacks NAME.gz of data to FILE, unless FILE is there and newer.
unpacked() {
	if [ ! -e "$2" ] || [ "$DATA/$1.gz" -nt "$2" ]; then
		gzip -dc "$DATA/$1.gz" >"$2.part"
		mv "$2.part" "$2"
	fi
}
mkdir -p "$out/results" "$out/sampled" "$out/cities"
finece=$out/finece
say "building finece"
(cd "$root" && "${GO:-go}" build -o "$finece" ./host/cmd/finece)

# The tables of the sampled answers.
measured=$([ -e "$DATA/measured" ] && echo yes || echo no)
missing=()
about="The generator is a fine-tuned SmolLM2-135M-Instruct. It gave two answers to each question that has labels."
if [ "$measured" = no ]; then
	about+=" The confidence models are not trained yet, so this page has only the methods that need none."
	for row in "${trained[@]}"; do
		missing+=(--unavailable "${row%%=*}=not trained yet")
	done
fi
say "tables of the sampled answers"
"$finece" experiment -o "$out/sampled" --questions "labelled=$DATA/cities/label.jsonl" --number "$LABELLED" --grader alias --every 5 \
	--recorded "$DATA/answers.jsonl.samples.gz" --recorded-samples "$DATA/labels.jsonl.samples.gz" --states "$DATA/labels.jsonl.gz" \
	--answers 2 --samples "$SAMPLES" --seed "$seed" "${missing[@]}" \
	--about "$about \`make real-eval\` makes these tables again from the committed data."
for name in labels noise; do
	if [ -e "$DATA/$name.jsonl.gz" ]; then
		say "table of $name"
		"$PYTHON" "$here/summary.py" "$DATA/$name.jsonl.gz" >"$out/sampled/${name^^}.md"
	fi
done
if [ -e "$DATA/noise.jsonl.gz" ]; then
	"$PYTHON" "$here/summary.py" "$DATA/noise.jsonl.gz" "$DATA/labels.jsonl.gz" >>"$out/sampled/NOISE.md"
fi
published() {
	mkdir -p "$2"
	cp "$1"/*.md "$1"/*.svg "$2/"
}
if [ "$measured" = no ]; then
	published "$out/sampled" "$RESULTS"
	say "done: $RESULTS/RESULTS.md"
	exit
fi
published "$out/sampled" "$RESULTS/sampled"

# The tables of the confidence models.
cp "$DATA"/cities/{label,test,shifted}.jsonl "$out/cities/"
cp "$DATA/test-problems.jsonl" "$out/"
unpacked labels.jsonl "$out/labels.jsonl"
unpacked replies.jsonl "$out/results/replies.jsonl"

# No server listens at this address, so a missing reply is an error.
none=http://127.0.0.1:1/v1
say "tables of the confidence models"
mapfile -t of <"$DATA/measured"
models=("${of[@]:1}")
measure "$out" "$none" "${of[0]}" "${models[@]/%/@$none}"
published "$out/results" "$RESULTS"
say "done: $RESULTS/RESULTS.md"
