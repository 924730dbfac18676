"""Summarises the labels of finece construct as a table in Markdown.

    summary.py STATES          a table by position
    summary.py STATES OTHERS   a table of the states that are in both files

With one file, the table has for each position: the number of states, the number of
different texts, the mean label, and the shares of labels that are 0, between 0 and 1
(in three parts), and 1. With two files, it has the difference between the two labels of
a state, and the difference that chance alone would give. A file may be compressed with
gzip.
"""

import collections
import gzip
import json
import math
import sys

import countries


def lines_of(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as f:
        for line in f:
            yield json.loads(line)


def part_of(confidence):
    """The column of the table that a label is counted in."""
    if confidence in (0.0, 1.0):
        return str(int(confidence))
    return "low" if confidence < 1 / 3 else "middle" if confidence <= 2 / 3 else "high"


def labels_of(path):
    """The numbers of right and of all continuations, by position, question and text."""
    sums = collections.defaultdict(lambda: [0, 0])
    for state in lines_of(path):
        if state["position"] != "p(z)":
            of = sums[state["position"], state["id"], state["text"]]
            of[0] += state["k"]
            of[1] += state["N"]
    return sums


def compare(one, other):
    """Prints the root mean square of the difference of two labels, and the value that it
    would have if both labels were drawn with the same probability."""
    first, second = labels_of(one), labels_of(other)
    by_position = collections.defaultdict(list)
    for key in sorted(first.keys() & second.keys()):
        (k, n), (l, m) = first[key], second[key]
        p = (k + l) / (n + m)
        # p(1-p) of the pooled share is too low by the factor 1 - 1/(n+m).
        chance = p * (1 - p) * (n + m) / (n + m - 1) * (1 / n + 1 / m)
        by_position[key[0]].append(((k / n - l / m) ** 2, chance))
    print("\nStates that were labelled twice, with different seeds. The columns are the root mean "
          "square of the difference between the two labels, in points, and the value that chance alone would give:\n")
    print("| position | states | difference of the labels | by chance |")
    print("| --- | ---: | ---: | ---: |")
    for position, pairs in sorted(by_position.items()):
        seen, chance = (100 * math.sqrt(sum(column) / len(pairs)) for column in zip(*pairs))
        print(f"| {position} | {len(pairs)} | {seen:.1f} | {chance:.1f} |")


def main():
    if len(sys.argv) > 2:
        compare(*sys.argv[1:])
        return
    by_position, questions, ambiguous = collections.defaultdict(list), set(), 0
    for state in lines_of(sys.argv[1]):
        by_position[state["position"]].append(state)
        questions.add(state["id"])
        if state["position"] == "p(z)":
            ambiguous += state["count"] * (state["text"].rpartition("####")[2].strip() in countries.AMBIGUOUS)
    print(f"{len(questions)} questions, {sum(map(len, by_position.values()))} states; "
          f"{ambiguous} answers name a country by an ambiguous name and count as wrong. "
          "The last five columns are the shares of labels that are 0, in between, or 1.\n")
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
