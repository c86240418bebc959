"""The pretraining loop: a fixed number of steps in plain torch, the same on every run with the same seed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fineprint.core.progress import Progress
from fineprint.demo.batches import IGNORED, Batch

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler


@dataclass
class PretrainingProgress:
    """How far pretraining is; the documents grow with it."""

    steps: int
    phrase_share: float
    growing_share: float
    step: int = 0

    def growth(self) -> float:
        """Return how far the sentences have grown, 0 to 1."""
        begun = self.step / self.steps - self.phrase_share
        return min(1.0, max(0.0, begun / self.growing_share))


@dataclass(frozen=True)
class Rates:
    """Learning rates of the matrices inside the layers and of all other parameters; both fall to almost nothing."""

    matrix: float
    outer: float
    warmup_steps: int


def pretrain(
    model: "nn.Module",
    read_logits: Callable[[Batch], "tuple[Tensor, Tensor, Tensor]"],
    batches: Iterator[Batch],
    progress: PretrainingProgress,
    rates: Rates,
) -> dict[str, Any]:
    """Train the model and return what the record says about it.

    `read_logits` returns logits, the tokens to be told and their weights, one line per position that is told.
    """
    from torch.nn.functional import cross_entropy

    optimizers = _build_optimizers(model, rates, progress.steps)
    started, tokens, losses = time.monotonic(), 0, _Average()
    reporter = Progress("pretraining", progress.steps, "tokens")
    for step in range(progress.steps):
        progress.step = step
        batch = next(batches)
        logits, labels, weights = read_logits(batch)
        loss = (cross_entropy(logits, labels, reduction="none") * weights).sum() / weights.sum()
        loss.backward()
        for optimizer, schedule in optimizers:
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        seen = int(batch.attention_mask.sum())
        tokens += seen
        losses.add(loss.item())
        reporter.advance(step + 1, seen, lambda: f" · loss {losses.value:.3f}")
    model.eval()
    return {
        "pretraining_steps": progress.steps,
        "pretraining_tokens": tokens,
        "pretraining_seconds": round(time.monotonic() - started, 2),
        "pretraining_loss": round(losses.value, 4) if progress.steps else None,
    }


def _build_optimizers(model: "nn.Module", rates: Rates, steps: int) -> "list[tuple[Optimizer, LRScheduler]]":
    """Muon for the matrices inside the layers, AdamW for embeddings, norms, biases and the output layer."""
    import torch

    from fineprint.demo.muon import Muon

    inner = [weight for name, weight in model.named_parameters() if ".layer" in name and weight.ndim == 2]
    names = {id(weight) for weight in inner}
    outer = [weight for weight in model.parameters() if id(weight) not in names]
    adam = torch.optim.AdamW(outer, lr=rates.outer, betas=(0.9, 0.98), weight_decay=0.01, fused=True)

    def scale(step: int) -> float:
        left = (steps - step) / max(1, steps - rates.warmup_steps)
        return min((step + 1) / max(1, rates.warmup_steps), max(0.02, left))

    optimizers: list[Optimizer] = [Muon(inner, lr=rates.matrix), adam]
    return [(optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, scale)) for optimizer in optimizers]


class _Average:
    """A running average over about a hundred steps."""

    def __init__(self) -> None:
        self.value = 0.0
        self.count = 0

    def add(self, value: float) -> None:
        self.count += 1
        self.value += (value - self.value) / min(self.count, 100)


def read_encoder_logits(model: Any) -> Callable[[Batch], "tuple[Tensor, Tensor, Tensor]"]:
    """Return a function that runs the output layer only where a token was masked."""

    def read(batch: Batch) -> "tuple[Tensor, Tensor, Tensor]":
        hidden = model.roberta(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, token_type_ids=batch.segments
        ).last_hidden_state
        told = batch.labels != IGNORED
        return model.lm_head(hidden[told]), batch.labels[told], batch.weights[told]

    return read


def read_decoder_logits(model: Any) -> Callable[[Batch], "tuple[Tensor, Tensor, Tensor]"]:
    """Return a function that tells the next token at every position."""

    def read(batch: Batch) -> "tuple[Tensor, Tensor, Tensor]":
        # Padding stands on the right: under a causal mask no real token sees it, so no attention mask is needed.
        logits = model(input_ids=batch.input_ids, use_cache=False).logits
        told = batch.labels != IGNORED
        return logits[told], batch.labels[told], batch.weights[told]

    return read


def tie_queries_to_keys(attentions: list[tuple[Any, Any]], scale: float) -> None:
    """Let queries and keys of a layer start as the same random rotation, so that equal words see each other.

    Comparing two sentences word by word is what both backbones have to learn first; from independent random
    matrices it takes them far more steps to find.
    """
    import torch

    for query, key in attentions:
        rotation = torch.nn.init.orthogonal_(torch.empty_like(query.weight)) * scale
        with torch.no_grad():
            query.weight.copy_(query.weight + rotation)
            key.weight.copy_(key.weight + rotation[: key.weight.shape[0]])
