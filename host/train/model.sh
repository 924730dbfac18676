#!/usr/bin/env bash
# Makes the models that the project ships, from a seed: word problems, a generator that is
# trained on them, labels that are sampled from it by Algorithm 1, and the models that are
# trained on the labels. These are FineCE by instruction fine-tuning (of the generator,
# trained further on reference solutions), the same without reference solutions, FineCE with
# a value head, the head of P(IK), and the clusters of SuC.
#
#   host/train/model.sh [SEED [FOLDER]]     (make model)
#
# A step is skipped if its result is in FOLDER (default build/model). An interrupted step
# resumes if the same command is run again. With the settings below, all steps took hours
# on 2 cores. A training takes at least twice as long on cores that do not compute products
# of 16 bits. The last bits of a trained model depend on the machine. The labels of one
# generator do not.
#
# If WEIGHTS is set, the weights are copied to that folder: host/lm/weights for the
# built-in ones. PYTHON is the trainer's interpreter (make train-env).
set -euo pipefail

seed=${1:-1}
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${2:-$root/build/model}

# The generator. It is stopped early, so about half of its answers are right.
: "${CORPUS:=160000}" # conversations
: "${STOP:=3000}"     # step at which it is stopped
: "${VOCAB:=768}"
# The labels: k(1+mT) completions for each of QUESTIONS questions. For MORE further
# questions only answers are sampled; each fragment of these gives a label, too.
: "${QUESTIONS:=3000}"
: "${K:=10}" "${M:=3}" "${T:=4}"
: "${MORE:=21000}" "${MORE_K:=5}"
: "${FRESH:=20000}" "${FRESH_K:=3}" # for the last training: further questions, with fewer answers each
: "${TEMPERATURE:=1}" "${MAX_TOKENS:=200}"
: "${SPLIT:=0.9,0.1,0}"
# The solver: the generator, trained until it seldom makes a mistake. The tokens that it
# expects are mostly right.
: "${CHAT:=48000}" "${JUDGED:=32000}" # conversations, and solutions quoted in prompts of a confidence model
: "${SOLVER:=--epochs 1 --batch 64 --lr 1.5e-3 --prompt-loss 1 --remember 1}"
# The confidence models. The paper's learning rate (1e-4) and beta2 (0.5) are for models
# of 7 to 8 billion parameters. A small model does not notice mistakes in an answer by
# itself. So it gets layers on top of the solver's, and losses that make it notice them.
: "${ANSWERS:=2}" # answers to each question that the training data has, with their earlier states
: "${IFT:=--epochs 1 --batch 64 --lr 3e-3 --beta2 0.95 --dev-limit 1000 --limit 160000 --grow 3 --freeze --surprise 5}"
: "${FURTHER:=--epochs 1 --batch 64 --lr 1.5e-3 --warmup 100 --beta2 0.95 --dev-limit 1000 --grown 3 --freeze --surprise 5}"
: "${UNTIL:=180000}" "${LAST:=100000}" # training data of FURTHER: the last LAST of the first UNTIL lines
: "${FRESH_ANSWERS:=1}"                # answers to each of the FRESH questions, for the last training
: "${VALUE:=--epochs 1 --batch 32 --lr 2e-3 --beta2 0.95 --dev-limit 1000 --limit 30000 --lora-rank 8}"
: "${PLAIN:=--epochs 1 --batch 32 --lr 1e-3 --beta2 0.95 --dev-limit 1000 --limit 30000}"
: "${HEAD:=--epochs 2 --batch 32 --lr 2e-3 --beta2 0.95 --lora-rank 8}" # of P(IK)
: "${WEIGHTS:=}"

. "$root/host/train/steps.sh"
prepare

step "$out/corpus.jsonl" "$CORPUS conversations" \
	"$finece" train corpus --seed "$seed" -n "$CORPUS" -o "$out/corpus.jsonl"
step "$out/prompts.jsonl" "prompts for the tokenizer" \
	"$finece" train corpus --seed "$seed" --prompts -n 3000 -o "$out/prompts.jsonl"
step "$out/tokenizer/tokenizer.json" "tokenizer" \
	"$finece" train tokenizer --corpus "$out/corpus.jsonl" "$out/prompts.jsonl" --limit 3000 --vocab "$VOCAB" --out "$out/tokenizer"
# shellcheck disable=SC2086 # settings of several words
trained "$out/generator" "generator" \
	base --corpus "$out/corpus.jsonl" --tokenizer "$out/tokenizer" --stop "$STOP" $SCRATCH

step "$out/all.jsonl" "$((QUESTIONS + MORE + FRESH)) questions" \
	"$finece" train problems --pool confidence --seed "$seed" -n "$((QUESTIONS + MORE + FRESH))" -o "$out/all.jsonl"
head -n "$QUESTIONS" "$out/all.jsonl" >"$out/questions.jsonl"
head -n "$((QUESTIONS + MORE))" "$out/all.jsonl" | tail -n "$MORE" >"$out/more.jsonl"
tail -n "$FRESH" "$out/all.jsonl" >"$out/fresh.jsonl"

