"""Writes questions and their solutions as conversations, for finece train base.

    corpus.py FILE... > CORPUS
"""

import json
import sys


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as f:
            for line in f:
                q = json.loads(line)
                messages = [{"role": "user", "content": q["question"]}, {"role": "assistant", "content": q["solution"]}]
                print(json.dumps({"messages": messages}, ensure_ascii=False))


if __name__ == "__main__":
    main()
