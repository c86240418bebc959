"""Comparing methods over seeds and examples: differences, intervals, corrected p-values, verdicts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence

import numpy as np

from fineprint.core.records import ALPHA, MethodComparison, Scope, Verdict
from fineprint.scoring.statistics import holm
from fineprint.scoring.variance import (
    Groups,
    MethodScores,
    SeedVariance,
    cluster_covariance,
    combine,
    estimate_seed_variances,
)
from fineprint.scoring.verdicts import Estimate, decide


def compare_methods(
    methods: Sequence[MethodScores],
    groups: Sequence[Hashable] | None,
    margin: float,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> list[MethodComparison]:
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
    open_questions = max(1, sum(p_value >= ALPHA for p_value in corrected))
    return [
        describe_comparison(pair, clusters, estimate, p_value, margin, (len(compared), open_questions))
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
    family: tuple[int, int],
) -> MethodComparison:
    """Return a comparison with intervals and verdicts; `family` counts all comparisons, and those left open."""
    comparisons, open_questions = family
    first, second = pair
    models_only = any(method.single_training for method in pair)
    verdict = decide(estimate, p_value_holm, margin)
    return MethodComparison(
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
        detectable_difference=estimate.detectable_difference(ALPHA / open_questions),
        verdict=Verdict.INCONCLUSIVE if models_only else verdict,
        model_verdict=verdict if models_only else None,
    )
