"""Prints, as JSON, what transformers makes of a model folder: conversations as tokens, their
greedy continuations with the 20 most probable tokens of each step, and texts as tokens.

    reference.py FOLDER
"""
import json
import os
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

torch.set_num_threads(1)  # several threads wait for each other where other programs need the cores
STEPS, TOP = 24, 20
CONVERSATIONS = [
    [("user", "In which country lies Nantes?")],
    [("system", "Answer in one short sentence."), ("user", "Why is the sky blue?")],
    [("user", "What is 17 + 25?"), ("assistant", "17 + 25 = 42."), ("user", "And 42 + 8?")],
    [("user", "Write a line about the sea: “naïve café”, 日本 😀."), ("assistant", "The sea\n\nis")],
]
TEXTS = [
    "1234567890 apples, 3.14 and 2026-11-30", "It's what they'll say; we've been there.", "  two  spaces\n\n\n\tand a tab ",
    "naïve café — ½ ² ٣٤ Ⅷ", "日本語 テキスト。 한국어", "😀👩\u200d👩\u200d👧 e\u0301", "".join(map(chr, range(1, 128))), "\u00a0\u2003\u3000x", "def f(x):\n    return x**2  # ok",
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß", "\ufffd\uffff\U0010ffff\u0800\u07ff",
]


def main():
    folder = sys.argv[1]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    chats = []
    for conversation in CONVERSATIONS:
        messages = [{"role": role, "content": content} for role, content in conversation]
        ending = {"continue_final_message": True} if messages[-1]["role"] == "assistant" else {"add_generation_prompt": True}
        tokens = tokenizer.apply_chat_template(messages, return_dict=False, **ending)
        ids, steps, read, cache = list(tokens), [], 0, None
        with torch.no_grad():
            for _ in range(STEPS):
                out = model(torch.tensor([ids[read:]]), past_key_values=cache, use_cache=True)
                read, cache = len(ids), out.past_key_values
                top = torch.log_softmax(out.logits[0, -1].double(), -1).topk(TOP)
                steps.append({"ids": top.indices.tolist(), "logprobs": top.values.tolist()})
                ids.append(steps[-1]["ids"][0])
                if ids[-1] == tokenizer.eos_token_id:
                    break
        chats.append({"messages": messages, "continue": "continue_final_message" in ending, "tokens": tokens, "steps": steps,
                      "text": tokenizer.decode(ids[len(tokens):], skip_special_tokens=True, clean_up_tokenization_spaces=False)})
    texts = [{"text": text, "tokens": tokenizer.encode(text, add_special_tokens=False)} for text in TEXTS]
    json.dump({"chats": chats, "texts": texts}, sys.stdout)


main()