# labels QUESTIONS STATES FLAGS... writes the states of questions.
labels() {
	local of=$1 to=$2
	shift 2
	serve "generator=$out/generator/best"
	"$finece" construct --server "$url" --model generator --grader number --prompt '{question}' --requests 16 \
		--temperature "$TEMPERATURE" --max-tokens "$MAX_TOKENS" --seed "$seed" --pool "$@" -o "$to" "$of"
	unserve
	touch "$to.done"
}
step "$out/states.jsonl.done" "labels: $K(1+$M*$T) completions of each of $QUESTIONS questions" \
	labels "$out/questions.jsonl" "$out/states.jsonl" --k "$K" --m "$M" --T "$T" --split "$SPLIT"
step "$out/more-states.jsonl.done" "labels: $MORE_K answers to each of $MORE more" \
	labels "$out/more.jsonl" "$out/more-states.jsonl" --k "$MORE_K" --T 0
step "$out/fresh-states.jsonl.done" "labels: $FRESH_K answers to each of $FRESH fresh ones" \
	labels "$out/fresh.jsonl" "$out/fresh-states.jsonl" --k "$FRESH_K" --T 0

# of FILE "NAME..." COMMAND... writes FILE with a command of finece train, from the states of these names.
of() {
	local to=$1 name
	(for name in $2; do cat "$out/$name.jsonl"; done) | "$finece" train "${@:3}" -o "$to" -
}
for split in train dev; do
	step "$out/$split.jsonl" "training data: $split" \
		of "$out/$split.jsonl" "states more-states" export --split "$split" --answers "$ANSWERS"
	step "$out/$split-questions.jsonl" "training data: $split, questions alone" \
		of "$out/$split-questions.jsonl" "states more-states fresh-states" export --split "$split" --question-only
done
step "$out/fresh-train.jsonl" "training data: fresh" \
	of "$out/fresh-train.jsonl" fresh-states export --split train --answers "$FRESH_ANSWERS"

step "$out/solver-chat.jsonl" "$CHAT further conversations" \
	"$finece" train corpus --seed "$((seed + 1))" -n "$CHAT" -o "$out/solver-chat.jsonl"
step "$out/solver-judged.jsonl" "$JUDGED further solutions" \
	"$finece" train corpus --seed "$((seed + 1))" --prompts -n "$JUDGED" -o "$out/solver-judged.jsonl"
# shellcheck disable=SC2086
{
	trained "$out/solver" "solver" \
		base --model "$out/generator/best" --corpus "$out/solver-chat.jsonl" "$out/solver-judged.jsonl" $SOLVER
	trained "$out/noticing" "confidence model: instruction fine-tuning" \
		ift --model "$out/solver/best" --data "$out/train.jsonl" --dev "$out/dev.jsonl" $IFT
	head -n "$UNTIL" "$out/train.jsonl" | tail -n "$LAST" >"$out/again.jsonl"
	trained "$out/further" "confidence model: further" \
		ift --model "$out/noticing/best" --data "$out/again.jsonl" --dev "$out/dev.jsonl" $FURTHER
	trained "$out/confidence" "confidence model: further, fresh questions" \
		ift --model "$out/further/best" --data "$out/fresh-train.jsonl" --dev "$out/dev.jsonl" $FURTHER
	trained "$out/plain" "confidence model: without reference solutions" \
		ift --model "$out/generator/best" --data "$out/train.jsonl" --dev "$out/dev.jsonl" $PLAIN
	trained "$out/value" "confidence model: value head" \
		value --model "$out/generator/best" --data "$out/train.jsonl" --dev "$out/dev.jsonl" $VALUE
	trained "$out/pik" "head of P(IK)" \
		value --model "$out/generator/best" --data "$out/train-questions.jsonl" --dev "$out/dev-questions.jsonl" $HEAD
}
step "$out/suc.json" "clusters of SuC" of "$out/suc.json" "states more-states fresh-states" suc

if [ -n "$WEIGHTS" ]; then
	for name in generator confidence plain value pik; do
		say "weights: $WEIGHTS/$name"
		find "${WEIGHTS:?}/$name" -type f ! -name card.json -delete 2>/dev/null || true # a person writes the card
		mkdir -p "$WEIGHTS/$name"
		files=(config.json generation_config.json model.safetensors tokenizer.json tokenizer_config.json chat_template.jinja)
		if [ -e "$out/$name/best/adapter_config.json" ]; then
			files=(adapter_config.json adapter_model.safetensors)
		fi
		for file in "${files[@]}"; do
			install -m 644 "$out/$name/best/$file" "$WEIGHTS/$name/"
		done
		if [ -e "$WEIGHTS/$name/adapter_config.json" ]; then
			# PEFT looks here for the base of an adapter.
			sed -i 's|"base_model_name_or_path": ".*"|"base_model_name_or_path": "../generator"|' "$WEIGHTS/$name/adapter_config.json"
		fi
	done
	cp "$out/suc.json" "$WEIGHTS/suc.json"
fi
say "done: $out"
