"""What comparing two finished studies finds: what is alike in them, what held, what did not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from fineprint.core.records.base import Record
from fineprint.core.records.comparisons import Comparison, Interval, TaskMean
from fineprint.core.records.jobs import CodeState, CommitCount, Machine


class Basis(StrEnum):
    """What the interval of a difference between two studies rests on."""

    SEEDS = "seeds"  # the examples are the same, so that only the trainings could differ
    INTERVALS = "intervals"  # both means' own intervals, as of independent studies


class Shift(StrEnum):
    """Where a difference between two studies lies."""

    WITHIN = "within"  # 0 lies in its interval: chance may explain it
    SMALL = "small"  # it does not, but the difference is below the margin
    OUTSIDE = "outside"


class Outcome(StrEnum):
    """What became of a verdict in another study."""

    HELD = "held"
    CHANGED = "changed"  # both may be true, such as better and inconclusive
    CONTRADICTED = "contradicted"  # not both can be true, such as equivalent and better by more than the margin
    REVERSED = "reversed"  # better there, worse here: contradicted, and the worst case


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts(Record):
    """One of the two studies: what tells it from the other, and what it alone has."""

    folder: str
    study: str
    title: str
    created: str
    seeds: list[int]
    machines: list[Machine]
    commits: list[CommitCount]
    code: CodeState | None
    tasks_alone: list[str]
    methods_alone: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect(Record):
    """Something that two studies have in common or not; `same` is None where it was not recorded.

    Attributes:
        name: "test examples", "training examples", "data seed", "seeds", "settings", "margin", "threads", "code",
            "versions" or "hardware".
        first: what the first study has, as far as a few words say it.
        second: what the second has.
    """

    name: str
    same: bool | None
    first: list[str]
    second: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdenticalRuns(Record):
    """How many runs of both studies, of one task, method and seed, came out the same."""

    runs: int  # with scores in both
    same_scores: int  # every test split's table of gold and predicted labels agrees
    trained: int  # with hashes of the trained weights in both
    same_weights: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMean(Record):
    """A method's mean on one test split in both studies; the difference is second − first."""

    first: TaskMean
    second: TaskMean
    first_collapsed: int  # seeds that did no better than a constant answer
    second_collapsed: int
    same_examples: bool
    same_settings: bool
    difference: float
    interval: Interval
    basis: Basis
    shift: Shift


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingScore(Record):
    """A method of both studies that one of them alone has scored on a task."""

    task: str
    method: str
    study: str  # that lacks it, "first" or "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedVerdict(Record):
    """A pair of methods on one test split in both studies, seen from the one that is ahead in the first study or, where
    none is there, in the second.

    `turned` marks trained models of which one is better there and worse here where a study has one seed: no verdict on
    the methods is contradicted by that.
    """

    first: Comparison
    second: Comparison
    outcome: Outcome
    turned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRank(Record):
    """A method's rank among the methods of both studies; None where it collapsed, failed or was not run."""

    task: str
    split: str
    method: str
    first: int | None
    second: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead(Record):
    """Which method of both studies has the best mean on a task, and which are not significantly worse than it."""

    task: str
    split: str
    first: list[str]  # the best mean first
    second: list[str]

    @property
    def same_best(self) -> bool:
        """Whether one method has the best mean in both studies."""
        return self.first[:1] == self.second[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCost(Record):
    """A figure of cost of one method on one task: the median over its seeds in both studies.

    Attributes:
        quantity: "training time", "prediction time", "training memory", "prediction memory" or "checkpoint size".
        first: seconds or bytes.
        second: likewise.
        kinds: what memory is a figure of, "allocated" (GPU) or "resident" (process), in both; empty of other figures.
    """

    task: str
    method: str
    quantity: str
    first: float | None
    second: float | None
    kinds: list[str]

    @property
    def ratio(self) -> float | None:
        """Second over first, None where a figure is missing or they are figures of different things."""
        if self.first is None or self.second is None or self.first == 0 or len(set(self.kinds)) > 1:
            return None
        return self.second / self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDifference(Record):
    """A package whose versions differ; no version where it is not installed."""

    package: str
    first: list[str]
    second: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDifference(Record):
    """A rule whose jobs ran other code in the two studies, and the files of the library that differ."""

    rule: str
    files: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDifference(Record):
    """A key of the resolved configs whose values differ; None where a config lacks it."""

    path: str  # dotted
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication(Record):
    """What `compare_studies` leaves: `results/compare/{first}/{second}/replication.json`."""

    made_by: ClassVar[str] = "compare_studies"

    first: StudyFacts
    second: StudyFacts
    tasks: list[str]  # of both studies
    methods: dict[str, str]  # of both studies, with their titles
    margin: float  # the difference that does not matter, the smaller of both studies', in units of the score
    aspects: list[Aspect]
    identical: IdenticalRuns
    means: list[ComparedMean]
    missing: list[MissingScore]
    verdicts: list[ComparedVerdict]
    leads: list[Lead]
    ranks: list[ComparedRank]
    costs: list[ComparedCost]
    versions: list[VersionDifference]
    code: list[CodeDifference]
    config: list[ConfigDifference]

    @property
    def reversed(self) -> list[ComparedVerdict]:
        """The verdicts in which a better changed sides."""
        return [verdict for verdict in self.verdicts if verdict.outcome == Outcome.REVERSED]
