"""Comparing methods over seeds and examples: differences, intervals, corrected p-values, verdicts."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from fineprint.scoring.statistics import holm
from fineprint.scoring.variance import (
    Groups,
    MethodScores,
    SeedVariance,
    cluster_covariance,
    combine,
    estimate_seed_variances,
)
from fineprint.scoring.verdicts import ALPHA, Estimate, Interval, Scope, Verdict, decide


@dataclass(frozen=True)
class Comparison:
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
            that the family's correction asks of its first comparison.
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
    def is_significant(self) -> bool:
        """Whether the difference is, after correction; within the scope."""
        return self.p_value_holm < ALPHA

    @property
    def is_within_margin(self) -> bool:
        """Whether the difference, significant or not, is too small to matter."""
        return self.p_value_equivalence < ALPHA

    def seen_from(self, method: str) -> Comparison:
        """Return the comparison with the given one of its two methods as the first."""
        if method == self.first:
            return self
        return dataclasses.replace(
            self,
            first=self.second,
            second=self.first,
            seeds=self.seeds[::-1],
            difference=-self.difference,
            interval=mirror(self.interval),
            simultaneous_interval=mirror(self.simultaneous_interval),
            equivalence_interval=mirror(self.equivalence_interval),
            verdict=self.verdict.opposite,
            model_verdict=self.model_verdict and self.model_verdict.opposite,
        )


def mirror(interval: Interval) -> Interval:
    """Return the interval of the negated value."""
    return Interval(-interval.high, -interval.low)


def compare_methods(
    methods: Sequence[MethodScores],
    groups: Sequence[Hashable] | None,
    margin: float,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> list[Comparison]:
    """Compare methods pair by pair; the pairs are one family.

    Args:
        methods: scored on the same examples in one order. Pass all that were trained on the task, also where few pairs
            are compared: they tell how much seeds matter.
        groups: the group of each example; None: each is its own.
        margin: the difference that does not matter, in units of the score: 0.01 is one percentage point of accuracy.
        pairs: first and second of each comparison; None: every two methods, in the order given.

    Raises:
        ValueError: if the methods were scored on different numbers of examples, or the groups do not fit.
    """
    if len({method.scores.shape[1] for method in methods}) != 1:
        raise ValueError("methods are compared on the same examples only")
    clusters = Groups.of(groups, methods[0].scores.shape[1])
    variances = estimate_seed_variances(methods, clusters)
    averaged = np.array([method.averaged() for method in methods])
    means, covariance = averaged.mean(axis=1), cluster_covariance(averaged, clusters)
    places = {method.method: place for place, method in enumerate(methods)}
    named = pairs if pairs is not None else list(itertools.combinations(places, 2))
    compared, found = [], []
    for first, second in ((places[one], places[other]) for one, other in named):
        difference = float(means[first] - means[second])
        spread = float(covariance[first, first] + covariance[second, second] - 2 * covariance[first, second])
        examples = examples_variance(difference, spread, averaged.shape[1])
        compared.append((methods[first], methods[second]))
        found.append(estimate_difference(compared[-1], difference, examples, clusters, variances))
    corrected = holm([estimate.p_value() for estimate in found])
    return [
        describe_comparison(pair, clusters, estimate, p_value, margin, len(compared))
        for pair, estimate, p_value in zip(compared, found, corrected, strict=True)
    ]


def examples_variance(difference: float, spread: float, examples: int) -> float:
    """Return the variance of a paired difference that comes from examples, never 0.

    Two examples are added, one in favor of each method, as Bonett and Price do (2012, doi 10.3102/1076998611411915):
    two methods that answer every example alike are not known to do so on all others.

    Args:
        difference: of the two means.
        spread: the cluster-robust variance of the difference.
        examples: compared.
    """
    return (examples**2 * max(0.0, spread) + 2 * (1 + difference**2)) / (examples + 2) ** 2


def estimate_difference(
    pair: tuple[MethodScores, MethodScores],
    difference: float,
    examples: float,
    groups: Groups,
    variances: dict[str, SeedVariance],
) -> Estimate:
    """Return the difference of two methods with its error; of two trained models where one of them has one seed."""
    models_only = any(method.single_training for method in pair)
    seeds = [] if models_only else [(variances.get(method.method), method.seeds) for method in pair]
    variance, degrees_of_freedom = combine(examples, groups.count - 1, seeds)
    return Estimate(difference, math.sqrt(variance), degrees_of_freedom)


def describe_comparison(
    pair: tuple[MethodScores, MethodScores],
    groups: Groups,
    estimate: Estimate,
    p_value_holm: float,
    margin: float,
    comparisons: int,
) -> Comparison:
    """Return a comparison with its intervals and verdicts."""
    first, second = pair
    models_only = any(method.single_training for method in pair)
    verdict = decide(estimate, p_value_holm, margin)
    return Comparison(
        first=first.method,
        second=second.method,
        scope=Scope.TRAINED_MODEL if models_only else Scope.METHOD,
        seeds=(first.seeds, second.seeds),
        examples=first.scores.shape[1],
        groups=groups.count,
        comparisons=comparisons,
        difference=estimate.difference,
        standard_error=estimate.standard_error,
        degrees_of_freedom=estimate.degrees_of_freedom,
        interval=estimate.interval(),
        simultaneous_interval=estimate.interval(ALPHA / comparisons),
        p_value=estimate.p_value(),
        p_value_holm=p_value_holm,
        margin=margin,
        equivalence_interval=estimate.interval(2 * ALPHA),
        p_value_equivalence=estimate.p_value_equivalence(margin),
        detectable_difference=estimate.detectable_difference(ALPHA / comparisons),
        verdict=Verdict.INCONCLUSIVE if models_only else verdict,
        model_verdict=verdict if models_only else None,
    )
