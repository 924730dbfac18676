#!/usr/bin/env bash
# An attempt at a question that the paper leaves open: how good are entropy positions in
# answers that can be right in many ways? The built-in generator is trained to answer
# open-ended questions (finece train problems --domain open). The built-in confidence model
# is trained on its answers. finece experiment then measures the three strategies, and
# entropy positions above several thresholds.
#
#   host/train/open.sh [SEED [FOLDER]]     (make open)
#
# A step is skipped if its result is in FOLDER (default build/open). An interrupted step
# resumes if the same command is run again. Use another FOLDER for other settings. PYTHON
# is the trainer's interpreter (make train-env).
set -euo pipefail

seed=${1:-1}
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${2:-$root/build/open}

# The generator. The fewer conversations in CORPUS, the more mistakes it makes. With this
# number, a third of its answers are right.
: "${CORPUS:=30000}" # conversations
: "${BASE:=--epochs 1 --batch 32 --lr 2e-3}"
# The labels: every fragment of the K answers to a question gives one.
: "${QUESTIONS:=1500}" "${K:=5}"
: "${TEMPERATURE:=1}" "${MAX_TOKENS:=200}"
# The confidence model, which was already trained on other problems.
: "${ANSWERS:=2}" # answers to each question that the training data has, with their earlier states
: "${IFT:=--epochs 1 --batch 64 --lr 7e-4 --beta2 0.95 --dev-limit 300}"
# The experiment.
: "${TESTS:=400}" "${SAMPLES:=5}"
: "${ENTROPIES:=0.1,0.5,1}" # thresholds in nats, in addition to 1e-10

weights=$root/host/lm/weights
. "$root/host/train/steps.sh"
prepare

step "$out/corpus.jsonl" "$CORPUS conversations" \
	"$finece" train corpus --domain open --seed "$seed" -n "$CORPUS" -o "$out/corpus.jsonl"
# shellcheck disable=SC2086 # settings of several words
trained "$out/generator" "generator" \
	base --model "$weights/generator" --corpus "$out/corpus.jsonl" $BASE

step "$out/questions.jsonl" "$QUESTIONS questions" \
	"$finece" train problems --domain open --pool confidence --seed "$seed" -n "$QUESTIONS" -o "$out/questions.jsonl"
labels() {
	serve "generator=$out/generator/best"
	"$finece" construct --server "$url" --model generator --grader statements --prompt '{question}' --requests 16 \
		--temperature "$TEMPERATURE" --max-tokens "$MAX_TOKENS" --seed "$seed" --pool --k "$K" --T 0 --split 0.9,0.1,0 \
		-o "$out/states.jsonl" "$out/questions.jsonl"
	unserve
	touch "$out/states.jsonl.done"
}
step "$out/states.jsonl.done" "labels: $K answers to each of $QUESTIONS questions" labels
share=$(sed -n 's/.*"position":"p(0)".*"k":\([0-9]*\),"N":\([0-9]*\).*/\1 \2/p' "$out/states.jsonl" | awk '{ k += $1; n += $2 } END { printf "%.0f", 100 * k / n }')
say "$share% of the generator's answers are right; a smaller CORPUS gives more mistakes"
for split in train dev; do
	step "$out/$split.jsonl" "training data: $split" \
		"$finece" train export --split "$split" --answers "$ANSWERS" -o "$out/$split.jsonl" "$out/states.jsonl"
done
# shellcheck disable=SC2086
trained "$out/confidence" "confidence model: instruction fine-tuning" \
	ift --model "$weights/confidence" --data "$out/train.jsonl" --dev "$out/dev.jsonl" $IFT

step "$out/test.jsonl" "$TESTS test questions" \
	"$finece" train problems --domain open --pool test --seed "$seed" -n "$TESTS" -o "$out/test.jsonl"
measured() {
	serve "generator=$out/generator/best" "confidence=$out/confidence/best"
	"$finece" experiment -o "$out/results" --server "$url" --model generator --grader statements \
		--questions "open=$out/test.jsonl" --number "$TESTS" --confidence FineCE=chat:confidence \
		--score-prompt '<|user|>{question}<|end|><|assistant|>' --states "$out/states.jsonl" --samples "$SAMPLES" \
		--temperature "$TEMPERATURE" --max-tokens "$MAX_TOKENS" --entropies "$ENTROPIES" --seed "$seed" \
		--about "The questions are open-ended. The models are the built-in generator and confidence model, trained further on such questions by host/train/open.sh."
	unserve
}
step "$out/results/RESULTS.md" "experiment" measured
say "done: $out/results/RESULTS.md"
