"""The one training loop, for every adapter and readout, on accelerate.

Batches of similar length, every epoch evaluated on held-out training rows, the best one kept. What one optimizer
step does is in `stepping`. Nothing here knows a test row.
"""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fineprint.core.progress import Progress, logger
from fineprint.core.records import CurvePoint, Epoch
from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import Assembled
from fineprint.inference.batching import choose_lengths, split_sorted, training_batches
from fineprint.inference.first_pass import first_pass
from fineprint.jobs.interruption import Request, heed_signals
from fineprint.measuring.tensors import activation_bytes, weight_bytes
from fineprint.models.norms import restore_norms
from fineprint.readouts import EncodedExample
from fineprint.training.evaluation import evaluate, try_evaluation
from fineprint.training.outcomes import Outcome
from fineprint.training.preparation import make_stepper, trained_norms
from fineprint.training.stepping import MOST_LENGTHS, STEPS_PER_LENGTH, Stepper

if TYPE_CHECKING:
    import torch

CURVE_POINTS = 200


class CheckpointKeeper(Protocol):
    """What the loop asks of checkpoints; `resuming.Keeper` does it. A protocol, so that neither imports the other."""

    def keep(self, loop: Loop) -> None:
        """Between two steps: write a checkpoint if one is due; raise `Interrupted` if a signal asked to stop."""

    def resume(self, loop: Loop) -> None:
        """Put the newest checkpoint, if there is one, into a loop that has taken no step yet."""


def train(
    assembled: Assembled,
    examples: list[EncodedExample],
    held_out: list[EncodedExample],
    seed: int,
    name: str,
    keeper: CheckpointKeeper | None = None,
) -> Outcome:
    """Train `assembled.module` in place and leave it as it was at its best epoch.

    Args:
        assembled: a method with everything trainable that should be.
        examples: training rows, encoded with answers.
        held_out: rows the best epoch is chosen on, encoded with answers.
        seed: of batches and dropout.
        name: what progress lines begin with.
        keeper: of checkpoints; None keeps none.

    Raises:
        SettingsError: the loss is NaN, or training changed nothing outside the head.
        Interrupted: a signal asked to stop; a checkpoint was written.
    """
    settings = assembled.method.training
    assert settings is not None
    stepper = make_stepper(assembled, settings, examples)
    before = trained_norms(stepper)
    stepper.processes.begin(stepper.unsharded, seed)
    loop = Loop(assembled, stepper, examples, Progress(name, stepper.schedule.updates, "examples"), keeper)
    # The longest rows make the largest micro-batch: what is reported is a peak.
    with first_pass(assembled):
        loop.measure_activations(split_sorted(examples, stepper.micro_batch)[0])
        # What reads answers is other code: it is not to fail at the end of an epoch.
        try_evaluation(stepper, held_out[:1])
    # Only from here on: what came before, loading above all, would be done again in any case.
    with heed_signals() if keeper else nullcontext(loop.request) as loop.request:
        loop.capture_passes()
        if keeper:
            # After capturing, which runs the model and so moves the random state.
            keeper.resume(loop)
        while loop.epoch <= settings.epochs:
            loop.run_epoch(training_batches(examples, stepper.rows_per_step, seed, loop.epoch))
            loop.close_epoch(held_out)
    loop.restore_best()
    # An adapter on modules that the loss does not reach would else pass for a trained method.
    if assembled.method.adapter.trains and trained_norms(stepper) == before:
        raise SettingsError(f"{name}: training changed no weight of the adapter; is the learning rate 0?")
    return loop.close()


