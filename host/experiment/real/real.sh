#!/usr/bin/env bash
# The experiment on a real language model, from packages to tables: SmolLM2-135M-Instruct
# learns to answer city questions and word problems, finece construct labels its
# answers by Algorithm 1, and confidence models learn from the labels. README.md says what
# each step does and how long it took.
#
#   host/experiment/real/real.sh [FOLDER]     (make real)
#
# Each step is skipped when its result is in FOLDER (default build/real). A step that
# was killed resumes when the same command is run again. What is committed in data is
# copied to FOLDER first, where FOLDER has none: another machine resumes from there.
# PYTHON is an interpreter with the packages of env.sh.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
here=$root/host/experiment/real
out=${1:-$root/build/real}
seed=1

# The generator.
: "${PROBLEMS:=2000}"      # word problems to learn from, beside the cities
: "${TEST_PROBLEMS:=300}"  # word problems to evaluate on
: "${RANK:=8}"             # of the generator's LoRA matrices
: "${BASE:=--epochs 1 --batch 8 --lr 7e-4 --beta2 0.99 --warmup 20 --context 256 --save-every 10 --log-every 1 --no-bf16}"
# The labels: k(1+mT) completions of each question.
: "${QUESTIONS:=1000}"
: "${K:=10}" "${M:=3}" "${T:=2}"
: "${NOISE:=150}" "${NOISE_K:=30}" # questions that are labelled again, with more completions
: "${ANSWERS_K:=2}"               # answers to each question that have alternatives to each token
: "${SPLIT:=0.9,0.1,0}"
# The confidence models: about 6,000 states.
: "${ANSWERS:=2}" # answers to each question that the training data has, with their earlier states
: "${IFT:=--epochs 1 --batch 8 --lr 5e-4 --beta2 0.95 --context 384 --dev-limit 200 --save-every 10 --log-every 1}"
: "${PIK:=--epochs 3 --batch 8 --lr 5e-4 --beta2 0.95 --context 384 --dev-limit 200 --save-every 10 --log-every 1}"
# The server. n completions of a prefix take n slots. Where other programs need the
# cores, one thread was seven times as quick as two, which wait for each other.
: "${SLOTS:=40}" "${CONTEXT:=256}" "${THREADS:=$(nproc)}"
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive} # threads of the trainer that wait use no core

. "$root/host/train/steps.sh"
. "$here/measure.sh"
prepare
export PYTHONTZPATH= # time zones are those of the package tzdata

# The chat template is written out: a partial answer is then continued exactly, whatever
# the template does to a last message. llama.cpp gives log-probabilities of completions
# where at least one alternative is asked for.
sampling=(--api completions --model smollm2-cities --temperature 1 --max-tokens 48 --grader alias --logprobs --top-logprobs 1
	--prompt $'<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n')

# serving NAME PROGRAM ARGUMENTS... starts a server, which writes its base URL, and sets url.
# stop_servers stops all that were started.
servers=()
serving() {
	local said name=$1
	shift
	said=$(mktemp)
	"$PYTHON" "$@" >"$said" 2>"$out/$name.log" &
	servers+=($!)
	trap stop_servers EXIT
	until url=$(head -n 1 "$said") && [ -n "$url" ]; do
		kill -0 $! 2>/dev/null || { tail "$out/$name.log" >&2; echo "the server of $name has ended" >&2; exit 1; }
		sleep 0.1
	done
	rm -f "$said"
}
serve_gguf() { serving "$1" "$here/serve.py" "$out/$1.gguf" --slots "$SLOTS" --context "$CONTEXT" --threads "$THREADS" --poll 0; }
serve_head() { serving "$1" "$here/head.py" "$out/merged" "$out/$1" --threads "$THREADS"; }

stop_servers() {
	kill "${servers[@]}" 2>/dev/null || true
	wait "${servers[@]}" || true
	servers=()
	trap - EXIT
}

# constructed TO WHAT QUESTIONS FLAGS... writes the states of a file of questions.
constructed() {
	local to=$1 what=$2 from=$3
	shift 3
	construct() {
		serve_gguf generator
		"$finece" construct --server "$url" --requests "$REQUESTS" "${sampling[@]}" "$@" -o "$to" "$from"
		stop_servers
		touch "$to.done"
	}
	step "$to.done" "$what" construct "$@"
}

