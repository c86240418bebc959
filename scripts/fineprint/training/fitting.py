"""Fitting a training into the memory there is: how many rows go through the model at once, and whether activations are
kept or computed again in the backward pass. What a step computes stays the same; its rows are only cut differently.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fineprint.inference.batching import example_length
from fineprint.measuring.tensors import gradient_bytes
from fineprint.planning.budget import ADAMW_BYTES, Fit, Predict, capture_reserve, choose_fit, memory_limit
from fineprint.readouts import EncodedExample
from fineprint.readouts._padding import round_up

if TYPE_CHECKING:
    from fineprint.training.stepping import Stepper

# Stands for None where processes exchange whole numbers: more than any memory.
DOES_NOT_FIT = 2**62


def fit(stepper: Stepper, examples: list[EncodedExample], memory: str, predict: Predict | None = None) -> None:
    """Choose how the stepper takes its steps on this GPU, and note the choice; several processes choose alike.

    Args:
        stepper: to be set.
        examples: of the training.
        memory: what the method may take.
        predict: returns the peak of a micro-batch, keeping or recomputing. It stands in for the trial where weights are
            sharded over processes: one whose memory ran out in a trial would leave the others waiting for its part.
    """
    processes = stepper.processes
    limit = processes.lowest(memory_limit(memory))
    assert limit is not None
    rows = math.ceil(stepper.rows_per_step / processes.count)
    longest = max(map(example_length, examples))
    length = round_up(longest)
    # Only in training are there dropout's masks, which take memory as well.
    stepper.module.train()

    def measure(micro_batch: int, gradient_checkpointing: bool) -> int | None:
        stepper.micro_batch = micro_batch
        stepper.set_gradient_checkpointing(gradient_checkpointing)
        peak = try_pass(stepper, examples, length)
        # All processes must cut a step alike, so what does not fit one fits none.
        agreed = processes.highest(DOES_NOT_FIT if peak is None else peak)[0]
        return None if agreed == DOES_NOT_FIT else agreed

    may_keep = memory != "lean" and not stepper.settings.gradient_checkpointing
    chosen = choose_fit(rows, limit, may_keep, predict or measure)
    stepper.micro_batch = chosen.micro_batch
    stepper.set_gradient_checkpointing(chosen.gradient_checkpointing)
    stepper.memory_limit = None if memory == "auto" else limit
    source, each = "a prediction" if predict else "a trial", " on each GPU" if processes.count > 1 else ""
    stepper.notes.append(describe_fit(chosen, rows, limit, memory, source, each))


def try_pass(stepper: Stepper, examples: list[EncodedExample], length: int) -> int | None:
    """Return the peak that training would reach with micro-batches of the longest rows, or None if they do not fit."""
    import torch

    # Tried rather than predicted: near the limit the few per cent by which a prediction is off decide.
    held = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    try:
        stepper.run_pass(stepper.to_device(stepper.example(examples, length)), 1.0)
        peak = torch.cuda.max_memory_allocated()
        # The optimizer has no state yet and nothing is captured: both are added by arithmetic.
        kept = peak - held - gradient_bytes(stepper.parameters)
        reserve = capture_reserve(kept, stepper.micro_batch) if stepper.can_capture else 0
        return peak + optimizer_estimate(stepper) + reserve
    except torch.OutOfMemoryError:
        return None
    finally:
        # A trial's gradients are none of the training's, and its blocks would stand in the way of the next trial's.
        stepper.optimizer.zero_grad()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def optimizer_estimate(stepper: Stepper) -> int:
    """Return the bytes that the optimizer's state will take: two numbers per trained weight, of 4 bytes or of 1."""
    weights = sum(parameter.numel() for parameter in stepper.parameters)
    return weights * (2 if stepper.settings.optimizer == "paged_adamw_8bit" else ADAMW_BYTES)


def describe_fit(chosen: Fit, rows: int, limit: int, memory: str, source: str = "a trial", each: str = "") -> str:
    """Return the choice as a sentence for the record."""
    how = "with" if chosen.gradient_checkpointing else "without"
    peak = "" if chosen.peak_bytes is None else f"; {source} says {chosen.peak_bytes / 1e9:.1f} GB at most"
    return (
        f"Memory {memory}: steps of {rows} examples{each} run in micro-batches of {chosen.micro_batch}, "
        f"{how} gradient checkpointing{peak}, {limit / 1e9:.1f} GB allowed."
    )