@dataclass
class Loop:
    """The state that the epochs of one training share.

    Attributes:
        assembled: what is trained.
        stepper: takes the steps.
        examples: training rows.
        progress: tells how far the training is.
        keeper: of checkpoints, if any are kept.
        request: to stop.
        outcome: for the record.
        epoch: the one under way, from 1.
        step: steps taken in it.
        update: steps taken in all.
        epoch_loss: sum over the epoch's steps, on the GPU where there is one.
        epoch_start: when the epoch began, by the clock.
        seconds_before: of this epoch, taken before an interruption.
        best: accuracy and negative loss of the best epoch.
        best_state: its weights, in the computer's memory.
        curve: losses and rates of the steps since the curve's last point.
    """

    assembled: Assembled
    stepper: Stepper
    examples: list[EncodedExample]
    progress: Progress
    keeper: CheckpointKeeper | None = None
    request: Request = field(default_factory=Request)
    outcome: Outcome = field(default_factory=Outcome)
    epoch: int = 1
    step: int = 0
    update: int = 0
    epoch_loss: Any = 0.0
    epoch_start: float = 0.0
    seconds_before: float = 0.0
    best: tuple[float, float] = (-1.0, 0.0)
    best_state: dict[str, torch.Tensor] = field(default_factory=dict)
    curve: list[tuple[torch.Tensor, float]] = field(default_factory=list)

    def measure_activations(self, longest: list[EncodedExample]) -> None:
        """Count what the micro-batch of the longest rows keeps for its backward pass."""
        stepper = self.stepper
        stepper.module.train()
        batch = stepper.to_device(stepper.readout.collate(longest))
        self.outcome.activation_bytes = activation_bytes(stepper.module, lambda: stepper.forward(batch))

    def capture_passes(self) -> None:
        """Fix the padded lengths and record the passes, where the machine can and the training is long enough."""
        stepper = self.stepper
        passes = stepper.schedule.updates * math.ceil(stepper.rows_per_step / stepper.micro_batch)
        lengths = min(MOST_LENGTHS, passes // STEPS_PER_LENGTH)
        if not (lengths and stepper.can_capture):
            return
        stepper.module.train()
        stepper.lengths = choose_lengths(self.examples, lengths)
        stepper.record(self.examples)

    @property
    def epoch_seconds(self) -> float:
        """Seconds spent on the steps of the epoch under way."""
        return self.seconds_before + time.perf_counter() - self.epoch_start

    def run_epoch(self, steps: list[list[EncodedExample]]) -> None:
        """Train once on the rows of each step that the epoch has not yet taken."""
        self.stepper.module.train()
        self.epoch_start = time.perf_counter()
        for rows in steps[self.step :]:
            loss = self.take_step(rows)
            self.epoch_loss = self.epoch_loss + loss
            self.step += 1
            self.update += 1
            self.note_step(loss, len(rows))
            self.keep()

    def keep(self) -> None:
        """Between two steps: write a checkpoint if one is due, and stop if the training was asked to."""
        if self.keeper is not None:
            self.keeper.keep(self)

    def take_step(self, rows: list[EncodedExample]) -> torch.Tensor:
        """Take a step; where memory runs out, retry it with fewer rows at a time."""
        import torch

        while True:
            try:
                return self.stepper.run(rows)
            except torch.OutOfMemoryError:
                pass  # The frames of the failed step hold its tensors until the exception is gone.
            self.stepper.shrink()
            self.capture_passes()

    def note_step(self, loss: torch.Tensor, rows: int) -> None:
        """Keep the curve at a bounded number of points and say how far the training is."""
        import torch

        updates = self.stepper.schedule.updates
        self.curve.append((loss, self.stepper.schedule.rate))
        if len(self.curve) >= max(1, updates // CURVE_POINTS) or self.update == updates:
            # Looked at once for each point of the curve: looking waits for the GPU, and at each step would stall it.
            mean = sum(torch.stack([value for value, _ in self.curve]).tolist()) / len(self.curve)
            if not math.isfinite(mean):
                raise SettingsError(
                    f"{self.progress.name}: the loss is {mean} at step {self.update} of {updates}; "
                    "lower the learning rate, raise warmup_ratio, or use mixed_precision bf16 or no"
                )
            rate = self.curve[-1][1]
            self.outcome.steps.append(CurvePoint(step=self.update, loss=mean, learning_rate=rate))
            self.curve.clear()
        self.progress.advance(self.update, rows, lambda: f" · loss {float(loss):.3f}")

    def close_epoch(self, held_out: list[EncodedExample]) -> None:
        """Evaluate the epoch on the held-out rows, keep its weights if it is the best so far, and go to the next."""
        loss = float(self.epoch_loss) / self.step  # waits for the GPU, so that the seconds are those of all steps
        seconds = self.epoch_seconds
        held_out_loss, accuracy = evaluate(self.stepper, held_out)
        epoch, epochs = self.epoch, self.stepper.settings.epochs
        self.outcome.epochs.append(
            Epoch(
                epoch=epoch,
                training_loss=loss,
                held_out_loss=held_out_loss,
                held_out_accuracy=accuracy,
                learning_rate=self.stepper.schedule.rate,
                seconds=seconds,
            )
        )
        logger.info(
            "%s · epoch %d/%d · training loss %.3f · held-out loss %.3f, accuracy %.3f",
            *(self.progress.name, epoch, epochs, loss, held_out_loss, accuracy),
        )
        # Accuracy decides and the lower loss breaks ties, of which few held-out rows have many.
        if (accuracy, -held_out_loss) > self.best or epoch == 1:
            self.best = (accuracy, -held_out_loss)
            self.outcome.best_epoch = epoch
            # The last epoch's weights are in the module itself.
            if epoch < epochs:
                self.best_state = {name: p.detach().cpu().clone() for name, p in self.stepper.trained.items()}
        self.epoch, self.step, self.epoch_loss = epoch + 1, 0, 0.0
        self.seconds_before, self.epoch_start = 0.0, time.perf_counter()
        self.keep()

    def restore_best(self) -> None:
        """Put the best epoch's weights back, unless the last epoch was the best."""
        import torch

        if self.outcome.best_epoch == self.stepper.settings.epochs:
            return
        with torch.no_grad():
            for name, parameter in self.stepper.trained.items():
                parameter.copy_(self.best_state[name])

    def close(self) -> Outcome:
        """Return the outcome with what the steps measured, and let go of what only training needs. Weights that were
        sharded are whole again in the first process, which saves them."""
        # The module may live on, in serving, and is then what Transformers made it.
        restore_norms(self.assembled.module)
        self.outcome.weight_bytes = weight_bytes(self.stepper.module)
        if self.stepper.shards is not None:
            self.stepper.shards.gather_weights(self.assembled.method.adapter.saves_whole_model)
        self.outcome.gradient_bytes = self.stepper.gradient_bytes
        self.outcome.optimizer_bytes = self.stepper.optimizer_bytes
        self.outcome.micro_batch, self.outcome.gradient_checkpointing = (
            self.stepper.micro_batch,
            self.stepper.gradient_checkpointing,
        )
        self.outcome.notes = self.stepper.notes
        # What captured passes set aside is theirs alone; what comes next would lack it.
        self.stepper.graphs = None
        return self.outcome
