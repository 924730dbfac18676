"""Makes the models of this folder and the golden vectors that the tests compare with.

    python make.py

with torch 2.15, transformers 5.23, tokenizers 0.23 and peft 0.21. The weights are random, by a
seed, and the folders are what save_pretrained writes. golden.json has, for each model, prompts as
tokens, the logits after the last token, the log-probability of each token, and the greedy
continuation; tokens.json has, for each tokenizer, texts and their tokens.
"""
import json
import os
import shutil

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, PreTrainedTokenizerFast

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.set_num_threads(1)

TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"]
CORPUS = [
    "Anna has 12 apples and buys 30 more. How many apples does she have?",
    "She has 12 + 30 = 42 apples. The answer is 42.",
    "  Two spaces,\n\nand a new paragraph.\n    Four spaces.",
    "It's what they'll say; we've been there, haven't we?",
] * 4


def tokenizer(first, use_regex, vocab):
    t = Tokenizer(models.BPE())
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)
    t.pre_tokenizer = pre_tokenizers.Sequence([first, level]) if first else level
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return t


def save(model, folder, t, **how):
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **how)
    fast = PreTrainedTokenizerFast(tokenizer_object=t, eos_token="<|end|>", pad_token="<|pad|>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    for name in ["README.md", "generation_config.json"]:
        if os.path.exists(f"{folder}/{name}"):
            os.remove(f"{folder}/{name}")


def randomize(model, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("norm.weight"):
                p.copy_(1 + 0.2 * torch.randn(p.shape, generator=g))
            elif p.ndim == 2 and "embed" not in name:
                p.copy_(torch.randn(p.shape, generator=g) * 1.2 / p.shape[1] ** 0.5)
            else:
                p.copy_(torch.randn(p.shape, generator=g))


def golden(model, prompts, value=False):
    model = model.eval()
    out = []
    for ids in prompts:
        x = torch.tensor([ids])
        with torch.no_grad():
            logits = model(x).logits[0]
        if value:
            out.append({"tokens": ids, "logits": logits.tolist()})
            continue
        logprobs = torch.log_softmax(logits.double(), -1)
        steps = ids[:]
        with torch.no_grad():
            for _ in range(20):
                steps.append(int(model(torch.tensor([steps])).logits[0, -1].argmax()))
        out.append({
            "tokens": ids, "logits": [round(v, 6) for v in logits[-1].tolist()],
            "logprobs": [round(float(logprobs[i - 1, ids[i]]), 6) for i in range(1, len(ids))],
            "greedy": steps[len(ids):],
        })
    return out


def main():
    tokenizers = {
        "untied": tokenizer(pre_tokenizers.Split(Regex(r"\d"), "isolated"), True, 300),
        "half": tokenizer(pre_tokenizers.Digits(individual_digits=True), False, 340),
        "value": tokenizer(None, True, 300),
    }
    g = torch.Generator().manual_seed(7)
    prompts = [torch.randint(0, 300, (n,), generator=g).tolist() for n in (1, 5, 64, 150)]
    result = {}

    untied = LlamaForCausalLM(LlamaConfig(
        vocab_size=300, hidden_size=16, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=256, tie_word_embeddings=False))
    randomize(untied, 1)
    save(untied, "untied", tokenizers["untied"])
    result["untied"] = golden(untied, prompts)

    half = LlamaForCausalLM(LlamaConfig(
        vocab_size=340, hidden_size=24, intermediate_size=36, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=256, tie_word_embeddings=True, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0}))
    randomize(half, 2)
    save(half.half(), "half", tokenizers["half"])
    half = LlamaForCausalLM.from_pretrained("half", dtype=torch.float32)  # half() has rounded the rotary table, too
    result["half"] = golden(half, prompts)

    value = LlamaForSequenceClassification(LlamaConfig(
        vocab_size=300, hidden_size=16, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=256, num_labels=1, pad_token_id=4))
    randomize(value, 3)
    save(value.bfloat16(), "value", tokenizers["value"])
    value = LlamaForSequenceClassification.from_pretrained("value", dtype=torch.float32)
    prompts = [[i for i in p if i != 4] for p in prompts]  # the last token that is not padding counts
    result["value"] = golden(value, prompts, value=True)

    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    lora = get_peft_model(LlamaForCausalLM.from_pretrained("untied", dtype=torch.float32), LoraConfig(
        r=3, lora_alpha=5, target_modules=targets, task_type="CAUSAL_LM"))
    randomize_lora(lora, 4)
    shutil.rmtree("lora", ignore_errors=True)
    lora.save_pretrained("lora")
    result["lora"] = golden(lora, prompts)

    base = LlamaForSequenceClassification.from_pretrained("untied", num_labels=1, pad_token_id=4, dtype=torch.float32)
    scored = get_peft_model(base, LoraConfig(
        r=2, lora_alpha=3, use_rslora=True, target_modules=targets[:4], task_type="SEQ_CLS"))
    randomize_lora(scored, 5)
    shutil.rmtree("lora-value", ignore_errors=True)
    scored.save_pretrained("lora-value")
    result["lora-value"] = golden(scored, prompts, value=True)
    for folder in ["lora", "lora-value"]:
        os.remove(f"{folder}/README.md")
    with open("golden.json", "w") as f:
        json.dump(result, f, separators=(",", ":"))

    with open("tokens.json", "w") as f:
        json.dump({name: [{"text": s, "tokens": t.encode(s, add_special_tokens=False).ids} for s in TEXTS]
                   for name, t in tokenizers.items()}, f, separators=(",", ":"))


def randomize_lora(model, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_" in name or "score" in name:
                p.copy_(0.3 * torch.randn(p.shape, generator=g))


TEXTS = CORPUS[:4] + [
    "", " ", "a", "  ", "\n", "\n\n", " \n a", "a  b   c", "tab\tand\r\nline \t ", "1234567890", "a1b22 c333  4",
    "x=1.50, y=-2/3; $4,000", "'s 't're've'm'll'd 'S", "it's they'll '", "naïve café — ½ ²  ٣٤ Ⅷ", "日本語 テキスト。",
    "😀👩\u200d👩\u200d👧 ok", "e\u0301 \u00a0nbsp\u2003em  \u3000", "\u0000\u0001\u007f\u00ad", "ends with space ", " begins", "\u2028\u2029 x",
    "The answer is 42.\n\nThe answer is 42.\n", "she has she has", "<|user|>hi<|end|><|assistant|>", "<|end|", "<<|pad|>|>", "a<|end|><|end|>b",
    "apples " * 40,
]

main()
