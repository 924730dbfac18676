"""Trains confidence models by FineCE, and small generators.

The commands tokenizer and base make a small decoder-only transformer of the
Llama architecture. The commands ift and value fine-tune that model, or any other of
Hugging Face's, on states with Monte Carlo labels: ift teaches it to write the
confidence as a number (instruction fine-tuning), value puts a linear head on its
last hidden state. `finece train` makes the data and runs this file. One GPU is
used if there is one: CUDA_VISIBLE_DEVICES says which.
"""

import argparse
import itertools
import json
import os
import sys
import warnings
from pathlib import Path

sys.dont_write_bytecode = True  # the folder of this file is temporary
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")

try:
    import torch
    import transformers
    from transformers import (
        AutoModelForCausalLM,
        AutoModelForSequenceClassification,
        AutoTokenizer,
        LlamaConfig,
        LlamaForCausalLM,
        PreTrainedTokenizerFast,
    )
except ModuleNotFoundError as missing:
    raise SystemExit(
        f"{sys.executable} has no package {missing.name}. finece train requirements prints the packages for pip; "
        "set FINECE_PYTHON to an interpreter that has them"
    ) from None

import finece_heldout
import finece_processes
from finece_data import Replies, Values, messages_of, prompt_text, read_lines, render, tokens, value_tokens
from finece_fit import Progress, Stop, as_saved, fit, grow, last_layers, save, with_adapter
from finece_losses import Watched
from finece_processes import first

SPECIAL = ["<|end|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>"]
CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
# For short texts on a CPU, eager attention is twice as fast as the fused one.
ATTENTION = "sdpa" if torch.cuda.is_available() else "eager"


def make_tokenizer(args):
    """Trains a byte-level BPE tokenizer with one token for each digit."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(" ?[0-9]"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=args.vocab,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (m["content"] for path in args.corpus for line in read_lines(path, args.limit) for m in messages_of(line))
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>",
        additional_special_tokens=SPECIAL[2:], clean_up_tokenization_spaces=False,
        model_max_length=args.context,
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(args.out)
    print(json.dumps({"vocabulary": len(fast), "out": args.out}))


def base(args):
    """Trains a generator on conversations, from scratch or starting from another model."""
    if args.lora_rank and (args.tokenizer or args.remember):
        raise SystemExit("--lora-rank trains an adapter of --model: leave out --tokenizer and --remember")
    tokenizer = AutoTokenizer.from_pretrained(args.tokenizer or args.model)
    torch.manual_seed(args.seed)
    if args.model:
        model = load(AutoModelForCausalLM, args)
    else:
        model = LlamaForCausalLM(LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=args.hidden, intermediate_size=args.ffn, num_hidden_layers=args.layers,
            num_attention_heads=args.heads, num_key_value_heads=args.heads, max_position_embeddings=args.context,
            tie_word_embeddings=True, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None, attn_implementation=ATTENTION))
    parameters = model.num_parameters()
    if args.remember:
        model.remember = torch.nn.Linear(model.config.hidden_size, len(tokenizer))
    model = with_adapter(model, args.lora_rank, "CAUSAL_LM")
    lines = itertools.chain.from_iterable(read_lines(path, args.limit) for path in args.corpus)
    data = Replies(lines, tokenizer, args.context)
    print(json.dumps({"parameters": parameters, "conversations": len(data), "dropped": data.dropped,
                      "tokens": sum(data.lengths)}), flush=True)
    finish(fit(model, data, args, tokenizer.pad_token_id, [Stop(args.stop)], [Progress()]), tokenizer, args)


def ift(args):
    """Instruction fine-tuning: the model learns to write the confidence as a number."""
    if (args.surprise or args.freeze) and not (args.grow or args.grown):
        raise SystemExit("--surprise and --freeze need --grow or --grown, which give the number of new layers")
    if args.lora_rank and (args.grow or args.grown):
        raise SystemExit("--grow and --grown train all weights of the new layers: leave out --lora-rank")
    finece_heldout.check(args.finece)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    torch.manual_seed(args.seed)
    model = load(AutoModelForCausalLM, args)
    if args.surprise:
        model.set_attn_implementation("eager")  # the only one that returns attention weights
    new = last_layers(model, args.grown) if args.grown else grow(model, args.grow)
    watched = Watched(new) if new else None
    if args.surprise:
        model.surprise = torch.nn.Linear(model.config.hidden_size, 2)
        if args.grown:
            torch.nn.init.zeros_(model.surprise.weight)  # a random map would disturb layers that are trained already
        new = [*new, model.surprise]
    if args.freeze:
        model.requires_grad_(False)
        for layer in new:
            layer.requires_grad_(True)
    model = with_adapter(model, args.lora_rank, "CAUSAL_LM")
    data = Replies(read_lines(args.data, args.limit), tokenizer, args.context)
    held = list(read_lines(args.dev, args.dev_limit))
    rows = tokens(tokenizer, render(tokenizer, [messages_of(line)[:-1] for line in held], for_reply=True))
    confidences = lambda m: finece_heldout.replies(m, tokenizer, rows, args.batch, args.finece)
    tune(model, data, held, confidences, tokenizer, pad_of(tokenizer), args, watched)


def value(args):
    """Value head: a linear layer on the last hidden state learns to give the confidence's logit."""
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    torch.manual_seed(args.seed)
    model = load(AutoModelForSequenceClassification, args, num_labels=1)
    # The head reads the last token that is not padding.
    pad = model.config.pad_token_id = pad_of(tokenizer)
    torch.nn.init.zeros_(model.score.weight)
    model = with_adapter(model, args.lora_rank, "SEQ_CLS")
    data = Values(read_lines(args.data, args.limit), tokenizer, args.context)
    held = list(read_lines(args.dev, args.dev_limit))
    rows = value_tokens(tokenizer, [prompt_text(line) for line in held])
    confidences = lambda m: finece_heldout.values(m, rows, pad, args.batch)
    tune(model, data, held, confidences, tokenizer, pad, args)


