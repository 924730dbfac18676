"""Keeps the word problems that a model of 135 million parameters can learn to answer.

    finece train problems ... | problems.py NUMBER > FILE

Reads the problems that finece train problems writes. Writes the first NUMBER of those
that have at most three steps and no number over 100.
"""

import json
import re
import sys

STEPS, LARGEST = 3, 100


def fits(problem):
    """Whether a problem is short enough and its numbers are small enough."""
    steps = problem["solution"].split("\n\n")[:-1]
    numbers = re.findall(r"\d+", problem["question"] + problem["solution"])
    return len(steps) <= STEPS and all(int(n) <= LARGEST for n in numbers)


def main():
    wanted = int(sys.argv[1])
    for line in sys.stdin:
        if wanted and fits(json.loads(line)):
            sys.stdout.write(line)
            wanted -= 1
    if wanted:
        sys.exit(f"problems.py: {wanted} problems are missing: give finece train problems a larger -n")


if __name__ == "__main__":
    main()
