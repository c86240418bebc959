"""The optimizer, its learning rate, and accelerate's view of the machine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fineprint.models.precisions import half_dtype
from fineprint.study.schema import TrainingSettings

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator


def make_accelerator(settings: TrainingSettings) -> Accelerator:
    """Return accelerate's view of this machine, in bfloat16 where the GPU has it, in float32 on a CPU."""
    import torch
    from accelerate import Accelerator
    from accelerate.utils import AutocastKwargs

    precision = settings.mixed_precision
    if precision == "auto":
        cuda = torch.cuda.is_available()
        precision = "no" if not cuda else "bf16" if half_dtype() is torch.bfloat16 else "fp16"
    # A cache of converted weights would outlive the recording it was filled in.
    return Accelerator(mixed_precision=precision, kwargs_handlers=[AutocastKwargs(cache_enabled=False)])


def make_optimizer(trained: list[torch.nn.Parameter], settings: TrainingSettings) -> torch.optim.Optimizer:
    """Return the optimizer; biases and norms, which are vectors, are not decayed."""
    import torch

    groups = [
        # Decay would pull a norm's scale, which starts at 1, towards 0; BERT's own training spared vectors, too.
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if settings.optimizer == "paged_adamw_8bit":
        from fineprint.training.paged import PagedAdamW

        return PagedAdamW([group for group in groups if group["params"]], lr=settings.learning_rate)
    if trained[0].is_cuda:  # both the rate and the count of steps live on the GPU, as a captured step needs
        rate = torch.tensor(settings.learning_rate, device=trained[0].device)
        return torch.optim.AdamW(groups, lr=rate, fused=True, capturable=True)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def can_capture(optimizer: torch.optim.Optimizer) -> bool:
    """Return whether the optimizer's step can be recorded: bitsandbytes' counts its steps outside the GPU."""
    return all(group.get("capturable", False) for group in optimizer.param_groups)


@dataclass
class Schedule:
    """Warm-up followed by linear decay to 0. A rate that lives on the GPU is overwritten there, without waiting."""

    optimizer: torch.optim.Optimizer
    peak: float
    warmup: int
    updates: int
    update: int = 0

    def __post_init__(self) -> None:
        """Start at the first update's rate."""
        self.set_rate(self.rate)

    @property
    def rate(self) -> float:
        """The rate of the coming update."""
        # The first rate is 0, as in Transformers' `get_linear_schedule_with_warmup`.
        if self.update < self.warmup:
            return self.peak * (self.update / self.warmup)
        # max(1, …): a warm-up over all updates leaves none to fall over.
        return self.peak * max(0.0, (self.updates - self.update) / max(1, self.updates - self.warmup))

    def advance(self) -> None:
        """Go to the next update."""
        self.update += 1
        self.set_rate(self.rate)

    def set_rate(self, rate: float) -> None:
        """Give every group of parameters a rate."""
        import torch

        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate


def make_schedule(optimizer: torch.optim.Optimizer, settings: TrainingSettings, updates: int) -> Schedule:
    """Return the learning rate over `updates` updates."""
    # Rounded up, as Transformers rounds its `warmup_ratio`.
    return Schedule(optimizer, settings.learning_rate, math.ceil(settings.warmup_ratio * updates), updates)
