"""What is trained on: lines of conversations as tokens, in batches of one length."""

import itertools
import json
import math
import random

import numpy as np
import torch

IGNORED = -100  # a label that counts in no loss
CHUNK = 2048  # conversations that are rendered at a time


def read_lines(path, limit=0):
    """Yields the objects of a JSON Lines file, the first `limit` of them unless that is 0."""
    count = 0
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if limit and count == limit:
                return
            if not line.strip():
                continue
            try:
                yield json.loads(line)
            except json.JSONDecodeError as e:
                raise SystemExit(f"{path}, line {number}: {e}; want one JSON object a line")
            count += 1
    if count == 0:
        raise SystemExit(f"{path} has no lines")


def messages_of(line):
    """The messages of a line in either layout: {"messages"} or {"instruction","input","output"}."""
    if "messages" in line:
        return line["messages"]
    try:
        return [
            {"role": "system", "content": line["instruction"]},
            {"role": "user", "content": line["input"]},
            {"role": "assistant", "content": line["output"]},
        ]
    except KeyError as e:
        raise SystemExit(f"a line without {e}: want messages, or instruction, input and output, as finece train export writes them")


def label_of(line):
    """The confidence of a line and the k of N behind it."""
    try:
        return float(line["confidence"]), int(line["k"]), int(line["N"])
    except KeyError as e:
        raise SystemExit(f"a line without {e}: want what finece train export writes")


def render(tokenizer, conversations, for_reply):
    """The texts of conversations, by the tokenizer's chat template."""
    return tokenizer.apply_chat_template(conversations, add_generation_prompt=for_reply, tokenize=False)


def tokens(tokenizer, texts):
    """Token ids of texts that hold their special tokens already."""
    return tokenizer(texts, add_special_tokens=False)["input_ids"]


def prompt_text(line):
    """Instruction and input as one text: what wasm/estimate sends to a value head (AppendPrompt)."""
    messages = messages_of(line)
    return messages[0]["content"] + "\n" + messages[1]["content"]


def value_tokens(tokenizer, texts):
    """Token ids of whole prompts, as /pooling and /classify of vLLM and of finece lm make them: with the
    special tokens that the tokenizer puts around a text (Llama's begin; none in finece's own), and what
    spells a special token becomes that token."""
    return tokenizer(texts)["input_ids"]


def chunks(items):
    items = iter(items)
    while chunk := list(itertools.islice(items, CHUNK)):
        yield chunk


class Rows(torch.utils.data.Dataset):
    """Token ids of texts in one array, for each where it begins and one number of it."""

    def __init__(self, most):
        self.most, self.dropped = most, 0
        self.parts, self.lengths, self.numbers = [], [], []

    def add(self, ids, number):
        if len(ids) > self.most:
            self.dropped += 1
            return
        self.parts.append(np.array(ids, dtype=np.int32))
        self.lengths.append(len(ids))
        self.numbers.append(number)

    def close(self):
        if not self.lengths:
            raise SystemExit(f"none of {self.dropped} lines has at most {self.most} tokens; give a larger --context")
        self.ids = np.concatenate(self.parts)
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        del self.parts

    def __len__(self):
        return len(self.lengths)

    def row(self, i):
        return torch.from_numpy(self.ids[self.starts[i] : self.starts[i + 1]]).long()


class Replies(Rows):
    """Conversations of which the last reply is to be learnt. The prompt and the reply are made tokens of
    one by one, as a server does that is sent the prompt."""

    def __init__(self, lines, tokenizer, most):
        super().__init__(most)
        for chunk in chunks(messages_of(line) for line in lines):
            prompts = render(tokenizer, [c[:-1] for c in chunk], for_reply=True)
            wholes = render(tokenizer, chunk, for_reply=False)
            for prompt, whole in zip(prompts, wholes):
                if not whole.startswith(prompt):
                    raise SystemExit(f"the chat template puts something else before a reply than before one to come: {prompt!r} and {whole!r}")
            replies = tokens(tokenizer, [whole[len(prompt) :] for prompt, whole in zip(prompts, wholes)])
            for prompt, reply in zip(tokens(tokenizer, prompts), replies):
                self.add(prompt + reply, len(prompt))
        self.close()

    def __getitem__(self, i):
        ids = self.row(i)
        labels = ids.clone()
        labels[: self.numbers[i]] = IGNORED
        return {"input_ids": ids, "labels": labels}


class Values(Rows):
    """Prompts with a label in [0,1]."""

    def __init__(self, lines, tokenizer, most):
        super().__init__(most)
        for chunk in chunks(lines):
            for ids, line in zip(value_tokens(tokenizer, [prompt_text(line) for line in chunk]), chunk):
                self.add(ids, label_of(line)[0])
        self.close()

    def __getitem__(self, i):
        return {"input_ids": self.row(i), "labels": torch.tensor(self.numbers[i])}


def rounded(n, to):
    """n rounded up: a CPU makes a program for each new shape, and keeps it."""
    return -(-n // to) * to


def collator(pad):
    def collate(rows):
        most = rounded(max(len(r["input_ids"]) for r in rows), 16)
        ids = torch.full((len(rows), most), pad)  # behind the text, where a causal model does not see it
        for i, r in enumerate(rows):
            ids[i, : len(r["input_ids"])] = r["input_ids"]
        if rows[0]["labels"].dim() == 0:
            labels = torch.stack([r["labels"] for r in rows])
        else:
            labels = torch.full((len(rows), most), IGNORED)
            for i, r in enumerate(rows):
                labels[i, : len(r["labels"])] = r["labels"]
        return {"input_ids": ids, "labels": labels}

    return collate


class ByLength(torch.utils.data.Sampler):
    """Batches of about the same length, in an order that the seed and the epoch give."""

    def __init__(self, lengths, batch, seed):
        self.lengths, self.batch, self.seed, self.epoch = lengths, batch, seed, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return math.ceil(len(self.lengths) / self.batch)

    def __iter__(self):
        r = random.Random(self.seed * 1_000_003 + self.epoch)
        self.epoch += 1
        order = list(range(len(self.lengths)))
        r.shuffle(order)
        batches = []
        pool = self.batch * 64
        for i in range(0, len(order), pool):
            near = sorted(order[i : i + pool], key=lambda j: self.lengths[j])
            batches += [near[j : j + self.batch] for j in range(0, len(near), self.batch)]
        r.shuffle(batches)
        yield from batches