def has_bf16():
    """Whether products of bfloat16 are fast here. If emulated (AVX2), they took nine times as long as those of 32 bits."""
    if torch.cuda.is_available():
        return True
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def load(kind, args, **config):
    return kind.from_pretrained(args.model, dtype=torch.float32, attn_implementation=ATTENTION, **config)


def pad_of(tokenizer):
    """The token for padding, or the end token if the tokenizer has none."""
    return tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id


def name_of(model):
    """The name of the base model in an adapter: the folder's name without its path, or a name of the hub."""
    return Path(model).resolve().name if os.path.isdir(model) else model


def tune(model, data, held, confidences, tokenizer, pad, args, watched=None):
    print(json.dumps({"states": len(data), "dropped": data.dropped, "held out": len(held)}), flush=True)
    name = name_of(args.model)

    @torch.no_grad()
    def asked(m):
        was = m.training
        m.eval()
        with as_saved(m):
            readings = confidences(m)
        m.train(was)
        return readings

    def keep(m, path):
        save(m, path, name)
        tokenizer.save_pretrained(path)

    # The card, which wasm/calibration reads. Questions of finece construct are single messages, not conversations.
    card = {"finece_card": 1, "name": args.name or Path(args.out).resolve().name, "generator": args.generator, "domain": args.domain}
    card = {key: v for key, v in card.items() if v} | {"conversation": False, "labels": len(data), "range": [0, 1]}
    kept = finece_heldout.HeldOut(asked, held, args.out, args.finece, keep, card)
    fit(model, data, args, pad, [], [Progress(), kept], watched)
    print(json.dumps({"saved": str(Path(args.out) / "best")}), flush=True)


def finish(model, tokenizer, args):
    if not first():
        return
    best = Path(args.out) / "best"
    save(model, best, args.model and name_of(args.model))
    tokenizer.save_pretrained(best)
    print(json.dumps({"saved": str(best)}), flush=True)


KINDS = {"int": int, "float": float}


def parser():
    """The commands with the flags of flags.json. `finece train` makes its help from the same file."""
    top = argparse.ArgumentParser(prog="finece train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(required=True)
    flags = json.loads((Path(__file__).parent / "flags.json").read_text())
    for name, run in (("tokenizer", make_tokenizer), ("base", base), ("ift", ift), ("value", value)):
        c = commands.add_parser(name)
        c.set_defaults(run=run, prompt_loss=0.0, remember=0.0, surprise=0.0)
        groups = {}
        for f in (f for f in flags if name in f["of"]):
            how = {"help": f["help"].replace("%", "%%"), "required": f.get("required", False)}
            match f["type"]:
                case "switch":
                    how = {"help": how["help"], "action": "store_true"}
                case "choice":
                    how |= {"action": argparse.BooleanOptionalAction, "default": has_bf16()}
                case kind:
                    how |= {"type": KINDS.get(kind, str), "default": f.get("defaults", {}).get(name, f.get("default"))}
            if f["type"] == "files":
                how["nargs"] = "+"
            into = c
            if "either" in f:
                into = groups.setdefault(f["either"], None) or c.add_mutually_exclusive_group(required=f["either"] == "start")
                groups[f["either"]] = into
            into.add_argument("--" + f["name"], **how)
        if name in ("ift", "value"):
            c.add_argument("--finece", default="finece", help="the finece command, which evaluates held-out states")
    return top


def main():
    args = parser().parse_args()
    if torch.cuda.device_count() > 1:
        raise SystemExit("more than one GPU is visible: name one in CUDA_VISIBLE_DEVICES")
    processes = getattr(args, "processes", 1)
    if processes < 1 or processes > 1 and torch.cuda.is_available():
        raise SystemExit(f"--processes {processes}: want 1 or more, and 1 if there is a GPU")
    finece_processes.start(processes)
    warnings.simplefilter("ignore", FutureWarning)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    args.run(args)


if __name__ == "__main__":
    main()
