"""The one training loop, for every adapter and readout, on accelerate.

Batches of similar length, warm-up and linear decay, an epoch's end judged on held-out training rows, the best epoch
kept. Nothing here knows a test row.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fineprint.assembly import Assembled
from fineprint.batching import prediction_batches, split_sorted, training_batches
from fineprint.config import TrainingSettings
from fineprint.measuring import activation_bytes, gradient_bytes, optimizer_bytes
from fineprint.precisions import half_dtype
from fineprint.progress import Progress, logger
from fineprint.readouts import Feature
from fineprint.records import Epoch
from fineprint.settings import SettingsError

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator

CURVE_POINTS = 200


@dataclass
class Outcome:
    """What training leaves for the record."""

    epochs: list[Epoch] = field(default_factory=list)
    steps: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    gradient_bytes: int | None = None
    optimizer_bytes: int | None = None
    activation_bytes: int | None = None
    notes: list[str] = field(default_factory=list)


def train(assembled: Assembled, features: list[Feature], held_out: list[Feature], seed: int, name: str) -> Outcome:
    """Train `assembled.module` in place and leave it as it was at its best epoch.

    Args:
        assembled: a method with everything trainable that should be.
        features: training rows, encoded with answers.
        held_out: rows the best epoch is chosen on, encoded with answers.
        seed: of batches and dropout.
        name: what progress lines begin with.

    Raises:
        SettingsError: the loss is no number, or training moved nothing outside the head.
    """
    settings = assembled.method.training
    assert settings is not None
    accelerator = make_accelerator(settings)
    optimizer = make_optimizer(assembled.module, settings)
    updates = settings.epochs * math.ceil(math.ceil(len(features) / settings.batch_size) / settings.accumulation_steps)
    schedule = make_schedule(optimizer, settings, updates)
    if settings.checkpoint_activations:
        save_activation_memory(assembled)
    module, optimizer = accelerator.prepare(assembled.module, optimizer)
    loop = Loop(
        assembled, accelerator, module, optimizer, schedule, settings, Progress(name, updates, "examples"), updates
    )
    before = trained_norms(assembled)
    loop.measure_activations(split_sorted(features, settings.batch_size)[0])
    for epoch in range(1, settings.epochs + 1):
        start = time.perf_counter()
        loss = loop.run_epoch(training_batches(features, settings.batch_size, seed, epoch))
        loop.close_epoch(epoch, loss, held_out, time.perf_counter() - start)
    loop.restore_best()
    if assembled.method.adapter.trains and trained_norms(assembled) == before:
        raise SettingsError(f"{name}: training changed no weight of the adapter; is the learning rate 0?")
    return loop.outcome


def make_accelerator(settings: TrainingSettings) -> Accelerator:
    """Return accelerate's view of this machine, in bfloat16 where the card has it, in float32 on a CPU."""
    import torch
    from accelerate import Accelerator

    precision = settings.mixed_precision
    if precision == "auto":
        cuda = torch.cuda.is_available()
        precision = "no" if not cuda else "bf16" if half_dtype() is torch.bfloat16 else "fp16"
    return Accelerator(mixed_precision=precision, gradient_accumulation_steps=settings.accumulation_steps)


