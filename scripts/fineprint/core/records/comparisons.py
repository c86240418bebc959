"""What methods score over seeds and examples, and what comparing two of them concludes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self

from fineprint.core.records.base import Record

ALPHA = 0.05  # two-sided for a difference; one-sided, twice, for equivalence


class Interval(NamedTuple):
    """The limits of an interval, in units of the score."""

    low: float
    high: float

    @property
    def mirrored(self) -> Interval:
        """The interval of the negated value."""
        return Interval(-self.high, -self.low)


class Scope(StrEnum):
    """What a result speaks of."""

    METHOD = "method"
    TRAINED_MODEL = "trained model"  # one seed: another training may come out otherwise


class Verdict(StrEnum):
    """What is concluded about the first of two methods, seen from it."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    NOT_INFERIOR = "not inferior"
    NOT_SUPERIOR = "not superior"
    INCONCLUSIVE = "inconclusive"

    @property
    def opposite(self) -> Verdict:
        """The same conclusion seen from the second method."""
        return OPPOSITES.get(self, self)


OPPOSITES = {
    Verdict.BETTER: Verdict.WORSE,
    Verdict.WORSE: Verdict.BETTER,
    Verdict.NOT_INFERIOR: Verdict.NOT_SUPERIOR,
    Verdict.NOT_SUPERIOR: Verdict.NOT_INFERIOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanScore(Record):
    """A method's mean score over seeds and examples; all figures in units of the score.

    Attributes:
        method: its name.
        scope: what the interval speaks of: the method, or with one seed this trained model.
        mean: over seeds and examples. Collapsed seeds are in it.
        interval: 95 %: Wilson's, for as many examples as the variance is worth.
        by_seed: the mean of each seed.
        seed_deviation: the standard deviation of these as they were measured, noise of the examples included; None
            where there are not two seeds.
        examples: scored.
        groups: they fall into.
    """

    method: str
    scope: Scope
    mean: float
    interval: Interval
    by_seed: tuple[float, ...]
    seed_deviation: float | None
    examples: int
    groups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodComparison(Record):
    """One method against another on the same examples. Differences are first − second, in units of the score.

    Attributes:
        first: the method that the verdicts speak of.
        second: what it is compared with.
        scope: what the interval and the p-values speak of. TRAINED_MODEL where either method has one seed only: they
            hold for these two trained models, and `verdict` is inconclusive.
        seeds: of the first and of the second method.
        examples: compared.
        groups: they fall into.
        comparisons: the size of the family that is corrected for.
        difference: of the means over seeds and examples.
        standard_error: of the difference.
        degrees_of_freedom: Satterthwaite's.
        interval: 95 %, of this comparison alone. Excludes 0 wherever the corrected p-value is below .05.
        simultaneous_interval: Bonferroni's: all intervals of the family hold at once in 95 % of studies. Where one
            excludes 0, the corrected p-value is below .05. Not always the other way round: Holm's procedure finds more,
            and has no simultaneous intervals that say how large a difference is.
        p_value: two-sided, of no difference.
        p_value_holm: the same, corrected for the family by Holm's procedure.
        margin: the difference that does not matter.
        equivalence_interval: 90 %, of this comparison alone: equivalent where it lies within ± margin.
        p_value_equivalence: of two one-sided tests (TOST), of this comparison alone.
        detectable_difference: the true difference that would be called better in 80 % of such studies, at the level
            that Holm's procedure asks of a comparison once those that are significant here have been set aside.
        verdict: what is concluded about the methods.
        model_verdict: what is concluded about the trained models; None where the scope is METHOD.
    """

    first: str
    second: str
    scope: Scope
    seeds: tuple[int, int]
    examples: int
    groups: int
    comparisons: int
    difference: float
    standard_error: float
    degrees_of_freedom: float
    interval: Interval
    simultaneous_interval: Interval
    p_value: float
    p_value_holm: float
    margin: float
    equivalence_interval: Interval
    p_value_equivalence: float
    detectable_difference: float
    verdict: Verdict
    model_verdict: Verdict | None

    @property
    def outcome(self) -> Verdict:
        """What is concluded within the scope: about the methods or, with one seed, about the trained models."""
        return self.model_verdict or self.verdict

    @property
    def holds_for_models(self) -> bool:
        """Whether it holds for the trained models alone, not for the methods."""
        return self.scope is Scope.TRAINED_MODEL

    @property
    def is_significant(self) -> bool:
        """Whether the difference is, after correction; within the scope."""
        return self.p_value_holm < ALPHA

    @property
    def is_within_margin(self) -> bool:
        """Whether the difference, significant or not, is too small to matter."""
        return self.p_value_equivalence < ALPHA

    def seen_from(self, method: str) -> Self:
        """Return the comparison with the given one of its two methods as the first."""
        if method == self.first:
            return self
        return dataclasses.replace(
            self,
            first=self.second,
            second=self.first,
            seeds=self.seeds[::-1],
            difference=-self.difference,
            interval=self.interval.mirrored,
            simultaneous_interval=self.simultaneous_interval.mirrored,
            equivalence_interval=self.equivalence_interval.mirrored,
            verdict=self.verdict.opposite,
            model_verdict=self.model_verdict and self.model_verdict.opposite,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMean(MeanScore):
    """A method's mean score on one split of a task."""

    task: str
    split: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(MethodComparison):
    """Two methods on one split of a task."""

    task: str
    split: str
