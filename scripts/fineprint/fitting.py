"""Fitting a training into the memory there is: how many rows go through the model at once, and whether activations are
kept or computed again in the backward pass. What a step computes stays the same; its rows are only cut differently.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fineprint.batching import feature_length
from fineprint.measuring import gradient_bytes
from fineprint.readouts import Feature
from fineprint.readouts._padding import round_up

if TYPE_CHECKING:
    from fineprint.stepping import Stepper

FREE_SHARE = 0.9  # of the free memory; blocks of different sizes leave gaps
LEAN_SHARE = 0.4  # of the weights: what a lean training may take beside them
MOST_PARTS = 4  # cutting a step finer costs more time than computing activations again
ADAMW_BYTES = 8  # per trained weight
DOES_NOT_FIT = 2**62

Predict = Callable[[int, bool], int | None]
# Of a micro-batch's activations: what passes that are not recorded take at most beside recorded ones, which keep
# theirs; and gaps in the memory that recordings of different lengths share.
UNRECORDED_SHARE, GAPS_SHARE = 0.25, 0.25


@dataclass(frozen=True)
class Fit:
    """How a step's rows go through the model, and the peak that a trial of it gave."""

    micro_batch: int
    recomputes: bool
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
    for recomputes in [False, True] if may_keep else [True]:
        parts = 1
        while parts <= (rows if recomputes else min(MOST_PARTS, rows)):
            micro_batch = math.ceil(rows / parts)
            peak = measure(micro_batch, recomputes)
            if peak is not None and peak <= limit:
                return Fit(micro_batch, recomputes, peak)
            parts *= 2
    return Fit(1, True, None)


def fit(stepper: Stepper, features: list[Feature], memory: str, predict: Predict | None = None) -> None:
    """Choose how the stepper takes its steps on this GPU, and note the choice; several processes choose alike.

    Args:
        stepper: to be set.
        features: of the training.
        memory: what the method may take.
        predict: returns the peak of a micro-batch, keeping or recomputing. It stands in for the trial where weights are
            spread over processes: one whose memory ran out in a trial would leave the others waiting for its part.
    """
    processes = stepper.processes
    limit = processes.lowest(memory_limit(memory))
    assert limit is not None
    rows = math.ceil(stepper.rows_per_step / processes.count)
    longest = max(map(feature_length, features))
    length = round_up(longest)
    stepper.module.train()

    def measure(micro_batch: int, recomputes: bool) -> int | None:
        stepper.micro_batch = micro_batch
        stepper.recompute(recomputes)
        peak = try_pass(stepper, features, length)
        agreed = processes.highest(DOES_NOT_FIT if peak is None else peak)[0]
        return None if agreed == DOES_NOT_FIT else agreed

    may_keep = memory != "lean" and not stepper.settings.checkpoint_activations
    chosen = choose_fit(rows, limit, may_keep, predict or measure)
    stepper.micro_batch = chosen.micro_batch
    stepper.recompute(chosen.recomputes)
    stepper.memory_limit = None if memory == "auto" else limit
    source, each = "a prediction" if predict else "a trial", " on each GPU" if processes.count > 1 else ""
    stepper.notes.append(describe_fit(chosen, rows, limit, memory, source, each))


def try_pass(stepper: Stepper, features: list[Feature], length: int) -> int | None:
    """Return the peak that training would reach with micro-batches of the longest rows, or None if they do not fit."""
    import torch

    held = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    try:
        stepper.run_pass(stepper.to_device(stepper.example(features, length)), 1.0)
        peak = torch.cuda.max_memory_allocated()
        kept = peak - held - gradient_bytes(stepper.parameters)
        reserve = recording_reserve(kept, stepper.micro_batch) if stepper.can_record else 0
        return peak + optimizer_estimate(stepper) + reserve
    except torch.OutOfMemoryError:
        return None
    finally:
        stepper.optimizer.zero_grad()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def rows_beside(micro_batch: int) -> int:
    """Return how many rows of a smaller last batch, which is not recorded, go through the model at once."""
    return math.ceil(micro_batch * UNRECORDED_SHARE)


def recording_reserve(kept: int, micro_batch: int) -> int:
    """Return what recorded passes need beside the activations, `kept` bytes, of one micro-batch."""
    return kept * rows_beside(micro_batch) // micro_batch + int(kept * GAPS_SHARE)


def optimizer_estimate(stepper: Stepper) -> int:
    """Return the bytes that the optimizer's state will take: two numbers per trained weight, of 4 bytes or of 1."""
    weights = sum(parameter.numel() for parameter in stepper.parameters)
    return weights * (2 if stepper.settings.optimizer == "paged_adamw_8bit" else ADAMW_BYTES)


def describe_fit(chosen: Fit, rows: int, limit: int, memory: str, source: str = "a trial", each: str = "") -> str:
    """Return the choice as a sentence for the record."""
    how = "computed again in the backward pass" if chosen.recomputes else "kept"
    peak = "" if chosen.peak_bytes is None else f"; {source} says {chosen.peak_bytes / 1e9:.1f} GB at most"
    return (
        f"Memory {memory}: steps of {rows} rows{each} go through the model {chosen.micro_batch} rows at a time, "
        f"activations are {how}{peak}, {limit / 1e9:.1f} GB allowed."
    )
