"""Two studies of the same methods: how far apart their means may lie by chance, and whether their verdicts agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fineprint.core.records import Basis, Interval, MeanScore, MethodComparison, Outcome, Scope, Shift, Verdict
from fineprint.scoring.inference import examples_variance
from fineprint.scoring.verdicts import Estimate

DECIDED = frozenset((Verdict.BETTER, Verdict.WORSE))
# What each decided verdict cannot stand beside, where the difference is more than the other study's margin.
EXCLUDED = {
    Verdict.BETTER: (Verdict.EQUIVALENT, Verdict.NOT_SUPERIOR),
    Verdict.WORSE: (Verdict.EQUIVALENT, Verdict.NOT_INFERIOR),
}


class MeanDifference(NamedTuple):
    """The second study's mean minus the first's, with its 95 % interval, in units of the score."""

    value: float
    interval: Interval
    basis: Basis

    def shift(self, margin: float) -> Shift:
        """Return where the difference lies; one below the margin, the difference that does not matter, is small."""
        if self.interval.low <= 0 <= self.interval.high:
            return Shift.WITHIN
        return Shift.SMALL if abs(self.value) < margin else Shift.OUTSIDE


def compare_means(first: MeanScore, second: MeanScore, same_examples: bool) -> MeanDifference:
    """Return how far apart a method's means in two studies lie.

    On the same examples chance moves the trainings alone, and the seeds of both studies say how much. Where they cannot
    say it, or on other examples, both studies' intervals count.

    Args:
        first: of the first study.
        second: of the second.
        same_examples: whether both were scored on them.
    """
    estimate = estimate_on_same_examples(first, second) if same_examples else None
    if estimate is not None:
        return MeanDifference(estimate.difference, estimate.interval(), Basis.SEEDS)
    return MeanDifference(second.mean - first.mean, combine_intervals(first, second), Basis.INTERVALS)


def estimate_on_same_examples(first: MeanScore, second: MeanScore) -> Estimate | None:
    """Return the difference with the error that other trainings would bring; None where no seeds tell it.

    Student's two samples with one variance, and beside it the least variance that a difference of this size has over so
    many examples, by `examples_variance`. Without it a method whose seeds agree to the last example would have an
    interval of no width.
    """
    difference = second.mean - first.mean
    least = examples_variance(difference, abs(difference) * (1 - abs(difference)) / first.examples, first.examples)
    seeds, degrees_of_freedom = 0.0, len(first.by_seed) + len(second.by_seed) - 2
    if degrees_of_freedom > 0:
        pooled = (sum_of_squares(first.by_seed) + sum_of_squares(second.by_seed)) / degrees_of_freedom
        seeds = pooled * (1 / len(first.by_seed) + 1 / len(second.by_seed))
    elif not (varies_by_no_seed(first) and varies_by_no_seed(second)):
        return None
    variance = seeds + least
    uncertainty = (seeds**2 / degrees_of_freedom if seeds else 0.0) + least**2 / (first.groups - 1)
    return Estimate(difference, math.sqrt(variance), variance**2 / uncertainty)  # Satterthwaite's


def sum_of_squares(values: Sequence[float]) -> float:
    """Return the sum of squared distances from the mean."""
    return float(np.var(values)) * len(values)


def varies_by_no_seed(mean: MeanScore) -> bool:
    """Return whether one run stands for the method, as greedy answers to a fixed prompt do."""
    return mean.scope == Scope.METHOD and len(mean.by_seed) == 1


def combine_intervals(first: MeanScore, second: MeanScore) -> Interval:
    """Return the 95 % interval of second − first from the intervals of both, which are lopsided (method 10 of Newcombe
    1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I)."""
    difference = second.mean - first.mean
    below = math.hypot(second.mean - second.interval.low, first.interval.high - first.mean)
    above = math.hypot(second.interval.high - second.mean, first.mean - first.interval.low)
    return Interval(difference - below, difference + above)


def compare_verdicts(first: MethodComparison, second: MethodComparison) -> Outcome:
    """Return what became of a verdict about two methods; both comparisons are seen from the same one."""
    if first.verdict == second.verdict:
        return Outcome.HELD
    if {first.verdict, second.verdict} == DECIDED:
        return Outcome.REVERSED
    if exceeds(first, second) or exceeds(second, first):
        return Outcome.CONTRADICTED
    return Outcome.CHANGED


def exceeds(decided: MethodComparison, bounded: MethodComparison) -> bool:
    """Return whether one study finds a method better, or worse, by more than the other says that it can be."""
    is_excluded = bounded.verdict in EXCLUDED.get(decided.verdict, ())
    return is_excluded and abs(decided.difference) > bounded.margin


def has_turned(first: MethodComparison, second: MethodComparison) -> bool:
    """Return whether a trained model is better there and worse here, while the verdicts about the methods, of which a
    single seed allows none, do not say so."""
    return {first.outcome, second.outcome} == DECIDED and compare_verdicts(first, second) != Outcome.REVERSED
