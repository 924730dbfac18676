"""The training itself, on Hugging Face's Trainer: losses, checkpoints, what is saved."""

import contextlib
import json
import math
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from transformers import Trainer, TrainerCallback, TrainingArguments

from finece_data import IGNORED, ByLength, collator, rounded


class FineceTrainer(Trainer):
    """A Trainer whose batches are of one length, and that knows the value head's loss."""

    bf16 = True

    def get_train_dataloader(self):
        data = self.train_dataset
        sampler = ByLength(data.lengths, self.args.per_device_train_batch_size, self.args.seed)
        loader = torch.utils.data.DataLoader(data, batch_sampler=sampler, collate_fn=self.data_collator)
        return self.accelerator.prepare(loader)

    def compute_loss(self, model, inputs, return_outputs=False, **_):
        labels = inputs["labels"]
        # Only here: held-out states are asked in the precision that servers have.
        autocast = torch.autocast(labels.device.type, torch.bfloat16, enabled=self.bf16)
        if labels.dim() == 1:
            with autocast:
                logits = model(input_ids=inputs["input_ids"]).logits[:, 0]
            return F.binary_cross_entropy_with_logits(logits.float(), labels.float())
        # The vocabulary's products only where there is something to learn.
        whole = model.get_base_model() if hasattr(model, "peft_config") else model
        targets = labels[:, 1:]
        kept = (targets != IGNORED).flatten().nonzero()[:, 0]
        count = len(kept)
        kept = F.pad(kept, (0, rounded(count, 512) - count))
        with autocast:
            hidden = getattr(whole, whole.base_model_prefix)(input_ids=inputs["input_ids"]).last_hidden_state[:, :-1]
            logits = whole.get_output_embeddings()(hidden.flatten(0, 1)[kept])
        targets = targets.flatten()[kept]
        targets[count:] = IGNORED
        return F.cross_entropy(logits.float(), targets)


class Progress(TrainerCallback):
    """One JSON line for each time that the trainer logs."""

    def on_log(self, args, state, control, logs=None, **_):
        if logs and "loss" in logs:
            print(json.dumps({"step": state.global_step, "of": state.max_steps, "loss": round(float(logs["loss"]), 4),
                              "lr": float(logs.get("learning_rate", 0))}), flush=True)


class Stop(TrainerCallback):
    """Ends the training after a step, whatever the schedule is for; 0 does not."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **_):
        if self.step and state.global_step >= self.step:
            control.should_training_stop = control.should_save = True


@contextlib.contextmanager
def as_saved(model):
    """The model with the weights that save writes: rounded to 16 bits, but for an adapter, which is saved as it is."""
    exact = [] if hasattr(model, "peft_config") else [(p, p.data) for p in model.parameters()]
    for p, data in exact:
        p.data = data.half().to(data.dtype)
    try:
        yield model
    finally:
        for p, data in exact:
            p.data = data


def save(model, path, base=None):
    """Saves a model in 16 bits as Hugging Face does, or its adapter with the name of its base."""
    path.mkdir(parents=True, exist_ok=True)
    if hasattr(model, "peft_config"):
        model.save_pretrained(path, save_embedding_layers=False)
        (path / "README.md").unlink(missing_ok=True)  # an empty form
        config = json.loads((path / "adapter_config.json").read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = base
        (path / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        return
    half = {k: v.detach().to(torch.float16).contiguous() for k, v in model.state_dict().items()}
    if getattr(model.config, "tie_word_embeddings", False):
        half.pop("lm_head.weight", None)
    dtype = model.config.dtype
    model.config.dtype = torch.float16
    model.save_pretrained(path, state_dict=half)
    model.config.dtype = dtype


def with_adapter(model, rank, task):
    """The model with LoRA matrices of a rank on all its linear layers; itself if rank is 0."""
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
        save_steps=args.save_every, save_total_limit=2, report_to=[], disable_tqdm=True,
        remove_unused_columns=False, eval_strategy="no",
    )


def last_checkpoint(out):
    """The newest checkpoint that was written to its end. One that was not is removed: its state is written last."""
    for folder in sorted(Path(out).glob("checkpoint-*"), key=lambda p: -int(p.name.split("-")[1])):
        try:
            json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
            return str(folder)
        except (OSError, json.JSONDecodeError):
            shutil.rmtree(folder)
    return None


def fit(model, data, args, pad, callbacks):
    """Trains, from the last checkpoint if there is one, and returns the model."""
    trainer = FineceTrainer(model=model, args=arguments(args, len(data)), train_dataset=data,
                            data_collator=collator(pad), callbacks=callbacks)
    trainer.bf16 = args.bf16
    trainer.remove_callback(transformers.PrinterCallback)
    last = last_checkpoint(args.out)
    if last:
        print(json.dumps({"resumed": last}), flush=True)
    trainer.train(resume_from_checkpoint=last)
    return trainer.model
