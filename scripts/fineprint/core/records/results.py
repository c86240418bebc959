"""All records of a study in one file: all the report is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from fineprint.core.records.base import Record
from fineprint.core.records.comparisons import Comparison, TaskMean
from fineprint.core.records.errors import TaskErrors
from fineprint.core.records.findings import Finding
from fineprint.core.records.jobs import Provenance, Step
from fineprint.core.records.kinds import Kinds
from fineprint.core.records.measures import Parameters, PeakMemory, Phase
from fineprint.core.records.runs import PredictRecord, TrainRecord
from fineprint.core.records.scores import Score, ScoreRecord
from fineprint.core.records.serving import CombiningRecord, ForgettingRecord, ServingRecord
from fineprint.core.records.sources import BackboneRecord, TaskRecord

WHOLE_MODEL_SHARE = 0.99  # a method that trains more of all weights than this saves a model of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Record):
    """One run: a method, a task, a seed. What it did not leave is None."""

    task: str
    method: str
    seed: int
    title: str
    status: str  # "ok", "collapsed", "cost only", "failed" or "not run"
    reason: str | None
    train: TrainRecord | None
    predict: PredictRecord | None
    scores: ScoreRecord | None

    @property
    def is_trained(self) -> bool:
        """Whether the run trained anything."""
        return self.train is not None and self.train.trained

    @property
    def trained(self) -> TrainRecord | None:
        """The training record, None of a run that trained nothing."""
        return self.train if self.is_trained else None

    @property
    def loads_no_model(self) -> bool:
        """Whether it is known to have answered without a model."""
        return self.parameters is not None and self.parameters.total == 0

    @property
    def trains_head_alone(self) -> bool:
        """Whether a head was trained on the frozen backbone, and nothing else."""
        return self.is_trained and self.parameters is not None and not self.parameters.adapter

    @property
    def trains_everything(self) -> bool:
        """Whether every weight was trained, so that what is saved is a full model."""
        counts = self.parameters
        return self.is_trained and counts is not None and counts.share > WHOLE_MODEL_SHARE

    @property
    def parameters(self) -> Parameters | None:
        """Parameter counts: as trained, else as used for prediction."""
        if self.train is not None and self.train.parameters is not None:
            return self.train.parameters
        return self.predict.parameters if self.predict is not None else None

    @property
    def has_model(self) -> bool:
        """Whether a model answered; the majority class needs none."""
        return self.parameters is None or self.parameters.total > 0

    def phase(self, name: str) -> Phase | None:
        """Return a phase from the training record, or where that has none of this name from the prediction's."""
        records = [record for record in (self.train, self.predict) if record is not None]
        return next((record.phases[name] for record in records if name in record.phases), None)

    def seconds(self, name: str) -> float | None:
        """Return how long a phase took."""
        found = self.phase(name)
        return None if found is None else found.seconds

    def peak_memory(self, name: str) -> PeakMemory:
        """Return a phase's headline figure of memory."""
        found = self.phase(name)
        return PeakMemory(None, "resident") if found is None else found.memory.peak

    @property
    def training_memory(self) -> PeakMemory:
        """The figure that methods are compared by: a GPU's peak, else the exact bytes of the tensors that training
        keeps. How far the resident size of a process grows depends on what it had loaded and freed before."""
        peak = self.peak_memory("training")
        if peak.kind == "allocated":
            return peak
        return PeakMemory(self.trained.kept_bytes if self.trained else None, "counted")

    def gpu_peak(self, name: str) -> int | None:
        """Return the peak of a phase on a GPU; None where there was none."""
        peak = self.peak_memory(name)
        return peak.bytes if peak.kind == "allocated" else None

    def score(self, split: str) -> Score | None:
        """Return the score on a split, or None if there is none."""
        return self.scores.splits.get(split) if self.scores is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RealSize(Record):
    """Another study, with models of real size, that this report quotes; without results where it was not run."""

    file: str
    results: Results | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving(Record):
    """Many tasks on one backbone."""

    seed: int
    tasks: dict[str, TaskRecord]
    runs: list[Run]
    ways: ServingRecord | None
    combining: CombiningRecord | None
    forgetting: ForgettingRecord | None
    real_size: RealSize | None
    means: list[TaskMean]
    comparisons: list[Comparison]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results(Record):
    """`results/{study}/results.json`: all the report is made from."""

    made_by: ClassVar[str] = "collect_results"

    study: dict[str, Any]  # the resolved config
    kinds: Kinds
    provenance: Provenance
    tasks: dict[str, TaskRecord]
    backbones: dict[str, BackboneRecord]
    runs: list[Run]
    means: list[TaskMean] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)  # by task, what concerns most examples first
    errors: list[TaskErrors] = field(default_factory=list)  # of each task with answers to compare
    serving: Serving | None = None
    steps: list[Step] = field(default_factory=list)  # in data-flow order; none where Snakemake ran without hooks
