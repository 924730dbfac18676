"""Makes the lines of finece construct, states or replies, short enough to commit.

    shorten.py < FILE > SHORTER

Log-probabilities are rounded to four decimals. Replies keep their tokens where they are
answers to a question; those to a partial answer keep their text. A last line that is
being written is left out. finece construct resumes from the result as from FILE.
"""

import json
import sys


def rounded(value):
    """The value with every "logprob" in it rounded."""
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {k: round(v, 4) if k == "logprob" and v is not None else rounded(v) for k, v in value.items()}
    return value


def shortened(line):
    """A line of states or of replies."""
    if line.get("at"):
        for completion in line["completions"]:
            completion.pop("tokens", None)
    return rounded(line)


def main():
    for line in sys.stdin:
        if line.endswith("\n"):
            print(json.dumps(shortened(json.loads(line)), ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
