"""Serves a GGUF file with llama.cpp's server (package xllamacpp). It ends when it is
stopped, or when the program that started it ends.

    serve.py FILE [--slots N] [--context TOKENS] [--threads N] [--poll N]

The server samples without llama.cpp's usual limits (top-k 40, top-p 0.95, min-p 0.05). The
first line on standard output is the base URL, such as http://127.0.0.1:45678/v1.
"""

import argparse
import os
import signal
import threading
from pathlib import Path

import xllamacpp


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--slots", type=int, default=32, help="number of sequences at once")
    parser.add_argument("--context", type=int, default=256, help="tokens per sequence")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--poll", type=int, default=50, help="how much CPU time threads use while they wait for each other, 0 to 100; 0 if other programs need the cores")
    args = parser.parse_args()

    params = xllamacpp.CommonParams()
    params.model.path = args.file
    params.model_alias = {Path(args.file).stem}  # the model's name in replies, instead of its path
    params.n_parallel = args.slots
    params.n_ctx = args.slots * args.context
    # Without limits, the log-probabilities are of the distribution that is sampled from.
    params.sampling.top_k, params.sampling.top_p, params.sampling.min_p = 0, 1.0, 0.0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = args.threads
    params.cpuparams.poll = params.cpuparams_batch.poll = args.poll
    params.hostnames, params.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)
    stop = threading.Event()
    for signum in signal.SIGINT, signal.SIGTERM:
        signal.signal(signum, lambda *_: stop.set())
    parent = os.getppid()
    while not stop.wait(1) and os.getppid() == parent:
        pass  # until a signal comes or the script that started this one was killed


if __name__ == "__main__":
    main()
