"""Copies whole lines of JSON, with log-probabilities rounded to four decimals.

    shorten.py < FILE > SHORTER

A last line that is being written is left out.
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


def main():
    for line in sys.stdin:
        if line.endswith("\n"):
            print(json.dumps(rounded(json.loads(line)), ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
