# What real.sh and eval.sh have in common, to be sourced: the command of the tables.

: "${NUMBER:=500}" "${SAMPLES:=10}" "${LABELS:=0}" # questions of each file, samples of the baselines, continuations of a state
: "${REQUESTS:=4}" # requests in flight at once

# The trained models: the name of the row in the tables, and ADAPTER:FOLDER of the model.
trained=("FineCE=chat:confidence" "FineCE-2=chat:confidence-2" "FineCE (value head)=pooling:value" "p(ik)=pooling:pik")

# The test questions: the domain, and its file in the folder.
domains=("cities=cities/test.jsonl" "shifted=cities/shifted.jsonl" "problems=test-problems.jsonl")

# measure FOLDER GENERATOR NUMBER MODEL... writes the tables of the first NUMBER domains to
# FOLDER/results. GENERATOR is the base URL of its server, and MODEL a line of trained with @
# and the base URL of its server. The servers are asked for what FOLDER/results/replies.jsonl
# does not have.
measure() {
	local out=$1 generator=$2 questions=() models=() row model served
	for row in "${domains[@]:0:$3}"; do
		questions+=(--questions "${row%%=*}=$out/${row#*=}")
	done
	shift 3
	for row in "${trained[@]}"; do
		served=
		for model in "$@"; do
			[[ $model != "$row@"* ]] || served=$model
		done
		case $served in
		"") models+=(--unavailable "${row%%=*}=not trained yet") ;;
		"p(ik)="*) models+=(--head "${served#*=}") ;;
		*) models+=(--confidence "$served") ;;
		esac
	done
	"$finece" experiment -o "$out/results" --server "$generator" --model generator --api trailing --grader alias --max-tokens 160 \
		"${questions[@]}" --number "$NUMBER" --seen-questions "$out/cities/label.jsonl" --states "$out/labels.jsonl" "${models[@]}" \
		--unavailable "judge of another family=no package registry has a second model that follows instructions" \
		--samples "$SAMPLES" --labels "$LABELS" --depth 2 --width 2 --every 10 --entropy-threshold 0.1 --entropies 0.5 --requests "$REQUESTS" --seed "$seed" \
		--about "A generator made of SmolLM2-135M-Instruct answers city questions and word problems. FineCE is an adapter of it that learnt from labels of city questions alone, without reference solutions; FineCE-2 is the same with another seed and 16-bit products. make real-eval makes the tables again."
}
