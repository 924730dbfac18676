"""Evaluates held-out states after each epoch: the model is asked as it is in use, and `finece eval` computes the figures."""

import csv
import json
import math
import os
import shutil
import subprocess
from pathlib import Path

import torch
from transformers import GenerationConfig, TrainerCallback

from finece_data import label_of, rounded

ALTERNATIVES = 20  # to each token, as wasm/estimate asks for
MOST_TOKENS = 16  # of a reply, as wasm/estimate asks for


class HeldOut(TrainerCallback):
    """Reports ECE, AUROC and Brier score of the held-out states after each epoch, and keeps the model of the best epoch.

    The reports are in heldout.jsonl. An epoch with a report is not evaluated again. The model's folder also gets a
    card, which says what the model was trained on and has the figures of its epoch."""

    def __init__(self, confidences, lines, out, finece, save, card):
        self.confidences, self.lines, self.out, self.finece, self.save = confidences, lines, Path(out), finece, save
        self.card = card
        self.reports = []

    def on_train_begin(self, args, state, control, model=None, **_):
        """Reads the reports of the epochs before the checkpoint that the training resumes from."""
        done = round(state.epoch or 0) if state.global_step else 0
        whole = state.global_step and abs(state.epoch - done) < 1e-9
        try:
            text = (self.out / "heldout.jsonl").read_text(encoding="utf-8")
            self.reports = [json.loads(line) for line in text.splitlines()]
        except FileNotFoundError:
            self.reports = []
        self.reports = [r for r in self.reports if r["epoch"] <= (done if whole else math.floor(state.epoch or 0))]
        best, old = self.out / "best", self.out / "best.old"
        if not best.is_dir() and old.is_dir():  # killed between the two renames of on_epoch_end
            old.rename(best)
        if whole and done not in [r["epoch"] for r in self.reports]:  # killed between the checkpoint and the report
            self.on_epoch_end(args, state, control, model)

    def on_epoch_end(self, args, state, control, model=None, **_):
        epoch = round(state.epoch)
        report = {"epoch": epoch} | evaluate(self.confidences(model), self.lines, self.out / f"heldout-{epoch}.csv", self.finece)
        report["best"] = all(no_worse(report, r) for r in self.reports if r["best"])
        if report["best"]:
            best, old, part = self.out / "best", self.out / "best.old", self.out / "best.part"
            for left in old, part:
                shutil.rmtree(left, ignore_errors=True)
            self.save(model, part)
            figures = {name: report[name] for name in ("ece", "auroc", "brier") if report[name] is not None}
            (part / "card.json").write_text(json.dumps(self.card | {"figures": figures}, indent=2) + "\n", encoding="utf-8")
            if best.is_dir():
                best.rename(old)
            part.rename(best)
            shutil.rmtree(old, ignore_errors=True)
        self.reports.append(report)
        part = self.out / "heldout.jsonl.part"
        part.write_text("".join(json.dumps(r) + "\n" for r in self.reports), encoding="utf-8")
        os.replace(part, self.out / "heldout.jsonl")
        print(json.dumps(report), flush=True)


def no_worse(a, b):
    """Whether the model of report a is no worse than that of report b: its Brier score is not higher. A state without a
    confidence counts like a confidence of 0.5."""
    score = lambda r: ((r["brier"] or 0) * r["states"] + 0.25 * r["unavailable"]) / (r["states"] + r["unavailable"])
    return score(a) <= score(b)


