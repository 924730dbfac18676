"""Says what the labels of finece construct are like, as a table in Markdown.

    summary.py STATES

For each position: states, how many differ from the others of any question in
their text, the mean label, and the shares of labels that are 0, between 0 and 1
in three parts, and 1. STATES may be compressed with gzip.
"""

import collections
import gzip
import json
import sys

import countries


def lines_of(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as f:
        for line in f:
            yield json.loads(line)


def part_of(confidence):
    """Which column of the table a label counts in."""
    if confidence in (0.0, 1.0):
        return str(int(confidence))
    return "low" if confidence < 1 / 3 else "middle" if confidence <= 2 / 3 else "high"


def main():
    by_position, questions, ambiguous = collections.defaultdict(list), set(), 0
    for state in lines_of(sys.argv[1]):
        by_position[state["position"]].append(state)
        questions.add(state["id"])
        if state["position"] == "p(z)":
            ambiguous += state["count"] * (state["text"].rpartition("####")[2].strip() in countries.AMBIGUOUS)
    print(f"{len(questions)} questions, {sum(map(len, by_position.values()))} states; "
          f"{ambiguous} answers name a country by an ambiguous name and count as wrong.\n")
    print("| position | states | texts | mean label | 0 | up to 1/3 | 1/3 to 2/3 | from 2/3 | 1 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for position, states in sorted(by_position.items()):
        weights = [s["count"] if position == "p(z)" else 1 for s in states]
        of = sum(weights)
        mean = sum(s["confidence"] * w for s, w in zip(states, weights)) / of
        shares = collections.Counter()
        for s, w in zip(states, weights):
            shares[part_of(s["confidence"])] += w / of
        columns = " | ".join(f"{100 * shares[name]:.1f}%" for name in ("0", "low", "middle", "high", "1"))
        texts = len({(s["question"], s["text"]) for s in states})
        print(f"| {position} | {len(states)} | {texts} | {100 * mean:.1f}% | {columns} |")


if __name__ == "__main__":
    main()
