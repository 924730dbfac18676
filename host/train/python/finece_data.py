"""The training data: lines of conversations as tokens, in batches of about one length."""

import collections
import itertools
import json
import math
import random
import re

import numpy as np
import torch

from finece_processes import share

IGNORED = -100  # the label of tokens that are in no loss
CHUNK = 2048  # conversations rendered at a time


def read_lines(path, limit=0):
    """Yields the objects of a JSON Lines file: the first `limit` of them, or all if `limit` is 0."""
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
                raise SystemExit(f"{path}, line {number}: {e}; want one JSON object per line")
            count += 1
    if count == 0:
        raise SystemExit(f"{path} has no lines; want one JSON object per line")


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
        raise SystemExit(f"a line of the data has no {e}; want messages, or instruction, input and output, as finece train export writes them")


def label_of(line):
    """The confidence of a line, and its k and N: the confidence is k/N."""
    try:
        return float(line["confidence"]), int(line["k"]), int(line["N"])
    except KeyError as e:
        raise SystemExit(f"a line of the data has no {e}; want lines as finece train export writes them")


def render(tokenizer, conversations, for_reply):
    """Conversations as texts, by the tokenizer's chat template."""
    return tokenizer.apply_chat_template(conversations, add_generation_prompt=for_reply, tokenize=False)


def tokens(tokenizer, texts):
    """Token ids of texts that already contain their special tokens."""
    return tokenizer(texts, add_special_tokens=False)["input_ids"]


def prompt_text(line):
    """Instruction and input as one text, as wasm/estimate sends them to a value head (AppendPrompt)."""
    messages = messages_of(line)
    return messages[0]["content"] + "\n" + messages[1]["content"]


def value_tokens(tokenizer, texts):
    """Token ids of whole prompts, as /pooling and /classify of vLLM and of finece lm make them. The tokenizer adds the
    special tokens that it puts around a text: Llama's puts one at the beginning, finece's own none. The name of a
    special token in the text becomes that token."""
    return tokenizer(texts)["input_ids"]


def chunks(items):
    items = iter(items)
    while chunk := list(itertools.islice(items, CHUNK)):
        yield chunk


class Rows(torch.utils.data.Dataset):
    """Token ids of texts, in one array. Each text has its start and length in the array, a number, and a group. The
    texts of a group begin alike, and all texts of a batch are of one group."""

    def __init__(self, most):
        self.most, self.dropped = most, 0
        self.parts, self.lengths, self.numbers, self.groups = [], [], [], []

    def add(self, ids, number, group):
        if len(ids) > self.most:
            self.dropped += 1
            return False
        self.parts.append(np.array(ids, dtype=np.int32))
        self.lengths.append(len(ids))
        self.numbers.append(number)
        self.groups.append(group)
        return True

    def close(self):
        if not self.lengths:
            raise SystemExit(f"all {self.dropped} lines have more than {self.most} tokens; give a larger --context")
        self.ids = np.concatenate(self.parts)
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        del self.parts

    def __len__(self):
        return len(self.lengths)

    def row(self, i):
        return torch.from_numpy(self.ids[self.starts[i] : self.starts[i + 1]]).long()


def group_of(messages):
    """The instruction, or "" if there is none."""
    return messages[0]["content"] if messages[0]["role"] == "system" else ""


ANSWER = re.compile(r"<(partial_)?answer>\n(.*)\n</(partial_)?answer>", re.DOTALL)  # as wasm/estimate quotes an answer


