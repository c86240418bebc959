"""What claims are tested on: a few figures of each run. Those of another study are kept beside the templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fineprint.core.records.base import Record
from fineprint.core.records.measures import Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedBackbone(Record):
    """A model that methods stand on. `settings` are the config's; origin and pretrained are what its kind says."""

    settings: dict[str, Any]
    model_type: str | None
    parameters: int | None
    bytes: int | None
    origin: str
    pretrained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedRun(Record):
    """One run, or a method that was only counted: what was not measured is None."""

    method: str
    seed: int
    trained: bool
    parameters: Parameters | None = None
    checkpoint_bytes: int | None = None
    micro_batch: int | None = None
    gradient_checkpointing: bool | None = None
    epoch_seconds: list[float] = field(default_factory=list)  # recording of CUDA graphs and evaluation apart
    training_peak_bytes: int | None = None
    prediction_peak_bytes: int | None = None
    peak_kind: Literal["allocated", "resident"] | None = None
    unpacked_bytes: int | None = None  # of 4-bit weights, held a second time in prediction
    processor: str | None = None  # of training
    gpu: str | None = None  # of every job that measured anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt(Record):
    """What claims need of a study on one task: `report/arithmetic.json`, where nothing was trained but only counted,
    `report/capacity.json`, measured on a GPU, and the report's own study."""

    study: str
    created: str | None = None  # ISO 8601, UTC
    commit: str | None = None
    methods: dict[str, dict[str, Any]]  # as the config resolves them, each with its title
    backbones: dict[str, QuotedBackbone]
    runs: list[QuotedRun]
    not_run: dict[str, str] = field(default_factory=dict)  # method → why none of its runs was made

    def list_runs(self, method: str) -> list[QuotedRun]:
        """Return a method's runs, of all seeds."""
        return [run for run in self.runs if run.method == method]

    def title(self, method: str) -> str:
        """Return what a method is called."""
        return self.methods[method].get("title") or method

    def backbone(self, method: str) -> QuotedBackbone:
        """Return the model that a method stands on."""
        return self.backbones[self.methods[method]["backbone"]]
