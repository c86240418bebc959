"""Several processes that share one training, a GPU each: who does what, and what they tell each other.

Each process takes its share of a step's rows, and gradients are added up before the update, so that a step is that of
one process. Nothing is wrapped around the model; weights that are sharded over the processes are `sharding`'s.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from fineprint.core.progress import logger

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")

# Gradients travel in blocks of about so many numbers: few messages, and little memory for the copies.
BLOCK_NUMBERS = 2**25
SEED_STEP = 1_000_003  # a prime, so that the seeds of neighboring runs and processes do not meet


@dataclass(frozen=True)
class Processes:
    """The processes of this training.

    Attributes:
        count: how many there are.
        number: which of them this one is, from 0. Number 0 alone writes results.
        group: through which they exchange what lies in main memory, so that no GPU is waited for.
    """

    count: int = 1
    number: int = 0
    group: Any = None

    @property
    def writes(self) -> bool:
        """Whether this is the one that writes results."""
        return self.number == 0

    def describe(self) -> str:
        """Return a sentence for the record."""
        return (
            f"{self.count} processes shared the training, each taking its part of every step's rows. Time is that of "
            "all together, energy the sum over their GPUs, peak memory that of the fullest. Prediction ran in one."
        )

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return this process's part of what all have in the same order: every so manieth item."""
        return items[self.number :: self.count]

    def add(self, values: list[float]) -> list[float]:
        """Return the values summed over all processes, each by its place."""
        return [sum(column) for column in zip(*self.gather(values), strict=True)]

    def gather(self, value: Item) -> list[Item]:
        """Return every process's value, in their order."""
        import torch

        if self.count == 1:
            return [value]
        values: list[Any] = [None] * self.count
        torch.distributed.all_gather_object(values, value, group=self.group)
        return values

    def highest(self, *values: int) -> list[int]:
        """Return the highest of all processes' values, each by its place."""
        import torch

        if self.count == 1:
            return list(values)
        together = torch.tensor(values)
        torch.distributed.all_reduce(together, torch.distributed.ReduceOp.MAX, group=self.group)
        return together.tolist()

    def lowest(self, value: int | None) -> int | None:
        """Return the lowest of all processes' values, or None where they have none."""
        return None if value is None else -self.highest(-value)[0]

    def add_tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return a tensor summed over all processes, without waiting for a GPU."""
        import torch

        if self.count > 1:
            torch.distributed.all_reduce(tensor)
        return tensor

    def add_gradients(self, parameters: list[torch.nn.Parameter]) -> None:
        """Sum the gradients of all processes, in place. All must have them for the same parameters."""
        import torch

        for block in blocks_of([p.grad for p in parameters if p.grad is not None]) if self.count > 1 else ():
            together = self.add_tensor(torch.cat([gradient.reshape(-1) for gradient in block]))
            parts = together.split([gradient.numel() for gradient in block])
            for gradient, part in zip(block, parts, strict=True):
                gradient.copy_(part.view_as(gradient))

    def begin(self, parameters: list[torch.nn.Parameter], seed: int) -> None:
        """Start from the first process's weights, each process with dropout of its own."""
        import torch

        if self.count == 1:
            return
        # All drew the new weights from one seed. Should a library on one machine have drawn otherwise, this mends it.
        for parameter in parameters:
            torch.distributed.broadcast(parameter.data, 0)
        if self.number:
            torch.manual_seed(seed + SEED_STEP * self.number)


def blocks_of(tensors: list[torch.Tensor]) -> list[list[torch.Tensor]]:
    """Return tensors in order, cut into blocks of one dtype and about `BLOCK_NUMBERS` numbers."""
    blocks: list[list[torch.Tensor]] = []
    size = 0
    for tensor in tensors:
        if not blocks or size + tensor.numel() > BLOCK_NUMBERS or blocks[-1][-1].dtype != tensor.dtype:
            blocks.append([])
            size = 0
        blocks[-1].append(tensor)
        size += tensor.numel()
    return blocks


def processes_started() -> int:
    """Return how many processes torchrun started, or 1 where it was not torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@functools.cache
def join_processes() -> Processes:
    """Meet the other processes that torchrun started with this one, if there are any, and take a GPU of one's own.

    To be called before a model is loaded, which goes to the current GPU.
    """
    if processes_started() == 1:
        return Processes()
    import torch
    from accelerate import PartialState

    state = PartialState(cpu=not torch.cuda.is_available())
    if state.process_index:
        logger.setLevel(logging.ERROR)  # they all have the same to tell
    # A second group, through main memory: what is agreed on by it does not wait for the work that a GPU was given.
    return Processes(state.num_processes, state.process_index, torch.distributed.new_group(backend="gloo"))


def leave_processes(status: int) -> None:
    """Part from the other processes and end this one, if there are several; alone, return.

    Python's own ending is left out: threads that carried messages may still run then, and now and then abort a process
    that has done its work (https://github.com/pytorch/pytorch/issues/190489).

    Args:
        status: to end with. If it is no success, others may wait for this process for ever; torchrun ends them.
    """
    if processes_started() == 1:
        return
    import torch

    if status == 0 and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
