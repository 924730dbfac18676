"""The losses that a model is trained on: of a value, of a reply, and those that have it look at what it reads."""

import dataclasses

import torch
import torch.nn.functional as F

from finece_data import IGNORED, rounded


@dataclasses.dataclass(frozen=True)
class Weights:
    """What the losses beside the reply's count for."""

    prompt: float = 0.0
    surprise: float = 0.0
    remember: float = 0.0


def value_loss(model, inputs, autocast):
    """The cross-entropy of the head's probability and the label, which may be any share of one."""
    with autocast:
        logits = model(**behind_the_beginning(model, inputs["input_ids"], inputs["lengths"] - 1)[0]).logits[:, 0]
    return F.binary_cross_entropy_with_logits(logits.float(), inputs["labels"].float())


def text_loss(model, inputs, autocast, weights, watched=None):
    """The mean cross-entropy of the reply's tokens, and with their weights those of the text before it, of the
    token just read, and of what the model is to notice. The layers that are watched learn none of the text."""
    ids, labels, answer = inputs["input_ids"], inputs["labels"], inputs["answer"]
    whole = model.get_base_model() if hasattr(model, "peft_config") else model
    body = getattr(whole, whole.base_model_prefix)
    wanted = inputs["text"] if weights.prompt or weights.surprise else labels != IGNORED
    with autocast:
        rest, begun = behind_the_beginning(body, ids, wanted.int().argmax(1) - 1)
        hidden = body(**rest).last_hidden_state
    ids, labels, wanted, answer = (of[:, begun:] for of in (ids, labels, wanted, answer))
    wanted, reply = wanted[:, 1:], labels[:, 1:] != IGNORED
    # The vocabulary's products only where there is something to learn.
    at = wanted.flatten().nonzero()[:, 0]
    count = len(at)
    padded = F.pad(at, (0, rounded(count, 512) - count))
    states = hidden[:, :-1]
    if watched:
        # What to expect of the text is said below the new layers: these are free for what is to be thought of it.
        states = torch.where(reply[..., None], states, body.norm(watched.states)[:, :-1].to(states.dtype))
    states = states.flatten(0, 1)[padded]
    with autocast:
        logits = whole.get_output_embeddings()(states)[:count]
    nll = F.cross_entropy(logits.float(), ids[:, 1:].flatten()[at], reduction="none")
    of_reply = reply.flatten()[at]
    loss = nll[of_reply].mean()
    if weights.prompt and not of_reply.all():
        loss = loss + weights.prompt * nll[~of_reply].mean()
    if weights.remember:
        loss = loss + weights.remember * F.cross_entropy(model.remember(states[:count].float()), ids[:, :-1].flatten()[at])
    if weights.surprise and answer[:, 1:].any():
        logprobs = torch.zeros(reply.numel(), device=ids.device).index_put((at,), -nll.detach()).view(reply.shape)
        noticed = surprise_loss(model.surprise, hidden[:, 1:].float(), logprobs, answer[:, 1:])
        loss = loss + weights.surprise * (noticed + 0.1 * look_back_loss(watched.attention, answer))
    return loss


def behind_the_beginning(model, ids, needed):
    """What a model is to be given of a batch of texts that begin alike, and how many tokens are left out of
    it: the instruction, which all begin with, is read once. Gradients are those of whole texts. In each, the
    states from a token on are needed."""
    alike = int((ids == ids[:1]).all(0).long().cumprod(0).sum())
    alike = max(min(alike, int(needed.min())), 0) // 16 * 16  # few shapes: see rounded
    if len(ids) == 1 or alike == 0:
        return {"input_ids": ids}, 0
    cache = model(input_ids=ids[:1, :alike], use_cache=True).past_key_values
    cache.batch_repeat_interleave(len(ids))
    return {"input_ids": ids[:, alike:], "past_key_values": cache, "use_cache": True}, alike


LEAST = -6.0  # natural log-probability below which a token is as surprising as at it


def surprise_loss(linear, hidden, logprobs, answer):
    """How badly a linear map of the hidden states tells the log-probability that the model itself gave each
    token of the answer before it was read, and the least so far. It has the model notice what is out of place,
    at every token and not only by one label a text."""
    logprobs = logprobs.clamp(min=LEAST) * answer
    told = torch.stack([logprobs, logprobs.cummin(1).values], -1) / 3  # of the order of one
    return F.mse_loss(linear(hidden)[answer], told[answer])


def look_back_loss(attention, answer):
    """How far the heads of the first new layer are from looking at the token before, where the expectation of
    this one is. Of itself a head hardly learns that: what is found there helps only who knows to compare it.
    attention is [batch, heads, tokens, all tokens so far], answer the last tokens of these."""
    back = attention.shape[-1] - attention.shape[-2] - 1
    before = attention.float().diagonal(back, -2, -1)[:, :, -(answer.shape[1] - 1):]
    wanted = answer[:, None, 1:].expand_as(before)
    return -before[wanted].clamp(min=1e-9).log().mean()


class Watched:
    """What the first of the new layers of a model is given, states, and what its heads look at, attention."""

    def __init__(self, layers):
        layers[0].register_forward_pre_hook(lambda _, inputs: setattr(self, "states", inputs[0]))
        layers[0].self_attn.register_forward_hook(lambda _, inputs, outputs: setattr(self, "attention", outputs[1]))
