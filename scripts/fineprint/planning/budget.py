"""The arithmetic of memory: what a method may take of a GPU, how a step is cut to fit, how large batches are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

# A model of 8 billion weights takes about half of this per token, keys and values included.
BYTES_PER_TOKEN = 2**20


FEWEST_TOKENS, MOST_TOKENS = 2048, 65536


# What may be kept of batches that are answered together takes a share of that memory: one part of so many.
PARTS = 4


def token_budget(limit: int | None = None) -> int | None:
    """Return how many tokens a batch may hold on a GPU; None, for as many as there are, on a CPU.

    Args:
        limit: bytes that all may take on the GPU; None for all that is free.
    """
    import torch

    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    # What torch has set aside and does not use is free, too, though the driver does not know it.
    free += torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    if limit is not None:
        free = min(free, limit - torch.cuda.memory_allocated())
    return max(FEWEST_TOKENS, min(free // BYTES_PER_TOKEN, MOST_TOKENS))


def kept_budget(most_tokens: int | None, kept_bytes: int) -> int:
    """Return how many tokens batches that are answered together may hold; 0 where each is answered by itself.

    Args:
        most_tokens: of a batch; None on a CPU.
        kept_bytes: of each token until it is answered; 0 for nothing.
    """
    return most_tokens * BYTES_PER_TOKEN // PARTS // kept_bytes if most_tokens and kept_bytes else 0


FREE_SHARE = 0.9  # of the free memory; blocks of different sizes leave gaps


LEAN_SHARE = 0.4  # of the weights: what a lean training may take beside them


MOST_PARTS = 4  # cutting a step finer costs more time than computing activations again


ADAMW_BYTES = 8  # per trained weight


Predict = Callable[[int, bool], int | None]


# Of a micro-batch's activations: what passes that are not recorded take at most beside captured ones, which keep
# theirs; and gaps in the memory that recordings of different lengths share.
UNCAPTURED_SHARE, GAPS_SHARE = 0.25, 0.25


@dataclass(frozen=True)
class Fit:
    """How a step's rows go through the model, and the peak that a trial of it gave."""

    micro_batch: int
    gradient_checkpointing: bool
    peak_bytes: int | None


def memory_limit(memory: str) -> int:
    """Return the bytes that torch may allocate on the GPU in all, weights included.

    Args:
        memory: "auto" for what is free, "lean" for little more than the weights, or a size such as "12 GB".
    """
    import torch

    held = torch.cuda.memory_allocated()
    if memory == "lean":
        return int(held * (1 + LEAN_SHARE))
    free = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - held
    most = held + int(free * FREE_SHARE)
    return most if memory == "auto" else min(most, int(float(memory.split()[0]) * 1e9))


def choose_fit(rows: int, limit: int, may_keep: bool, measure: Predict) -> Fit:
    """Return the fastest way to take a step's rows that fits.

    Args:
        rows: of a step.
        limit: bytes in all.
        may_keep: whether activations may be kept.
        measure: tries a micro-batch of so many rows, keeping or recomputing; returns the peak, None if it did not fit.
    """
    # Keeping activations in a few parts is faster than recomputing them, so it is tried first.
    for gradient_checkpointing in [False, True] if may_keep else [True]:
        parts = 1
        while parts <= (rows if gradient_checkpointing else min(MOST_PARTS, rows)):
            micro_batch = math.ceil(rows / parts)
            peak = measure(micro_batch, gradient_checkpointing)
            if peak is not None and peak <= limit:
                return Fit(micro_batch, gradient_checkpointing, peak)
            # Halves: each trial costs a pass, and a finer cut gains little.
            parts *= 2
    return Fit(1, True, None)


def rows_beside(micro_batch: int) -> int:
    """Return how many rows of a smaller last batch, which is not recorded, go through the model at once."""
    return math.ceil(micro_batch * UNCAPTURED_SHARE)


def capture_reserve(kept: int, micro_batch: int) -> int:
    """Return what captured passes need beside the activations, `kept` bytes, of one micro-batch."""
    return kept * rows_beside(micro_batch) // micro_batch + int(kept * GAPS_SHARE)
