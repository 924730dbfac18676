"""Makes chats.json and the folders of tokenizers smollm2, trimming and partial.

    python chats.py

with transformers 5.23 and tokenizers 0.23. chats.json has conversations as the chat templates of
the folders write them, as text and as tokens; the folder untied has the template of the built-in
models. smollm2/chat_template.jinja is the template of SmolLM2-135M-Instruct (Apache-2.0); the
tokenizer beside it is a small one. partial has texts and their tokens for a vocabulary that has no
tokens for some bytes.
"""
import json
import os
import shutil

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

os.chdir(os.path.dirname(os.path.abspath(__file__)))

CORPUS = [
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n",
    "  Two spaces,\n\nand a new paragraph.\n    Four spaces. It's 42 apples, isn't it?",
] * 4

TRIMMING = """{{- bos_token }}
{%- set ns = namespace(system='') %}
{%- if messages[0].role == 'system' %}
    {%- set ns.system = messages[0].content | trim %}
    {%- set messages = messages[1:] %}
{%- endif %}
{%- for m in messages %}
    {%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('the roles do not alternate') }}
    {%- endif %}
    {%- if m.role == 'user' %}
        {{- '[USER] ' + (ns.system + '\\n\\n' + m.content) | trim if loop.first and ns.system else '[USER] ' + m.content | trim }}
    {%- else %}
        {{- ' [BOT] ' + m.content.strip() + eos_token }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- ' [BOT]' }}
{%- endif %}
"""


def tokenizer(folder, special, alphabet=True, **names):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=320 if alphabet else 90, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if alphabet else []))
    fast = PreTrainedTokenizerFast(tokenizer_object=t, **names)
    template = f"{folder}/chat_template.jinja"
    if os.path.exists(template):
        fast.chat_template = open(template).read()
    if folder == "trimming":
        fast.chat_template = TRIMMING
    shutil.rmtree(folder, ignore_errors=True)
    fast.save_pretrained(folder)
    return fast


def message(role, content):
    return {"role": role, "content": content}


CONVERSATIONS = [
    [message("user", "Hello")],
    [message("system", "Be brief."), message("user", "How many apples are 12 + 30?")],
    [message("user", "Hi"), message("assistant", "Hello!"), message("user", "It's 42, isn't it?")],
    [message("system", " Two\n"), message("user", "\n spaces  "), message("assistant", " end. \n")],
    [message("user", "é 日本 😀"), message("assistant", "Name\n\n#### ")],
    [message("user", ""), message("assistant", "The answer")],
    [message("assistant", "first")],
    [message("system", "alone")],
]

TEXTS = ["She has 42 apples.", "Two\n\nlines", "é 日本", "xq~x", "~", "a~b", "  Two~  spaces", "Txwo Txwxo"]


def chats(t):
    out = []
    for messages in CONVERSATIONS:
        for ending in [{"add_generation_prompt": True}, {}, {"continue_final_message": True}]:
            try:
                text = t.apply_chat_template(messages, tokenize=False, **ending)
                tokens = t.apply_chat_template(messages, tokenize=True, return_dict=False, **ending)
            except Exception:  # raise_exception
                text, tokens = None, None
            out.append({"messages": messages, **ending, "text": text, "tokens": tokens})
    return out


tokenizers = {
    "untied": AutoTokenizer.from_pretrained("untied"),
    "smollm2": tokenizer("smollm2", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
                         bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>"),
    "trimming": tokenizer("trimming", ["<s>", "</s>", "[USER]", "[BOT]"], bos_token="<s>", eos_token="</s>"),
}
partial = tokenizer("partial", ["<|end|>"], alphabet=False, eos_token="<|end|>")
with open("chats.json", "w") as f:
    json.dump({
        "chats": {name: chats(t) for name, t in tokenizers.items()},
        "partial": [{"text": s, "tokens": partial.encode(s, add_special_tokens=False)} for s in TEXTS],
    }, f, ensure_ascii=False, separators=(",", ":"))