def evaluate(readings, lines, path, finece):
    """The report of `finece eval` on readings. Each reading is {"confidence"} or {"error"}. A label of k out of N gives N pairs."""
    known = []
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(["confidence", "correct", "state"])
        for i, (reading, line) in enumerate(zip(readings, lines, strict=True)):
            if "confidence" not in reading:
                continue
            known.append(reading)
            _, k, n = label_of(line)
            out.writerows([[f"{reading['confidence']:.6f}", int(j < k), i] for j in range(n)])
    report = {"states": len(known), "unavailable": len(lines) - len(known), "ece": None, "auroc": None, "brier": None}
    if not known:
        return report | {"error": readings[0]["error"]}
    run = subprocess.run([finece, "eval", "--format", "json", "--resamples", "1", str(path)], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{finece} eval: {run.stderr.strip()}")
    found = json.loads(run.stdout)
    report |= {name: found[name] for name in ("ece", "auroc", "brier")}
    masses = [r["mass"] for r in known if "mass" in r]
    if masses:
        report["mass"] = round(sum(masses) / len(masses), 4)
    return report


def values(model, rows, pad, batch):
    """Readings of a value head: the logistic function of its logit."""
    return [{"confidence": p} for p in torch.tensor(logits(model, rows, pad, batch)).sigmoid().tolist()]


def logits(model, rows, pad, batch):
    """A value head's logit for each row of token ids."""
    all_logits = [0.0] * len(rows)
    for chosen in by_length(rows, batch):
        most = rounded(max(len(rows[i]) for i in chosen), 16)
        ids = torch.full((len(chosen), most), pad)
        for j, i in enumerate(chosen):
            ids[j, : len(rows[i])] = torch.tensor(rows[i])
        found = model(input_ids=ids.to(model.device)).logits[:, 0].float().tolist()
        for j, i in enumerate(chosen):
            all_logits[i] = found[j]
    return all_logits


def by_length(rows, batch):
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    return [order[at : at + batch] for at in range(0, len(order), batch)]


def replies(model, tokenizer, rows, batch, finece):
    """Readings of the replies to prompts. The replies are greedy and have log-probabilities, as those of a server.
    `finece train read` reads the confidences."""
    ends = [tokenizer.eos_token_id]
    if model.generation_config.eos_token_id is not None:
        own = model.generation_config.eos_token_id
        ends = list({*ends, *(own if isinstance(own, list) else [own])})
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else ends[0]
    config = GenerationConfig(max_new_tokens=MOST_TOKENS, do_sample=False, eos_token_id=ends, pad_token_id=pad)
    bodies = [None] * len(rows)
    for chosen in by_length(rows, batch):
        most = rounded(max(len(rows[i]) for i in chosen), 16)
        ids = torch.full((len(chosen), most), pad)
        mask = torch.zeros((len(chosen), most), dtype=torch.long)
        for j, i in enumerate(chosen):
            ids[j, most - len(rows[i]) :] = torch.tensor(rows[i])
            mask[j, most - len(rows[i]) :] = 1
        out = model.generate(input_ids=ids.to(model.device), attention_mask=mask.to(model.device), generation_config=config,
                             output_logits=True, return_dict_in_generate=True)
        logprobs = torch.stack(out.logits, 1).float().log_softmax(-1)
        top = logprobs.topk(min(ALTERNATIVES, logprobs.shape[-1]), -1)
        chosen_ids = out.sequences[:, most:]
        own = logprobs.gather(-1, chosen_ids[..., None])[..., 0].tolist()
        chosen_ids, top = chosen_ids.tolist(), (top.indices.tolist(), top.values.tolist())
        for j, i in enumerate(chosen):
            bodies[i] = body(tokenizer, ends, chosen_ids[j], own[j], top[0][j], top[1][j])
    read = subprocess.run([finece, "train", "read", "-"], input="".join(json.dumps(b) + "\n" for b in bodies), capture_output=True, text=True)
    if read.returncode != 0:
        raise SystemExit(f"{finece} train read: {read.stderr.strip()}")
    return [json.loads(line) for line in read.stdout.splitlines()]


def body(tokenizer, ends, ids, own, top, logprobs):
    """A reply in the format of OpenAI's chat completions. The token that ends the reply is left out."""
    name = lambda token: tokenizer.decode([token], clean_up_tokenization_spaces=False)
    count = next((i for i, token in enumerate(ids) if token in ends), None)
    places = [
        {"token": name(ids[i]), "logprob": own[i],
         "top_logprobs": [{"token": name(t), "logprob": l} for t, l in zip(top[i], logprobs[i])]}
        for i in range(len(ids[:count]))
    ]
    text = tokenizer.decode(ids[:count], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return {"choices": [{"message": {"content": text}, "finish_reason": "length" if count is None else "stop",
                         "logprobs": {"content": places}}]}


def check(finece):
    """Ends the program if the command cannot evaluate. Otherwise this would only be found after an epoch."""
    try:
        run = subprocess.run([finece, "train", "read", "--help"], capture_output=True, text=True)
    except OSError as e:
        raise SystemExit(f"--finece {finece}: {e.strerror}; want the finece command")
    if run.returncode != 0 or "finece train read" not in run.stdout:
        raise SystemExit(f"--finece {finece} has no command \"train read\": want a finece of the same version as this trainer")
