"""What is measured of many tasks on one backbone. What was not measured is `None`; sizes are bytes, times seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from fineprint.core.records.base import Record
from fineprint.core.records.jobs import Environment
from fineprint.core.records.measures import Parameters, Phase
from fineprint.core.records.runs import Epoch
from fineprint.core.records.scores import CountedAccuracy


@dataclass(slots=True, kw_only=True)
class Served(Record):
    """One way of serving one number of tasks."""

    way: str
    method: str
    tasks: int
    trained: bool  # False: beyond the trained tasks, copies of them under other names
    reason: str | None = None  # why nothing was measured; every figure is then None
    disk_bytes: int | None = None  # read off the disk: the backbone's weights, once, and what training saved by task
    held_bytes: int | None = None  # distinct tensors in memory with all tasks ready
    peak_allocated_bytes: int | None = None  # on a GPU, while switching and answering
    resident_bytes: int | None = None  # on a CPU: growth of the process since before the first task was loaded
    first_answer_seconds: float | None = None  # from nothing loaded: load everything that is kept, answer one row
    add_task_seconds: float | None = None  # to make the last task available; None where it is loaded when asked for
    switch_seconds_median: float | None = None
    switch_seconds_p99: float | None = None  # of a hundred switches or more
    switches: int | None = None
    switch_tasks: int | None = None  # among how many they were timed: fewer, where reading from disk was timed once
    rows_per_second: float | None = None  # on a stream of rows of all tasks in random order: the median of the rounds
    rows_per_second_low: float | None = None  # the slowest round
    rows_per_second_high: float | None = None
    rounds: int | None = None
    rows_answered: int | None = None  # in all rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Record):
    """Whether a way answers as each task served alone does."""

    way: str
    method: str
    rows: int
    same_labels: int  # as the run's own predictions
    undecided_labels: int  # others, where the task alone is nearer to a tie than rounding can move the logits
    largest_difference: float  # of a logit, in the row that comes nearest to its tolerance
    tolerance: float  # of that row
    equal: bool
    control_rows: int  # answered by another task than their own …
    control_apart: int  # … and how many of them the check told from their own task's answers: it must be able to fail


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(Record):
    """How long one batch of one task takes once it is ready."""

    way: str
    method: str
    rows: int
    seconds_median: float
    seconds_low: float | None  # 95 % interval of the median; None where there are too few repeats for one
    seconds_high: float | None
    repeats: int


@dataclass(slots=True, kw_only=True)
class ServedTask(Record):
    """A task that is served: its labels, and what each method saved for it."""

    labels: list[str]
    bytes: dict[str, int]  # method → bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeDrift(Record):
    """How far the backbone's weights had drifted after many merges and unmerges."""

    way: str
    method: str
    tasks: int
    merges: int
    drift: float  # the largest change of a weight
    largest_weight: float
    restored_exactly: bool  # by putting back the copy that was kept


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneHashes(Record):
    """The sha256 of a backbone's tensors before and after."""

    method: str
    before: str
    after: str

    @property
    def unchanged(self) -> bool:
        """Whether every tensor is the same, bit by bit."""
        return self.before == self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedHashes(BackboneHashes):
    """The hashes of a backbone that a way shares among tasks: after the first answer and after all serving."""

    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeftAnswer(Record):
    """What PEFT's own means say to two tasks in one batch."""

    method: str
    tasks: list[str]
    labels: list[int]  # how many each has
    error: str | None  # None: both were answered by their own heads


@dataclass(slots=True, kw_only=True)
class ServingRecord(Record):
    """What `serve_tasks` leaves."""

    made_by: ClassVar[str] = "serve_tasks"

    settings: dict[str, Any]
    tasks: dict[str, ServedTask] = field(default_factory=dict)
    rows: list[Served] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    latency: list[Latency] = field(default_factory=list)
    merging: list[MergeDrift] = field(default_factory=list)
    backbone: list[ServedHashes] = field(default_factory=list)
    peft_alone: list[PeftAnswer] = field(default_factory=list)
    phases: dict[str, Phase] = field(default_factory=dict)
    environment: Environment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined(CountedAccuracy):
    """One combination of adapters, or none, on one task's test rows. The difference is to the task's own adapter."""

    way: str  # "separate", "average", "concatenation", "pooled"
    method: str
    of: list[str]
    task: str
    split: str
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    p_value: float | None = None  # McNemar's
    p_value_holm: float | None = None  # corrected for the number of rows in the table


@dataclass(frozen=True, slots=True, kw_only=True)
class JointTraining(Record):
    """The training of one adapter on all tasks."""

    method: str
    rows: int
    best_epoch: int
    epochs: list[Epoch]
    backbone_before: str  # sha256 of what is frozen
    backbone_after: str
    parameters: Parameters
    phases: dict[str, Phase]
    checkpoint_bytes: int


@dataclass(slots=True, kw_only=True)
class CombiningRecord(Record):
    """What `combine_tasks` leaves."""

    made_by: ClassVar[str] = "combine_tasks"

    settings: dict[str, Any]
    scores: list[Combined] = field(default_factory=list)
    training: list[JointTraining] = field(default_factory=list)  # by method
    environment: Environment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten(Record):
    """The first task before and after the second was learned by one method; the difference is after − before."""

    method: str
    before: CountedAccuracy
    after: CountedAccuracy
    difference: float
    difference_low: float
    difference_high: float
    p_value: float
    p_value_holm: float | None = None  # corrected for the number of methods


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondTask(Record):
    """The training on the second task, and what was reached there."""

    method: str
    task: str
    phases: dict[str, Phase]
    second: CountedAccuracy


@dataclass(slots=True, kw_only=True)
class ForgettingRecord(Record):
    """What `measure_forgetting` leaves: the first task before and after the second was learned."""

    made_by: ClassVar[str] = "measure_forgetting"

    settings: dict[str, Any]
    first: str
    second: str
    split: str
    scores: list[Forgotten] = field(default_factory=list)
    backbone: list[BackboneHashes] = field(default_factory=list)
    training: list[SecondTask] = field(default_factory=list)
    environment: Environment | None = None
