#!/usr/bin/env bash
# Confidence models of other training, for figures 5 and 6 and the sweeps of
# finece experiment: each learns from the first NUMBER questions of model.sh's, with
# Algorithm 1 alone and a plain fine-tuning, and differs from "reference" in one
# thing.
#
#   host/train/variants.sh [FOLDER]     (after host/train/model.sh; FOLDER as there)
#
#   reference   the completions of model.sh
#   m1          one cluster a question in place of three
#   cool        labels sampled at temperature 0.5 in place of 1
#   other       labels sampled from another generator: OTHER, an earlier checkpoint
#
# It ends with the command that measures them.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/build/model}
: "${NUMBER:=1000}"
: "${MAX_TOKENS:=200}"
: "${OTHER:=$out/other}"
: "${IFT:=--epochs 1 --batch 32 --lr 1e-3 --beta2 0.95 --dev-limit 300}"
: "${PORT:=18083}"
seed=1
. "$root/host/train/steps.sh"
prepare

head -n "$NUMBER" "$out/questions.jsonl" >"$out/few.jsonl"

# sample NAME GENERATOR TEMPERATURE M
sample() {
	[ -e "$out/$1.done" ] && return
	say "labels: $1"
	serve "generator=$2"
	"$finece" construct --server "$url" --model generator --grader number --prompt '{question}' --requests 12 \
		--k 10 --m "$4" --T 4 --temperature "$3" --max-tokens "$MAX_TOKENS" --split 0.9,0.1,0 --seed 1 \
		--samples "$out/$1.samples" -o "$out/$1.states.jsonl" "$out/few.jsonl"
	unserve
	touch "$out/$1.done"
}
# What model.sh has sampled is not sampled again.
for name in reference m1; do
	[ -e "$out/$name.samples" ] || cp "$out/states.jsonl.samples" "$out/$name.samples"
done
sample reference "$out/generator/best" 1 3
sample m1 "$out/generator/best" 1 1
sample cool "$out/generator/best" 0.5 3
sample other "$OTHER" 1 3

for name in reference m1 cool other; do
	for split in train dev; do
		step "$out/$name.$split.jsonl" "training data: $name, $split" \
			"$finece" train export --split "$split" -o "$out/$name.$split.jsonl" "$out/$name.states.jsonl"
	done
	# shellcheck disable=SC2086 # settings of several words
	trained "$out/variant-$name" "confidence model: $name" \
		ift --model "$out/generator/best" --data "$out/$name.train.jsonl" --dev "$out/$name.dev.jsonl" $IFT
done

models=() confidence=()
for name in reference m1 cool other; do
	models+=(--model "$name=$out/variant-$name/best")
	confidence+=(--confidence "'FineCE ($name, $NUMBER questions)=chat:$name@http://127.0.0.1:$PORT/v1'")
done
echo "Measure them with"
echo "  $finece lm --listen 127.0.0.1:$PORT ${models[*]} &"
echo "  make experiment ARGS=\"--about 'Those of $NUMBER questions are of host/train/variants.sh.' --confidence FineCE=chat:confidence --confidence 'FineCE (value head)=pooling:value' ${confidence[*]}\""
