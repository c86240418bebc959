"""Forward and backward passes captured as CUDA graphs, one per shape of batch, and replayed.

At these batch sizes a GPU waits for Python to launch thousands of small kernels. A replayed graph is launched at once
and computes exactly what was recorded. Dropout stays random: torch advances its generator at every replay.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fineprint.readouts import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

# In the first passes libraries set up their workspaces, which cannot be captured. Once these stand, one pass will do
# for each further shape.
WARM_UPS = 2
Shapes = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass
class Capture:
    """One graph, the tensors it reads its batch from, and the loss it writes."""

    graph: torch.cuda.CUDAGraph
    batch: Batch
    loss: torch.Tensor


class StepGraphs:
    """The captured passes of one training. They share one memory pool."""

    def __init__(
        self, run_pass: Callable[[Batch, torch.Tensor], torch.Tensor], finish: Callable[[], Any] | None = None
    ) -> None:
        """Prepare to record.

        Args:
            run_pass: runs forward and backward on a batch that makes up a share of its step, and returns the loss.
            finish: the optimizer step, recorded behind each pass; None leaves it to the caller.
        """
        import torch

        self.run_pass, self.finish = run_pass, finish
        self.pool, self.stream = torch.cuda.graph_pool_handle(), torch.cuda.Stream()
        # A tensor, for a number would be recorded as it is, and the share differs from micro-batch to micro-batch.
        self.share = torch.ones((), device="cuda")
        self.recordings: dict[Shapes, Capture] = {}

    def record(self, batches: list[Batch], forget: Callable[[], Any]) -> None:
        """Record the passes for batches of these shapes.

        All of them are run unrecorded before the first is recorded: afterwards they could not use what captured passes
        have set aside, and would take as much again.

        Args:
            batches: one of each shape, the largest first.
            forget: discards the gradients that running the passes for warm-up leaves.
        """
        import torch

        torch.cuda.empty_cache()  # of what passes on another stream have left
        placed = [{name: tensor.to("cuda", copy=True) for name, tensor in batch.items()} for batch in batches]
        for number, batch in enumerate(placed):
            self.warm_up(batch, forget, 1 if number else WARM_UPS)
        for batch in placed:
            self.capture(batch)

    def warm_up(self, batch: Batch, forget: Callable[[], Any], times: int) -> None:
        """Run the passes unrecorded, so that what libraries set up at first use is not recorded."""
        import torch

        # Streams run past each other unless told: the batch must have arrived before, and all be done afterwards.
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream), create_on_gpu():
            for _ in range(times):
                self.run_pass(batch, self.share)
                forget()
        torch.cuda.current_stream().wait_stream(self.stream)

    def capture(self, batch: Batch) -> None:
        """Record the passes on a batch on the GPU, whose memory replays will read."""
        import torch

        graph = torch.cuda.CUDAGraph()
        with (
            # thread_local: what other threads ask of CUDA meanwhile must not spoil the recording.
            torch.cuda.graph(graph, pool=self.pool, stream=self.stream, capture_error_mode="thread_local"),
            create_on_gpu(),
        ):
            loss = self.run_pass(batch, self.share)
            if self.finish is not None:
                self.finish()
        self.recordings[shapes_of(batch)] = Capture(graph, batch, loss)

    def memory_left(self, limit: int | None) -> int:
        """Return the bytes that other work may take, all that is allocated included: what captured passes have set
        aside is theirs alone.

        Args:
            limit: of the bytes that all may take; None for all that is free.
        """
        import torch

        torch.cuda.empty_cache()
        held = torch.cuda.memory_allocated()
        free, own = torch.cuda.mem_get_info()[0], torch.cuda.memory_reserved() - held
        return held + free if limit is None else min(held + free, limit - own)

    def holds(self, batch: Batch) -> bool:
        """Return whether batches of this shape were recorded."""
        return shapes_of(batch) in self.recordings

    def replay(self, batch: Batch, share: float) -> torch.Tensor:
        """Run the captured passes on a batch in the computer's memory, without waiting for the GPU; return the loss."""
        recording = self.recordings[shapes_of(batch)]
        for name, tensor in batch.items():
            # Into the memory that the recording reads.
            recording.batch[name].copy_(tensor.pin_memory(), non_blocking=True)
        self.share.fill_(share)
        recording.graph.replay()
        # The next replay of this shape overwrites it.
        return recording.loss.clone()


def shapes_of(batch: Batch) -> Shapes:
    """Return a batch's names and shapes."""
    return tuple((name, tuple(tensor.shape)) for name, tensor in sorted(batch.items()))


@contextmanager
def create_on_gpu() -> Iterator[None]:
    """Make new tensors on the GPU. PEFT makes masks of virtual tokens in main memory, and moving them would wait."""
    import torch

    with torch.device("cuda"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def keep_prompt_tokens_on_gpu(module: torch.nn.Module) -> None:
    """Move the numbers of PEFT's virtual tokens, which are no buffers, to the GPU once instead of at every pass."""
    for part in module.modules():
        for name, tokens in getattr(part, "prompt_tokens", {}).items():
            part.prompt_tokens[name] = tokens.to("cuda")


def recover(graphs: StepGraphs) -> None:
    """Bring torch back to ordinary work after a recording that failed half-way."""
    import torch

    device = torch.cuda.current_device()
    graphs.recordings.clear()
    with suppress(Exception):  # ends the recording's hold on the memory pool, where it still has one
        torch._C._cuda_endAllocateToPool(device, graphs.pool)
    torch.cuda.synchronize()
    # A recording that failed leaves the generator counting for it, and dropout would raise from then on.
    fresh = torch.Generator("cuda").manual_seed(torch.initial_seed())
    torch.cuda.default_generators[device].graphsafe_set_state(fresh)
