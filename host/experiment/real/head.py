"""Serves a value head as vLLM's /pooling does. It ends when it is stopped, or when the
program that started it ends.

    head.py FOLDER ADAPTER [--threads N]

FOLDER is a model of transformers. ADAPTER is a LoRA adapter with a value head, made by
finece train value. Requests that arrive at the same time are computed together. The first
line on standard output is the base URL, such as http://127.0.0.1:45678/v1.
"""

import argparse
import json
import os
import queue
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train" / "python"))

import torch
from finece_data import value_tokens
from finece_heldout import logits
from finece_train import pad_of
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

BATCH = 16  # most requests that are computed together


def load(folder, adapter):
    """The model with its head, and the tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, num_labels=1)
    # The head reads the last token that is not padding.
    model.config.pad_token_id = pad_of(tokenizer)
    return PeftModel.from_pretrained(model, adapter).eval(), tokenizer


@torch.no_grad()
def work(model, asked):
    """Computes requests, and never returns. A request is a row of token ids and the queue for its answer."""
    while True:
        batch = [asked.get()]
        while len(batch) < BATCH and not asked.empty():
            batch.append(asked.get())
        try:
            found = logits(model, [row for row, _ in batch], model.config.pad_token_id, BATCH)
        except Exception as e:  # the requests get the error, and the server continues
            found = [e] * len(batch)
        for (_, answer), logit in zip(batch, found):
            answer.put(logit)


def handler(name, tokenizer, asked):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.path.endswith("/pooling") or not isinstance(body.get("input"), str):
                return self.reply(404, {"error": {"message": 'want POST /pooling with a string as "input"'}})
            row, answer = value_tokens(tokenizer, [body["input"]])[0], queue.SimpleQueue()
            asked.put((row, answer))
            logit = answer.get()
            if isinstance(logit, Exception):
                return self.reply(500, {"error": {"message": str(logit)}})
            used = {"prompt_tokens": len(row), "completion_tokens": 0, "total_tokens": len(row)}
            self.reply(200, {"object": "list", "model": name, "data": [{"index": 0, "object": "pooling", "data": [logit]}], "usage": used})

        def reply(self, status, body):
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("adapter")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model, tokenizer = load(args.folder, args.adapter)
    asked = queue.SimpleQueue()
    threading.Thread(target=work, args=(model, asked), daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(Path(args.adapter).name, tokenizer, asked))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    stop = threading.Event()
    for signum in signal.SIGINT, signal.SIGTERM:
        signal.signal(signum, lambda *_: stop.set())
    parent = os.getppid()
    while not stop.wait(1) and os.getppid() == parent:
        pass


if __name__ == "__main__":
    main()