def make_optimizer(module: torch.nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Return the optimizer; biases and norms, which are vectors, are not decayed."""
    import torch

    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if settings.optimizer == "paged_adamw_8bit":
        from bitsandbytes.optim import PagedAdamW8bit

        return PagedAdamW8bit([group for group in groups if group["params"]], lr=settings.learning_rate)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def make_schedule(optimizer: torch.optim.Optimizer, settings: TrainingSettings, updates: int) -> Any:
    """Return warm-up followed by linear decay to 0."""
    from transformers import get_linear_schedule_with_warmup

    return get_linear_schedule_with_warmup(optimizer, math.ceil(settings.warmup_share * updates), updates)


def save_activation_memory(assembled: Assembled) -> None:
    """Recompute activations in the backward pass. Without input gradients none would reach the adapter."""
    model = assembled.readout.adapted_model(assembled.module)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.enable_input_require_grads()


def trained_norms(assembled: Assembled) -> list[float]:
    """Return a fingerprint of each trained tensor outside the head: its sum of squares."""
    import torch

    heads = assembled.readout.head_names(assembled.module)
    return [
        float(parameter.detach().double().square().sum())
        for name, parameter in assembled.module.named_parameters()
        if parameter.requires_grad
        and not any(part in heads for part in name.split("."))
        and not torch.is_complex(parameter)
    ]


@dataclass
class Loop:
    """The state that the epochs of one training share."""

    assembled: Assembled
    accelerator: Accelerator
    module: torch.nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Any
    settings: TrainingSettings
    progress: Progress
    updates: int
    outcome: Outcome = field(default_factory=Outcome)
    update: int = 0
    best: tuple[float, float] = (-1.0, 0.0)
    best_state: dict[str, torch.Tensor] = field(default_factory=dict)
    curve: list[tuple[torch.Tensor, float]] = field(default_factory=list)

    def run_epoch(self, batches: list[list[Feature]]) -> float:
        """Train on each batch once and return the mean loss."""
        self.module.train()
        losses = []
        size = self.settings.accumulation_steps
        for start in range(0, len(batches), size):
            losses.append(self.step(batches[start : start + size]))
        return float(sum(losses)) / len(losses)

    def step(self, batches: list[list[Feature]]) -> torch.Tensor:
        """Take one optimizer step on one or more micro-batches, weighted by their rows, and return the mean loss."""
        rows = sum(len(batch) for batch in batches)
        total: Any = 0.0
        for features in batches:
            loss = self.forward(features) * (len(features) / rows)
            # accelerate divides by the number of micro-batches; the rows' share above already did.
            self.accelerator.backward(loss * self.settings.accumulation_steps)
            total = total + loss.detach()
        self.finish_step()
        self.update += 1
        self.note_step(total, rows)
        return total

    def forward(self, features: list[Feature]) -> torch.Tensor:
        """Return the mean loss of a micro-batch."""
        batch = self.to_device(self.assembled.readout.collate(features))
        with self.accelerator.autocast():
            return self.assembled.readout.loss(self.module, batch)

    def measure_activations(self, longest: list[Feature]) -> None:
        """Count what the micro-batch of the longest rows keeps for its backward pass."""
        self.module.train()
        self.outcome.activation_bytes = activation_bytes(self.module, lambda: self.forward(longest))

    def to_device(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Move a batch to where the model is."""
        return {name: tensor.to(self.accelerator.device, non_blocking=True) for name, tensor in batch.items()}

    def finish_step(self) -> None:
        """Clip, update, and measure gradients and optimizer state once, when both exist."""
        parameters = [parameter for parameter in self.module.parameters() if parameter.requires_grad]
        self.accelerator.clip_grad_norm_(parameters, self.settings.gradient_clip)
        self.optimizer.step()
        self.schedule.step()
        if self.outcome.optimizer_bytes is None:
            self.outcome.gradient_bytes = gradient_bytes(self.module)
            self.outcome.optimizer_bytes = optimizer_bytes(self.optimizer)
        self.optimizer.zero_grad()

    def note_step(self, loss: torch.Tensor, rows: int) -> None:
        """Keep the curve at a bounded number of points and say how far the training is."""
        self.curve.append((loss, self.schedule.get_last_lr()[0]))
        if len(self.curve) >= max(1, self.updates // CURVE_POINTS) or self.update == self.updates:
            mean = sum(float(value) for value, _ in self.curve) / len(self.curve)
            if not math.isfinite(mean):
                raise SettingsError(
                    f"{self.progress.name}: the loss is {mean} at step {self.update} of {self.updates}; "
                    "lower the learning rate, raise warmup_share, or use mixed_precision bf16 or no"
                )
            self.outcome.steps.append({"step": self.update, "loss": mean, "learning_rate": self.curve[-1][1]})
            self.curve.clear()
        self.progress.advance(self.update, rows, lambda: f" · loss {float(loss):.3f}")

    def close_epoch(self, epoch: int, loss: float, held_out: list[Feature], seconds: float) -> None:
        """Judge the epoch on the held-out rows and keep its weights if it is the best so far."""
        held_out_loss, accuracy = self.judge(held_out)
        self.outcome.epochs.append(
            Epoch(
                epoch=epoch,
                training_loss=loss,
                held_out_loss=held_out_loss,
                held_out_accuracy=accuracy,
                learning_rate=self.schedule.get_last_lr()[0],
                seconds=seconds,
            )
        )
        logger.info(
            "%s · epoch %d/%d · training loss %.3f · held-out loss %.3f, accuracy %.3f",
            *(self.progress.name, epoch, self.settings.epochs, loss, held_out_loss, accuracy),
        )
        if (accuracy, -held_out_loss) > self.best or epoch == 1:
            self.best = (accuracy, -held_out_loss)
            self.outcome.best_epoch = epoch
            if epoch < self.settings.epochs:
                self.best_state = {name: p.detach().cpu().clone() for name, p in self.trained_parameters()}

    def judge(self, features: list[Feature]) -> tuple[float, float]:
        """Return mean loss and accuracy on held-out rows."""
        import torch

        self.module.eval()
        losses, hits = [], []
        with torch.inference_mode(), self.accelerator.autocast():
            for positions in prediction_batches(features, self.assembled.method.prediction_batch_size):
                batch = self.to_device(self.assembled.readout.collate([features[position] for position in positions]))
                loss, hit = self.assembled.readout.judge(self.module, batch)
                losses.append(loss)
                hits.append(hit)
        return float(torch.cat(losses).mean()), float(torch.cat(hits).float().mean())

    def trained_parameters(self) -> list[tuple[str, torch.nn.Parameter]]:
        """Return the trained parameters by name."""
        return [(name, p) for name, p in self.assembled.module.named_parameters() if p.requires_grad]

    def restore_best(self) -> None:
        """Put the best epoch's weights back, unless the last epoch was the best."""
        import torch

        if self.outcome.best_epoch == self.settings.epochs:
            return
        with torch.no_grad():
            for name, parameter in self.trained_parameters():
                parameter.copy_(self.best_state[name])
