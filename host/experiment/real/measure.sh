# What real.sh and eval.sh have in common, to be sourced: the command of the tables.

: "${NUMBER:=500}" "${SAMPLES:=10}" "${LABELS:=0}" # questions of each file, samples of the baselines, continuations of a state
: "${REQUESTS:=4}" # at once

# measure FOLDER GENERATOR CONFIDENCE CONFIDENCE-2 writes the tables to FOLDER/results. The
# servers are asked for what FOLDER/results/replies.jsonl does not have.
measure() {
	local out=$1
	"$finece" experiment -o "$out/results" --server "$2" --model generator --api trailing --grader alias --max-tokens 160 \
		--questions "cities=$out/cities/test.jsonl" --questions "shifted=$out/cities/shifted.jsonl" --questions "problems=$out/test-problems.jsonl" \
		--number "$NUMBER" --confidence "FineCE=chat:confidence@$3" --confidence "FineCE-2=chat:confidence-2@$4" \
		--states "$out/labels.jsonl" --samples "$SAMPLES" --labels "$LABELS" --depth 2 --width 2 --requests "$REQUESTS" --seed "$seed" \
		--about "A generator made of SmolLM2-135M-Instruct answers city questions and word problems. FineCE is an adapter of it, FineCE-2 the same with another seed. make real-eval makes the tables again from what is committed."
}
