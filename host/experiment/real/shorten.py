"""Makes the lines of finece construct or finece experiment short enough to commit.

    shorten.py < FILE > SHORTER
    shorten.py --tables < replies.jsonl > SHORTER

States and replies of finece construct: log-probabilities are rounded to four decimals.
Answers to a question alone keep their tokens. Continuations of a partial answer keep only
their text.

Replies of finece experiment (--tables): only what the tables need is kept, and numbers
are rounded to eight digits. Answers that are measured keep the alternatives to each token:
entropy positions are found with them. Samples of the baselines keep the log-probabilities
of their tokens. Continuations for labels and for fusion keep only their text.

A last line without its end, which is still being written, is left out. The commands can
resume from SHORTER as well as from FILE.
"""

import json
import sys


def rounded(value):
    """The value with every "logprob" in it rounded to four decimals."""
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {k: round(v, 4) if k == "logprob" and v is not None else rounded(v) for k, v in value.items()}
    return value


def shortened(line):
    """A line of finece construct, shortened: a state or a reply."""
    if line.get("at"):
        for completion in line["completions"]:
            completion.pop("tokens", None)
    return rounded(line)


# Keys in a server's reply that no table needs.
UNUSED = ("id", "created", "system_fingerprint", "timings", "__verbose", "bytes")


def digits(value):
    """The value without the keys in UNUSED, with floats rounded to eight digits."""
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, list):
        return [digits(v) for v in value]
    if isinstance(value, dict):
        return {k: digits(v) for k, v in value.items() if k not in UNUSED}
    return value


def of_tables(line):
    """A reply of finece experiment, shortened."""
    at = line.get("at", "")
    for completion in line.get("completions", []):
        if at.startswith(("label ", "tree ")):
            completion.pop("tokens", None)
        elif at:
            for token in completion.get("tokens") or []:
                token.pop("top_logprobs", None)
    for name in ("body", "reply"):
        if isinstance(line.get(name), dict):
            line[name] = digits(line[name])
    if "completions" in line:
        line["completions"] = digits(line["completions"])
    if "tokens" in line:
        line["tokens"] = digits(line["tokens"])
    return line


def main():
    shorter = of_tables if "--tables" in sys.argv[1:] else shortened
    for line in sys.stdin:
        if line.endswith("\n"):
            print(json.dumps(shorter(json.loads(line)), ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