class Replies(Rows):
    """Conversations whose last reply is learnt. Prompt and reply are turned into tokens separately, because a server
    sees only the prompt. inputs has, for each conversation, the token at which the last message before the reply
    begins. answers has the range of the answer that is quoted in that message; the range is empty if there is none."""

    def __init__(self, lines, tokenizer, most):
        super().__init__(most)
        self.inputs, self.answers = [], []
        for chunk in chunks(messages_of(line) for line in lines):
            prompts = render(tokenizer, [c[:-1] for c in chunk], for_reply=True)
            wholes = render(tokenizer, chunk, for_reply=False)
            for prompt, whole in zip(prompts, wholes):
                if not whole.startswith(prompt):
                    raise SystemExit("the chat template writes the messages before the reply differently when it asks for the reply; "
                                     f"want a template that writes them the same: {prompt!r} and {whole!r}")
            replies = tokens(tokenizer, [whole[len(prompt) :] for prompt, whole in zip(prompts, wholes)])
            made = tokenizer(prompts, add_special_tokens=False, return_offsets_mapping=True)
            for messages, prompt, ids, offsets, reply in zip(chunk, prompts, made["input_ids"], made["offset_mapping"], replies):
                if self.add(ids + reply, len(ids), group_of(messages)):
                    self.inputs.append(input_of(prompt, offsets, messages[:-1]))
                    self.answers.append(answer_of(prompt, offsets))
        self.close()

    def __getitem__(self, i):
        ids = self.row(i)
        at = torch.arange(len(ids))
        answer = self.answers[i]
        return {"input_ids": ids, "labels": ids.masked_fill(at < self.numbers[i], IGNORED),
                "text": at >= self.inputs[i], "answer": (at >= answer.start) & (at < answer.stop)}


def input_of(prompt, offsets, messages):
    """The token of a prompt at which its last message begins."""
    last = messages[-1]["content"].strip() if messages else ""
    at = max(prompt.rfind(last), 0) if last else 0
    return next((i for i, (_, end) in enumerate(offsets) if end > at), 0)


def answer_of(prompt, offsets):
    """The tokens of a prompt that belong to the quoted answer."""
    found = ANSWER.search(prompt)
    if not found:
        return range(0)
    inside = [i for i, (start, end) in enumerate(offsets) if start >= found.start(2) and end <= found.end(2)]
    return range(inside[0], inside[-1] + 1) if inside else range(0)


class Values(Rows):
    """Prompts with a label in [0,1]."""

    def __init__(self, lines, tokenizer, most):
        super().__init__(most)
        for chunk in chunks(lines):
            for ids, line in zip(value_tokens(tokenizer, [prompt_text(line) for line in chunk]), chunk):
                self.add(ids, label_of(line)[0], group_of(messages_of(line)))
        self.close()

    def __getitem__(self, i):
        return {"input_ids": self.row(i), "labels": torch.tensor(self.numbers[i])}


def rounded(n, to):
    """n rounded up to a multiple of `to`. This gives fewer shapes; torch compiles and keeps a program for each shape."""
    return -(-n // to) * to


def collator(pad):
    def collate(rows):
        most = rounded(max(len(r["input_ids"]) for r in rows), 16)
        ids = torch.full((len(rows), most), pad)  # padding after the text, where a causal model does not see it
        for i, r in enumerate(rows):
            ids[i, : len(r["input_ids"])] = r["input_ids"]
        if rows[0]["labels"].dim() == 0:
            lengths = torch.tensor([len(r["input_ids"]) for r in rows])
            return {"input_ids": ids, "labels": torch.stack([r["labels"] for r in rows]), "lengths": lengths}
        batch = {"input_ids": ids, "labels": torch.full((len(rows), most), IGNORED)}
        batch |= {name: torch.zeros((len(rows), most), dtype=torch.bool) for name in ("text", "answer")}
        for i, r in enumerate(rows):
            for name in "labels", "text", "answer":
                batch[name][i, : len(r[name])] = r[name]
        return batch

    return collate


class ByLength(torch.utils.data.Sampler):
    """Batches of texts of one group and about one length, in a random order that depends on the seed and the epoch."""

    def __init__(self, data, batch, seed):
        self.lengths, self.groups, self.batch, self.seed, self.epoch = data.lengths, data.groups, batch, seed, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return sum(math.ceil(n / self.batch) for n in collections.Counter(self.groups).values())

    def __iter__(self):
        self.epoch += 1
        yield from map(share, self.batches(self.epoch - 1))

    def batches(self, epoch):
        r = random.Random(self.seed * 1_000_003 + epoch)
        order = list(range(len(self.lengths)))
        r.shuffle(order)
        batches = []
        pool = self.batch * 64  # a multiple of the batch: see __len__
        for group in sorted(set(self.groups)):
            of = [j for j in order if self.groups[j] == group]
            for i in range(0, len(of), pool):
                near = sorted(of[i : i + pool], key=lambda j: self.lengths[j])
                batches += [near[j : j + self.batch] for j in range(0, len(near), self.batch)]
        r.shuffle(batches)
        return batches
