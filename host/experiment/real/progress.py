"""Prints the progress of a training and how many minutes are left.

    COMMAND | progress.py WHAT

COMMAND is the trainer; it reports each step as a JSON object on a line. The time left is the
number of remaining steps times their mean duration since the training was started or resumed.
"""

import json
import sys
import time

what = sys.argv[1]
start, first = time.monotonic(), None
for line in sys.stdin:
    try:
        report = json.loads(line)
    except json.JSONDecodeError:
        report = {}
    if "step" not in report:
        sys.stderr.write(line)
        continue
    step, of = report["step"], report["of"]
    if first is None:
        start, first = time.monotonic(), step
    left = ""
    if step > first:
        left = f", {(time.monotonic() - start) / (step - first) * (of - step) / 60:.0f} min left"
    print(f"{time.strftime('%H:%M:%S')} {what}: {step} of {of}, loss {report['loss']}{left}", file=sys.stderr, flush=True)
