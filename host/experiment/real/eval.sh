#!/usr/bin/env bash
# Makes every table of the experiment on a real language model from what is committed in
# data (pack.sh), without a model and without sampling: replies that a server gave are
# read from data/replies.jsonl.gz. Run again, it resumes.
#
#   host/experiment/real/eval.sh [FOLDER]     (make real-eval)
#
# The tables come to FOLDER/results (default build/real-eval), and from there to
# host/experiment/results/real. DATA is another folder that pack.sh wrote; RESULTS is
# another place for the tables.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
here=$root/host/experiment/real
out=${1:-$root/build/real-eval}
: "${DATA:=$here/data}" "${RESULTS:=$root/host/experiment/results/real}"
seed=1

: "${PYTHON:=python3}" # with nothing installed
. "$here/measure.sh"

say() { echo "$(date +%H:%M:%S) $*" >&2; }

if [ ! -e "$DATA/replies.jsonl.gz" ]; then
	echo "$DATA has no replies.jsonl.gz: make real, then make real-pack" >&2
	exit 1
fi
# unpacked NAME unpacks a file of data, unless that is done and as new.
unpacked() {
	if [ ! -e "$2" ] || [ "$DATA/$1.gz" -nt "$2" ]; then
		gzip -dc "$DATA/$1.gz" >"$2.part"
		mv "$2.part" "$2"
	fi
}
mkdir -p "$out/results" "$out/cities"
finece=$out/finece
say "building finece"
(cd "$root" && "${GO:-go}" build -o "$finece" ./host/cmd/finece)
cp "$DATA"/cities/{test,shifted}.jsonl "$out/cities/"
cp "$DATA/test-problems.jsonl" "$out/"
unpacked labels.jsonl "$out/labels.jsonl"
unpacked replies.jsonl "$out/results/replies.jsonl"

# No server listens there: a reply that is missing is an error.
none=http://127.0.0.1:1/v1
say "tables"
measure "$out" "$none" "$none" "$none"
for name in labels noise; do
	if [ -e "$DATA/$name.jsonl.gz" ]; then
		say "table of $name"
		"$PYTHON" "$here/summary.py" "$DATA/$name.jsonl.gz" >"$out/results/${name^^}.md"
	fi
done
mkdir -p "$RESULTS"
cp "$out"/results/*.md "$out"/results/*.svg "$RESULTS/"
say "done: $RESULTS/RESULTS.md"
