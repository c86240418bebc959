"""What must hold on a GPU of precision and memory: half precision follows float32, less memory takes the same steps."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import torch

from checks import STEPS, assert_captured, assert_near, assert_same_weights, losses_of, run
from fineprint.readouts.generation import Generation
from fineprint.training.loop import Loop

if TYPE_CHECKING:
    from collections.abc import Iterator

LEARNED = ("full", "generation", "decoder")  # its loss falls to less than half within the steps
FAST = {"learning_rate": 3e-3}
# bfloat16 has 8 bits: each number is rounded by up to 0.4 %; a loss, in which many errors cancel, by less than this.
BFLOAT16_ERROR = 0.02
# Loss scaling leaves out the first steps, until it has found a scale at which no gradient overflows.
FLOAT16_ERROR = 0.1
MEBIBYTE = 2**20


def check_bfloat16() -> None:
    """Captured steps in bfloat16 follow those in float32 within bfloat16's error."""
    wanted, _ = run(*LEARNED, record=False, **FAST)
    found, _ = run(*LEARNED, record=True, mixed_precision="bf16", **FAST)
    assert_captured(found)
    assert losses_of(wanted)[-1] < losses_of(wanted)[0] / 2
    assert_near(losses_of(found), losses_of(wanted), BFLOAT16_ERROR)


def check_float16() -> None:
    """With loss scaling float16 trains as float32 does."""
    wanted, found = (losses_of(run(*LEARNED, record=True, mixed_precision=kind, **FAST)[0]) for kind in ("no", "fp16"))
    assert_near(found[:1], wanted[:1], BFLOAT16_ERROR)
    assert_near([sum(found[-5:]) / 5], [sum(wanted[-5:]) / 5], FLOAT16_ERROR)


def check_recomputing(**less: Any) -> None:
    """Activations computed again in the backward pass give the plain steps."""
    choice = ("lora", "generation", "decoder")
    plain, weights = run(*choice, record=False)
    found, others = run(*choice, record=True, **less)
    assert found.gradient_checkpointing and found.micro_batch is not None
    assert_near(losses_of(found), losses_of(plain), 1e-4)
    assert_same_weights(others, weights, 1e-2)


def check_lean() -> None:
    """A training that may take little more than its weights takes the plain steps."""
    check_recomputing(memory="lean")


@contextmanager
def hungry(from_step: int) -> Iterator[None]:
    """From a step on, let a pass take 12 MiB for each row and torch only 64 MiB more than it holds by then, so that
    five rows at once fit and eight do not."""
    loss, take, total = Generation.loss, Loop.take_step, torch.cuda.mem_get_info()[1]

    def greedy_loss(self: Any, module: Any, batch: Any) -> torch.Tensor:
        taken = torch.empty(12 * MEBIBYTE * len(batch["label"]), dtype=torch.uint8, device="cuda")
        result = loss(self, module, batch)
        del taken
        return result

    def take_step(self: Loop, rows: Any) -> torch.Tensor:
        if self.update == from_step and Generation.loss is loss:
            torch.cuda.empty_cache()
            torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 64 * MEBIBYTE) / total)
            Generation.loss = greedy_loss
        return take(self, rows)

    try:
        with mock.patch.object(Loop, "take_step", take_step):
            yield
    finally:
        Generation.loss = loss
        torch.cuda.set_per_process_memory_fraction(1.0)


def check_running_out() -> None:
    """Where memory runs out in the middle of a training, its steps stay the same: the same rows, fewer at a time."""
    choice = ("lora", "generation", "decoder")
    plain, weights = run(*choice, record=False)
    with hungry(STEPS // 2):
        found, others = run(*choice, record=False)
    assert plain.micro_batch == 8 and found.micro_batch == 4
    assert any(f"Memory ran out before step {STEPS // 2 + 1}" in note for note in found.notes), found.notes
    assert_near(losses_of(found), losses_of(plain), 1e-4)
    assert_same_weights(others, weights, 1e-2)


MEMORY: dict[str, Any] = {
    "bfloat16 against float32": check_bfloat16,
    "float16 with loss scaling": check_float16,
    "recomputing": lambda: check_recomputing(gradient_checkpointing=True),
    "lean": check_lean,
    "memory runs out": check_running_out,
}
