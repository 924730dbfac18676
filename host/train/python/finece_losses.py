"""The losses of the training: of a value head, of a reply, and those that make a model notice surprising tokens."""

import dataclasses

import torch
import torch.nn.functional as F

from finece_data import IGNORED, rounded


@dataclasses.dataclass(frozen=True)
class Weights:
    """The weights of the losses other than the reply's."""

    prompt: float = 0.0
    surprise: float = 0.0
    remember: float = 0.0


def value_loss(model, inputs, autocast):
    """The cross-entropy of the head's probability and the label, which is any number in [0,1]."""
    with autocast:
        logits = model(**without_shared_prefix(model, inputs["input_ids"], inputs["lengths"] - 1)[0]).logits[:, 0]
    return F.binary_cross_entropy_with_logits(logits.float(), inputs["labels"].float())


def text_loss(model, inputs, autocast, weights, watched=None):
    """The mean cross-entropy of the reply's tokens. Further losses are added with their weights: of the prompt's text,
    of the token just read (remember), and of surprise. The new layers do not learn the prompt's text."""
    ids, labels, answer = inputs["input_ids"], inputs["labels"], inputs["answer"]
    whole = model.get_base_model() if hasattr(model, "peft_config") else model
    body = getattr(whole, whole.base_model_prefix)
    wanted = inputs["text"] if weights.prompt or weights.surprise else labels != IGNORED
    with autocast:
        rest, prefix = without_shared_prefix(body, ids, wanted.int().argmax(1) - 1)
        hidden = body(**rest).last_hidden_state
    ids, labels, wanted, answer = (of[:, prefix:] for of in (ids, labels, wanted, answer))
    wanted, reply = wanted[:, 1:], labels[:, 1:] != IGNORED
    # The products with the vocabulary are computed only for tokens that have a loss.
    at = wanted.flatten().nonzero()[:, 0]
    count = len(at)
    padded = F.pad(at, (0, rounded(count, 512) - count))
    states = hidden[:, :-1]
    if watched:
        # The next token of the text is predicted from the state below the new layers, so these are free to judge it.
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


def without_shared_prefix(model, ids, needed):
    """The model's arguments for a batch, without the prefix that all texts share, and the number of tokens in that
    prefix. The prefix (the instruction) is read once, into the cache. Gradients are those of whole texts. needed is
    the first token of each text whose state is needed; it is not left out."""
    alike = int((ids == ids[:1]).all(0).long().cumprod(0).sum())
    alike = max(min(alike, int(needed.min())), 0) // 16 * 16  # so that few shapes occur: see rounded
    if len(ids) == 1 or alike == 0:
        return {"input_ids": ids}, 0
    cache = model(input_ids=ids[:1, :alike], use_cache=True).past_key_values
    cache.batch_repeat_interleave(len(ids))
    return {"input_ids": ids[:, alike:], "past_key_values": cache, "use_cache": True}, alike


LEAST = -6.0  # lower log-probabilities (natural) are treated as this one


def surprise_loss(linear, hidden, logprobs, answer):
    """The error with which a linear map of the hidden states gives two numbers for each token of the answer: the
    log-probability that the model gave the token before it read it, and the lowest one so far. This teaches the model
    to notice mistakes at every token, not only from one label per text."""
    logprobs = logprobs.clamp(min=LEAST) * answer
    told = torch.stack([logprobs, logprobs.cummin(1).values], -1) / 3  # scaled to about 1
    return F.mse_loss(linear(hidden)[answer], told[answer])


def look_back_loss(attention, answer):
    """The loss that makes the heads of the first new layer look at the token before, where the model's expectation of
    this token is. Without it, a head hardly learns to look there: the expectation is of no use until the layer can
    compare it. attention is [batch, heads, tokens, all tokens so far]; answer marks the last of these tokens."""
    back = attention.shape[-1] - attention.shape[-2] - 1
    before = attention.float().diagonal(back, -2, -1)[:, :, -(answer.shape[1] - 1):]
    wanted = answer[:, None, 1:].expand_as(before)
    return -before[wanted].clamp(min=1e-9).log().mean()


class Watched:
    """Keeps the input (states) and the attention weights (attention) of the first new layer of a model."""

    def __init__(self, layers):
        layers[0].register_forward_pre_hook(lambda _, inputs: setattr(self, "states", inputs[0]))
        layers[0].self_attn.register_forward_hook(lambda _, inputs, outputs: setattr(self, "attention", outputs[1]))
