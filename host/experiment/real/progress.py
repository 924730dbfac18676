"""Prints the progress of a long step and how many minutes are left.

    COMMAND | progress.py steps WHAT      reads the trainer's reports, one JSON object per line
    progress.py questions WHAT FILE N     watches finece construct's output until it is stopped

The time left is the number of remaining steps times their mean duration since the step was
started or resumed.
"""

import json
import os
import sys
import time

EVERY = 60  # seconds


def tell(what, done, of, first, start, more=""):
    left = ""
    if done > first:
        left = f", {(time.monotonic() - start) / (done - first) * (of - done) / 60:.0f} min left"
    print(f"{time.strftime('%H:%M:%S')} {what}: {done} of {of}{more}{left}", file=sys.stderr, flush=True)


def steps(what):
    start, first = time.monotonic(), None
    for line in sys.stdin:
        try:
            report = json.loads(line)
        except json.JSONDecodeError:
            report = {}
        if "step" not in report:
            sys.stderr.write(line)
            continue
        if first is None:
            start, first = time.monotonic(), report["step"]
        tell(what, report["step"], report["of"], first, start, f", loss {report['loss']}")


def done_in(path):
    """The number of questions in a file of states: each question has one last state."""
    if not os.path.exists(path):
        return 0
    count = 0
    with open(path, encoding="utf-8") as f:
        for line in f:
            try:
                state = json.loads(line)
            except json.JSONDecodeError:
                continue  # the line that is being written
            count += state["state"] + 1 == state["states"]
    return count


def questions(what, path, of):
    start, first, parent = time.monotonic(), done_in(path), os.getppid()
    while True:
        time.sleep(EVERY)
        if os.getppid() != parent:
            return  # the script that started it was killed
        tell(what, done_in(path), of, first, start)


def main():
    if sys.argv[1] == "steps":
        steps(sys.argv[2])
    else:
        questions(sys.argv[2], sys.argv[3], int(sys.argv[4]))


if __name__ == "__main__":
    main()
