"""The training itself, with Hugging Face's Trainer: new layers, checkpoints and saving."""

import contextlib
import copy
import json
import math
import shutil
from pathlib import Path

import torch
import transformers
from transformers import Trainer, TrainerCallback, TrainingArguments

from finece_data import ByLength, collator
from finece_losses import Weights, text_loss, value_loss
from finece_processes import agreed, average, first, meet


class FineceTrainer(Trainer):
    """A Trainer with the losses of finece_losses. The texts of a batch have about the same length and the same beginning."""

    bf16 = True
    watched = None  # Watched: the input and the attention of the first new layer; None if there are no new layers
    weights = Weights()

    def get_train_dataloader(self):
        data = self.train_dataset
        sampler = ByLength(data, self.args.per_device_train_batch_size, self.args.seed)
        loader = torch.utils.data.DataLoader(data, batch_sampler=sampler, collate_fn=self.data_collator)
        return self.accelerator.prepare(loader)

    def training_step(self, model, *args, **kwargs):
        loss = super().training_step(model, *args, **kwargs)
        average(model)
        return loss

    def compute_loss(self, model, inputs, return_outputs=False, **_):
        # Only the training has 16 bits: held-out states are evaluated in the precision of servers.
        autocast = torch.autocast(inputs["input_ids"].device.type, torch.bfloat16, enabled=self.bf16)
        if inputs["labels"].dim() == 1:
            return value_loss(model, inputs, autocast)
        return text_loss(model, inputs, autocast, self.weights, self.watched)


def grow(model, layers):
    """Puts new layers on top of a model and returns them. They change nothing at first, because their output weights
    are zero. They can look back at the tokens that the model expected. Their value weights are large, because the
    hidden states of a trained model are large, too (about 10 in the built-in one). With small weights the layers
    hardly learnt."""
    body = getattr(model, model.base_model_prefix)
    for _ in range(layers):
        layer = copy.deepcopy(body.layers[-1])
        for p in layer.parameters():
            torch.nn.init.normal_(p, std=p.shape[-1] ** -0.5) if p.dim() > 1 else torch.nn.init.ones_(p)
        layer.self_attn.v_proj.weight.data *= 5
        for out in layer.self_attn.o_proj, layer.mlp.down_proj:
            torch.nn.init.zeros_(out.weight)
        layer.self_attn.layer_idx = len(body.layers)
        body.layers.append(layer)
    model.config.num_hidden_layers = len(body.layers)
    if getattr(model.config, "layer_types", None):
        model.config.layer_types = [*model.config.layer_types, *model.config.layer_types[-1:] * layers]
    return last_layers(model, layers)


def last_layers(model, number):
    """The last layers of a model. Their number must be lower than that of all layers."""
    layers = getattr(model, model.base_model_prefix).layers
    if number >= len(layers):
        raise SystemExit(f"--grown {number}: the model has {len(layers)} layers in all; want fewer")
    return layers[len(layers) - number :]


class Progress(TrainerCallback):
    """Prints a JSON line each time the trainer logs."""

    def on_log(self, args, state, control, logs=None, **_):
        if logs and "loss" in logs:
            print(json.dumps({"step": state.global_step, "of": state.max_steps, "loss": round(float(logs["loss"]), 4),
                              "lr": float(logs.get("learning_rate", 0))}), flush=True)


class Stop(TrainerCallback):
    """Ends the training after a step, without changing the schedule. 0 never ends it."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **_):
        if self.step and state.global_step >= self.step:
            control.should_training_stop, control.should_save = True, first()


@contextlib.contextmanager
def as_saved(model):
    """Inside the with block, the model has the weights that save writes: rounded to 16 bits. An adapter is not rounded."""
    exact = [] if hasattr(model, "peft_config") else [(p, p.data) for p in model.parameters()]
    for p, data in exact:
        p.data = data.half().to(data.dtype)
    try:
        yield model
    finally:
        for p, data in exact:
            p.data = data


def save(model, path, base=None):
    """Saves a model in 16 bits in Hugging Face's format. If it has an adapter, saves the adapter, with base as the base's name."""
    path.mkdir(parents=True, exist_ok=True)
    if hasattr(model, "peft_config"):
        model.save_pretrained(path, save_embedding_layers=False)
        (path / "README.md").unlink(missing_ok=True)  # an empty form
        config = json.loads((path / "adapter_config.json").read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = base
        (path / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        return
    half = {k: v.detach().to(torch.float16).contiguous() for k, v in model.state_dict().items() if not k.startswith(("surprise.", "remember."))}
    if getattr(model.config, "tie_word_embeddings", False):
        half.pop("lm_head.weight", None)
    dtype = model.config.dtype
    model.config.dtype = torch.float16
    model.save_pretrained(path, state_dict=half)
    model.config.dtype = dtype


def with_adapter(model, rank, task):
    """The model with LoRA matrices on all linear layers; if rank is 0, the model itself."""
    if rank == 0:
        return model
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, task_type=task, target_modules="all-linear"))


def arguments(args, lines):
    steps = math.ceil(lines / args.batch) * args.epochs
    return TrainingArguments(
        output_dir=args.out, num_train_epochs=args.epochs, per_device_train_batch_size=args.batch,
        learning_rate=args.lr, adam_beta1=args.beta1, adam_beta2=args.beta2, weight_decay=args.weight_decay,
        warmup_steps=min(args.warmup, steps // 10), lr_scheduler_type=args.schedule, max_grad_norm=1.0, seed=args.seed,
        bf16=False, use_cpu=not torch.cuda.is_available(), optim="adamw_torch_fused", logging_steps=args.log_every,
        save_strategy="steps" if first() else "no", save_steps=args.save_every, save_total_limit=2, report_to=[], disable_tqdm=True,
        remove_unused_columns=False, eval_strategy="no",
    )


def last_checkpoint(out):
    """The newest complete checkpoint. Its state is written last; a checkpoint without a state is removed."""
    for folder in sorted(Path(out).glob("checkpoint-*"), key=lambda p: -int(p.name.split("-")[1])):
        try:
            json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
            return str(folder)
        except (OSError, json.JSONDecodeError):
            shutil.rmtree(folder)
    return None


def fit(model, data, args, pad, callbacks, reporting, watched=None):
    """Trains a model, starting from the last checkpoint if there is one, and returns it. Only the first process reports."""
    if first():
        callbacks = callbacks + reporting
    trainer = FineceTrainer(model=model, args=arguments(args, len(data)), train_dataset=data,
                            data_collator=collator(pad), callbacks=callbacks)
    trainer.bf16 = args.bf16
    trainer.watched = watched
    trainer.weights = Weights(args.prompt_loss, args.surprise, args.remember)
    trainer.remove_callback(transformers.PrinterCallback)
    meet(args.processes)
    last = agreed(last_checkpoint(args.out) if first() else None)
    if last:
        print(json.dumps({"resumed": last}), flush=True)
    trainer.train(resume_from_checkpoint=last)
    return trainer.model
