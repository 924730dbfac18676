#!/usr/bin/env bash
# Trains confidence models in other ways and measures them, for figures 5 to 7 of the paper.
# Each is trained on the labels of the first NUMBER questions of model.sh, by Algorithm 1
# alone and a plain fine-tuning. Each differs from "reference" in one thing:
#
#   reference   the completions of model.sh
#   m1          one cluster per question instead of three
#   cool        labels sampled at temperature 0.5 instead of 1
#   other       labels sampled from another generator, which was stopped earlier
#   head        a value head instead of instruction fine-tuning
#
#   host/train/variants.sh [FOLDER]     (make variants, after make model with the same FOLDER)
#
# They are measured on test questions, together with the built-in models.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/build/model}
: "${NUMBER:=250}"
: "${MAX_TOKENS:=200}"
: "${EARLIER:=2500}" # step at which the other generator is stopped: 4 of 10 of its answers are then right
: "${IFT:=--epochs 1 --batch 32 --lr 1e-3 --beta2 0.95 --dev-limit 300}"
: "${TESTS:=320}" # questions
seed=1
weights=$root/host/lm/weights
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
# shellcheck disable=SC2086 # settings of several words
trained "$out/other-generator" "another generator" \
	base --corpus "$out/corpus.jsonl" --tokenizer "$out/tokenizer" --stop "$EARLIER" $SCRATCH
# Completions that model.sh has sampled are not sampled again.
for name in reference m1; do
	[ -e "$out/$name.samples" ] || cp "$out/states.jsonl.samples" "$out/$name.samples"
done
sample reference "$out/generator/best" 1 3
sample m1 "$out/generator/best" 1 1
sample cool "$out/generator/best" 0.5 3
sample other "$out/other-generator/best" 1 3

for name in reference m1 cool other; do
	for split in train dev; do
		step "$out/$name.$split.jsonl" "training data: $name, $split" \
			"$finece" train export --split "$split" -o "$out/$name.$split.jsonl" "$out/$name.states.jsonl"
	done
	# shellcheck disable=SC2086 # settings of several words
	trained "$out/variant-$name" "confidence model: $name" \
		ift --model "$out/generator/best" --data "$out/$name.train.jsonl" --dev "$out/$name.dev.jsonl" $IFT
done

# shellcheck disable=SC2086
trained "$out/variant-head" "confidence model: head" \
	value --model "$out/generator/best" --data "$out/reference.train.jsonl" --dev "$out/reference.dev.jsonl" $IFT

step "$out/test.jsonl" "$TESTS test questions" \
	"$finece" train problems --seed "$seed" -n "$TESTS" -o "$out/test.jsonl"
measured() {
	local name models=("head=$out/variant-head/best") confidence=(--confidence "FineCE (head)=pooling:head")
	for name in reference m1 cool other; do
		models+=("$name=$out/variant-$name/best")
		confidence+=(--confidence "FineCE ($name)=chat:$name")
	done
	serve "generator=$weights/generator" "confidence=$weights/confidence" "value=$weights/generator,$weights/value" "${models[@]}"
	"$finece" experiment -o "$out/variants" --server "$url" --model generator --grader number --questions "in=$out/test.jsonl" \
		--number "$TESTS" --confidence FineCE=chat:confidence --confidence "FineCE (value head)=pooling:value" "${confidence[@]}" \
		--baselines=false --labels 0 --max-tokens "$MAX_TOKENS" --seed "$seed" \
		--about "The variants were trained by host/train/variants.sh on the labels of $NUMBER questions. FineCE and the value head are the built-in models, which were trained on many more."
	unserve
}
step "$out/variants/RESULTS.md" "experiment" measured
say "done: $out/variants/RESULTS.md"
