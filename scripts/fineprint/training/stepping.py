"""One optimizer step: micro-batches forward and backward, clipping, update, learning rate. It never waits for a GPU."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fineprint.core.progress import logger
from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import Assembled
from fineprint.inference.batching import example_length, padded_length, split_sorted
from fineprint.jobs.processes import Processes, join_processes
from fineprint.measuring.tensors import gradient_bytes, optimizer_bytes
from fineprint.models.sharding import Shards, list_trained_parameters
from fineprint.planning.budget import rows_beside
from fineprint.readouts import Batch, EncodedExample
from fineprint.study.schema import TrainingSettings
from fineprint.training.graphs import StepGraphs, create_on_gpu, keep_prompt_tokens_on_gpu, recover
from fineprint.training.optimizing import Schedule, can_capture

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator

# Each padded length costs one recording, about as long as five steps.
MOST_LENGTHS = 8
STEPS_PER_LENGTH = 20


@dataclass
class Stepper:
    """Everything an optimizer step needs.

    Attributes:
        assembled: the method.
        accelerator: mixed precision, loss scaling, several processes.
        module: as accelerate prepared it.
        optimizer: likewise.
        schedule: of the learning rate.
        settings: of the training.
        micro_batch: rows that go through the model at once.
        lengths: what micro-batches are padded to; empty pads each to its own longest row.
        graphs: captured passes, on a GPU.
        gradient_bytes: of all gradients, once they existed.
        optimizer_bytes: of the optimizer's state, once it existed.
        gradient_checkpointing: whether activations are computed again in the backward pass instead of being kept.
        memory_limit: bytes of a GPU that all may take; None for all that is free.
        notes: sentences for the record.
        processes: that share the training.
        shards: the weights' parts, where these processes share them, too.
    """

    assembled: Assembled
    accelerator: Accelerator
    module: torch.nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    settings: TrainingSettings
    micro_batch: int
    lengths: list[int] = field(default_factory=list)
    graphs: StepGraphs | None = None
    gradient_bytes: int | None = None
    optimizer_bytes: int | None = None
    gradient_checkpointing: bool = False
    memory_limit: int | None = None
    notes: list[str] = field(default_factory=list)
    processes: Processes = field(default_factory=join_processes)
    shards: Shards | None = None

    def __post_init__(self) -> None:
        """Look up once what every step needs."""
        self.readout = self.assembled.readout
        self.trained = list_trained_parameters(self.module, self.shards)
        self.parameters = list(self.trained.values())
        self.unsharded = [p for p in self.parameters if self.shards is None or not self.shards.is_part(p)]
        self.on_gpu = self.accelerator.device.type == "cuda"

    @property
    def rows_per_step(self) -> int:
        """Rows that one optimizer step sees."""
        return self.settings.batch_size * self.settings.gradient_accumulation_steps

    def set_gradient_checkpointing(self, wanted: bool) -> None:
        """Keep activations for the backward pass, or compute them again there."""
        if wanted == self.gradient_checkpointing:
            return
        model = self.readout.adapted_model(self.assembled.module)
        if wanted:  # without input gradients none would reach the adapter
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            model.enable_input_require_grads()
        else:
            model.gradient_checkpointing_disable()
            model.disable_input_require_grads()
        self.gradient_checkpointing = wanted

    def shrink(self) -> None:
        """Take half as many rows at a time, after memory ran out in a step, which then has changed no weight.

        Raises:
            SettingsError: one row at a time is too much.
        """
        import torch

        if self.processes.count > 1:
            raise SettingsError(
                "memory ran out in one of several processes, which cannot retry the step on its own; lower batch_size "
                "and raise gradient_accumulation_steps to the same product"
            )
        if self.micro_batch == 1:
            raise SettingsError(
                "a single example does not fit the GPU's memory; lower max_length, set "
                "training.gradient_checkpointing: true, or store the backbone at a precision of fewer bits"
            )
        self.micro_batch = math.ceil(self.micro_batch / 2)
        self.graphs, self.lengths = None, []
        self.optimizer.zero_grad()
        if self.on_gpu:
            torch.cuda.empty_cache()
        self.notes.append(
            f"Memory ran out before step {self.schedule.update + 1}, which was retried: from there on "
            f"in micro-batches of {self.micro_batch}; a step still has {self.rows_per_step} examples."
        )
        logger.warning(self.notes[-1])

    def run(self, rows: list[EncodedExample]) -> torch.Tensor:
        """Take one optimizer step on rows of similar length and return their mean loss.

        Every process is given all of them and takes its share; one left with fewer passes than others runs a row that
        counts nothing, so that it has gradients, of 0, for the same weights, and is there when others need its part
        of a layer.
        """
        terms = self.readout.count_terms(rows)
        (ordered,) = split_sorted(rows, len(rows))
        own = self.processes.share(ordered)
        # A part weighs by its terms of the loss, not by 1 / number of parts: however memory has rows cut, the gradient
        # is that of the whole step.
        parts = [(part, self.readout.count_terms(part) / terms) for part in split_sorted(own, self.micro_batch)]
        passes = math.ceil(math.ceil(len(rows) / self.processes.count) / self.micro_batch)
        parts += [(rows[:1], 0.0)] * (passes - len(parts))
        total: Any = 0.0
        updated = False
        for part, share in parts:
            batch = self.collate(part)
            if self.graphs is not None and self.graphs.holds(batch):
                loss = self.graphs.replay(batch, share)
                # A captured pass that holds a whole step has changed the weights already.
                updated = self.graphs.finish is not None
            else:
                loss = self.run_uncaptured(part, batch, share)
            total = total + loss
        if not updated:
            if self.shards is not None:
                self.shards.take_gradients()
            self.processes.add_gradients(self.unsharded)
            total = self.processes.add_tensor(total)
            self.update()
            self.note_memory()
            self.clear_gradients()
        self.schedule.advance()
        return total

    def run_uncaptured(self, rows: list[EncodedExample], batch: Batch, share: float) -> torch.Tensor:
        """Run the passes on a micro-batch; beside captured ones, which keep their memory, a few rows at a time."""
        most = len(rows) if self.graphs is None else rows_beside(self.micro_batch)
        if len(rows) <= most:
            return self.run_pass(self.to_device(batch), share)
        terms, total = self.readout.count_terms(rows), 0.0
        for part in split_sorted(rows, most):
            own = share * self.readout.count_terms(part) / terms
            total = total + self.run_pass(self.to_device(self.collate(part)), own)
        return total

    def memory_left(self) -> int | None:
        """Return the bytes of a GPU that all may take but captured passes, which keep theirs; None for all that is
        free."""
        return self.memory_limit if self.graphs is None else self.graphs.memory_left(self.memory_limit)

    def collate(self, examples: list[EncodedExample]) -> Batch:
        """Stack a micro-batch, padded to one of the fixed lengths where there are any."""
        if not self.lengths:
            return self.readout.collate(examples)
        return self.readout.collate(examples, padded_length(examples, self.lengths))

    def to_device(self, batch: Batch) -> Batch:
        """Move a batch to where the model is."""
        if not self.on_gpu:
            return batch
        device = self.accelerator.device
        # A copy out of pinned memory need not be waited for.
        return {name: tensor.pin_memory().to(device, non_blocking=True) for name, tensor in batch.items()}

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return the mean loss of a micro-batch."""
        with self.accelerator.autocast():
            return self.readout.loss(self.module, batch)

    def run_pass(self, batch: Batch, share: float | torch.Tensor) -> torch.Tensor:
        """Add a micro-batch's gradients to those of its step, of which it makes up a share; return its part of the
        loss."""
        loss = self.forward(batch) * share
        self.accelerator.backward(loss)
        return loss.detach()

    def update(self) -> None:
        """Clip the gradients and change the weights."""
        if self.shards is None:
            self.accelerator.clip_grad_norm_(self.parameters, self.settings.max_grad_norm)
        else:
            self.shards.clip_gradients(self.unsharded, self.settings.max_grad_norm)
        self.optimizer.step()

    def clear_gradients(self) -> None:
        """Forget the gradients: in place where captured passes add to them, else altogether."""
        import torch

        if self.shards is not None:
            self.shards.clear_gradients()
        if self.graphs is None or self.graphs.finish is not None:
            self.optimizer.zero_grad()
        else:
            torch._foreach_zero_([p.grad for p in self.parameters if p.grad is not None])

    def note_memory(self) -> None:
        """Measure gradients and optimizer state once, when both exist."""
        if self.optimizer_bytes is None:
            self.gradient_bytes = gradient_bytes(self.parameters)
            self.optimizer_bytes = optimizer_bytes(self.optimizer)

    @property
    def can_capture(self) -> bool:
        """Whether passes can be recorded here: loss scaling looks at every gradient, several processes exchange them,
        and recomputed activations put the random state back, all of which waits for the GPU."""
        alone = self.processes.count == 1 and self.accelerator.mixed_precision != "fp16"
        return self.on_gpu and alone and not self.gradient_checkpointing and not self.readout.waits

    def record(self, examples: list[EncodedExample]) -> None:
        """Record a pass per padded length, the longest first; where that fails, go on without and say why.

        Args:
            examples: of the training; some are used to try each pass.
        """
        whole_steps = can_capture(self.optimizer) and self.micro_batch >= self.rows_per_step
        self.graphs = StepGraphs(self.run_pass, self.finish if whole_steps else None)
        start = time.perf_counter()
        try:
            keep_prompt_tokens_on_gpu(self.module)
            self.rehearse(self.example(examples, self.lengths[-1]), whole_steps)
            self.graphs.record([self.example(examples, n) for n in reversed(self.lengths)], self.clear_gradients)
        except RuntimeError as error:
            recover(self.graphs)
            self.graphs = None
            self.optimizer.zero_grad()
            reason = str(error).strip().splitlines()[0]
            self.notes.append(f"Passes were run one by one, since they could not be captured as CUDA graphs: {reason}")
        else:
            seconds = time.perf_counter() - start
            self.notes.append(
                f"Forward and backward passes were captured as {len(self.lengths)} CUDA graphs, for inputs of up to "
                f"{', '.join(map(str, self.lengths))} tokens; recording took {seconds:.1f} s."
            )
        # The rehearsal left it at 0.
        self.schedule.set_rate(self.schedule.rate)

    def example(self, examples: list[EncodedExample], length: int) -> Batch:
        """Return a micro-batch of rows that fit a padded length."""
        fitting = sorted((f for f in examples if example_length(f) <= length), key=example_length)
        # The longest that fit, repeated where they are too few: the shape has to be that of a full micro-batch.
        rows = (fitting * self.micro_batch)[-self.micro_batch :]
        return self.readout.collate(rows, length)

    def rehearse(self, batch: Batch, whole_steps: bool) -> None:
        """Run one pass and, where the optimizer is to be recorded, an update that changes nothing, so that gradients
        and optimizer state exist and can be measured."""
        import torch

        with create_on_gpu():
            self.run_pass(self.to_device(batch), 1.0)
        self.gradient_bytes = gradient_bytes(self.parameters)
        if whole_steps:
            torch._foreach_zero_([p.grad for p in self.parameters if p.grad is not None])
            self.schedule.set_rate(0.0)
            self.optimizer.step()
            for state in self.optimizer.state.values():
                # The rehearsal must not count in AdamW's bias correction.
                state["step"].zero_()
            self.optimizer_bytes = optimizer_bytes(self.optimizer)
        self.clear_gradients()

    def finish(self) -> None:
        """End a step: clip, update, forget the gradients."""
        self.update()
        self.clear_gradients()
