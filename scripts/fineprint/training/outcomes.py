"""What a training leaves for its record."""

from __future__ import annotations

from dataclasses import dataclass, field

from fineprint.core.records import CurvePoint, Epoch


@dataclass
class Outcome:
    """History, choices and sizes; what could not be measured is None."""

    epochs: list[Epoch] = field(default_factory=list)
    steps: list[CurvePoint] = field(default_factory=list)
    best_epoch: int = 0
    weight_bytes: int | None = None
    gradient_bytes: int | None = None
    optimizer_bytes: int | None = None
    activation_bytes: int | None = None
    micro_batch: int | None = None
    gradient_checkpointing: bool | None = None
    notes: list[str] = field(default_factory=list)
    resumed_from_steps: list[int] = field(default_factory=list)