# 0. What is committed (pack.sh).
mkdir -p "$out/results"
for file in "$here"/data/*; do
	name=$(basename "$file" .gz)
	case $name in
	replies.jsonl | measured) name=results/$name ;; # of the tables
	esac
	if [ -e "$out/$name" ] || [ "$name" = NOTICE ]; then
		continue
	fi
	say "$name: from data"
	case $file in
	*.gz) gzip -dc "$file" >"$out/$name.part" ;;
	*) cp -r "$file" "$out/$name.part" ;;
	esac
	mv "$out/$name.part" "$out/$name"
done

# 1. The model and the questions.
base() {
	"$PYTHON" "$here/model.py" folder "$out/base.part"
	mv "$out/base.part" "$out/base"
}
step "$out/base" "the packaged model as a folder" base
cities() {
	"$PYTHON" "$here/cities.py" "$out/cities.part"
	mv "$out/cities.part" "$out/cities"
}
step "$out/cities" "city questions" cities
# problems TO POOL NUMBER writes small word problems of a pool.
problems() {
	"$finece" train problems --pool "$2" --seed "$seed" -n $((40 * $3)) | "$PYTHON" "$here/problems.py" "$3" >"$1.part"
	mv "$1.part" "$1"
}
step "$out/test-problems.jsonl" "$TEST_PROBLEMS word problems to evaluate on" problems "$out/test-problems.jsonl" test "$TEST_PROBLEMS"

# 2. The generator.
tune() {
	step "$out/problems.jsonl" "$PROBLEMS word problems" problems "$out/problems.jsonl" corpus "$PROBLEMS"
	"$PYTHON" "$here/corpus.py" "$out/cities/train.jsonl" "$out/problems.jsonl" >"$out/corpus.jsonl"
	# shellcheck disable=SC2086 # settings of several words
	"$finece" train base --model "$out/base" --corpus "$out/corpus.jsonl" --lora-rank "$RANK" $BASE \
		--processes 1 --seed "$seed" --out "$out/tuned" | "$PYTHON" "$here/progress.py" generator
	"$PYTHON" "$here/model.py" half "$out/tuned/best" "$out/generator.part"
	mv "$out/generator.part" "$out/generator"
}
step "$out/generator" "generator" tune
step "$out/generator.gguf" "generator as GGUF" \
	"$PYTHON" "$here/model.py" gguf "$out/base" "$out/generator.gguf" --adapter "$out/generator"

# 3. The labels.
head -n "$QUESTIONS" "$out/cities/label.jsonl" >"$out/questions.jsonl"
constructed "$out/labels.jsonl" "labels, k=$K" "$out/questions.jsonl" \
	--seed "$seed" --k "$K" --m "$M" --T "$T" --split "$SPLIT"
# Answers with alternatives to each token, for estimators that go by log-probabilities.
constructed "$out/answers.jsonl" "answers with alternatives" "$out/questions.jsonl" \
	--seed $((seed + 2)) --k "$ANSWERS_K" --T 0 --top-logprobs 5

# 4. The confidence models, each an adapter of the generator, and their tables.
merged() {
	"$PYTHON" "$here/model.py" merge "$out/base" "$out/generator" "$out/merged.part"
	mv "$out/merged.part" "$out/merged"
}
step "$out/merged" "generator as a folder" merged
# The same replies, with each prefix of an answer as a state: no server is asked.
pooled() {
	"$finece" construct --server http://127.0.0.1:1/v1 "${sampling[@]}" --seed "$seed" --k "$K" --m "$M" --T "$T" --split "$SPLIT" \
		--pool --samples "$out/labels.jsonl.samples" -o "$out/pooled.jsonl" "$out/questions.jsonl"
	touch "$out/pooled.jsonl.done"
}
step "$out/pooled.jsonl.done" "states of all prefixes" pooled
for split in train dev; do
	step "$out/$split.jsonl" "training data: $split" \
		"$finece" train export --split "$split" --answers "$ANSWERS" -o "$out/$split.jsonl" "$out/pooled.jsonl"
	step "$out/$split-questions.jsonl" "training data: $split, questions alone" \
		"$finece" train export --split "$split" --question-only -o "$out/$split-questions.jsonl" "$out/pooled.jsonl"
done
# served FOLDER serves a trained model by its adapter (chat or pooling) and sets url.
served() {
	case $1 in
	chat:*)
		step "$out/${1#*:}.gguf" "${1#*:} as GGUF" \
			"$PYTHON" "$here/model.py" gguf "$out/merged" "$out/${1#*:}.gguf" --adapter "$out/${1#*:}"
		serve_gguf "${1#*:}"
		;;
	pooling:*) serve_head "${1#*:}" ;;
	esac
}
# tables LAST makes the tables of all models that are trained, one domain after the other.
# LAST is the newest model. The servers are asked only for replies that are not in
# results/replies.jsonl. results/measured says what the tables contain: the number of domains,
# and the lines of measure.sh's trained.
tables() {
	measured() {
		local CONTEXT=512 generator models=() number row
		serve_gguf generator
		generator=$url
		for row in "${trained[@]}"; do
			if [ -e "$out/${row##*:}" ]; then
				served "${row#*=}"
				models+=("$row@$url")
			fi
		done
		number=$(head -n 1 "$out/results/measured" 2>/dev/null || echo 1)
		for (( ; number <= ${#domains[@]}; number++)); do
			measure "$out" "$generator" "$number" "${models[@]}"
			printf '%s\n' "$number" "${models[@]%@*}" >"$out/results/measured.part"
			mv "$out/results/measured.part" "$out/results/measured"
		done
		stop_servers
		touch "$out/results/$1.done"
	}
	step "$out/results/$1.done" "tables with $1" measured "$1"
}
# confidence NAME SEED COMMAND DATA DEV FLAGS... trains an adapter of the generator.
confidence() {
	local name=$1 with=$2 command=$3 data=$4 dev=$5
	shift 5
	learn() {
		"$finece" train "$command" --model "$out/merged" --data "$out/$data.jsonl" --dev "$out/$dev.jsonl" --lora-rank "$RANK" \
			"$@" --processes 1 --seed "$with" --out "$out/trained-$name" | "$PYTHON" "$here/progress.py" "$name"
		"$PYTHON" "$here/model.py" half "$out/trained-$name/best" "$out/$name.part"
		mv "$out/$name.part" "$out/$name"
	}
	step "$out/$name" "confidence model: $name" learn "$@"
}
# shellcheck disable=SC2086
{
	confidence confidence "$seed" ift train dev $IFT
	tables confidence
	confidence pik "$seed" value train-questions dev-questions $PIK # the quickest
	tables pik
	confidence confidence-2 $((seed + 1)) ift train dev $IFT
	confidence value "$seed" value train dev $IFT
	tables value
}

# 5. The noise of the labels, which nothing else waits for.
head -n "$NOISE" "$out/questions.jsonl" >"$out/noise-questions.jsonl"
constructed "$out/noise.jsonl" "labels, k=$NOISE_K" "$out/noise-questions.jsonl" \
	--seed $((seed + 1)) --k "$NOISE_K" --m "$M" --T "$T"
say "done: $out"
