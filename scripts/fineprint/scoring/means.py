"""What a method scores on average over seeds and examples, with its interval; and seeds on which it collapsed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from fineprint.core.records import MeanScore, Scope
from fineprint.scoring.intervals import effective_wilson_interval, wilson_interval
from fineprint.scoring.variance import (
    Groups,
    MethodScores,
    SeedVariance,
    cluster_covariance,
    combine,
    estimate_seed_variances,
)


def average_methods(methods: Sequence[MethodScores], groups: Sequence[Hashable] | None) -> list[MeanScore]:
    """Return the mean of each method.

    Args:
        methods: scored on the same examples in one order, each score from 0 to 1. All that were trained on the task:
            they tell how much seeds matter.
        groups: the group of each example; None: each is its own.
    """
    clusters = Groups.of(groups, methods[0].scores.shape[1])
    variances = estimate_seed_variances(methods, clusters)
    return [average_method(method, clusters, variances.get(method.method)) for method in methods]


def average_method(method: MethodScores, groups: Groups, seed_variance: SeedVariance | None) -> MeanScore:
    """Return a method's mean with its interval; without a seed variance that of these trained models."""
    examples = method.scores.shape[1]
    averaged = method.averaged()
    mean, by_seed = float(averaged.mean()), method.scores.mean(axis=1, dtype=float)
    if method.seeds == 1 and groups.count == examples and np.isin(averaged, (0, 1)).all():
        interval = wilson_interval(int(averaged.sum()), examples)
    else:
        spread = float(cluster_covariance(averaged[None], groups)[0, 0])
        variance, degrees_of_freedom = combine(spread, groups.count - 1, [(seed_variance, method.seeds)])
        interval = effective_wilson_interval(mean, variance, degrees_of_freedom, method.scores.size, groups.count)
    return MeanScore(
        method=method.method,
        scope=Scope.TRAINED_MODEL if method.single_training else Scope.METHOD,
        mean=mean,
        interval=interval,
        by_seed=tuple(by_seed.tolist()),
        seed_deviation=float(by_seed.std(ddof=1)) if method.seeds > 1 else None,
        examples=examples,
        groups=groups.count,
    )


def find_collapse(accuracy: float, examples: int, labels: Mapping[str, int]) -> str | None:
    """Return in words why a training counts as collapsed: on held-out examples it did no better than a constant answer.

    Test examples decide nothing here.

    Args:
        accuracy: on the held-out examples, of the epoch that was kept.
        examples: held out.
        labels: how often each label occurs among them.
    """
    low, high = wilson_interval(round(accuracy * examples), examples)
    majority_rate = max(labels.values()) / sum(labels.values())
    if majority_rate < low:
        return None
    return (
        f"accuracy {accuracy:.3f} on the {examples} held-out examples (95 % interval {low:.3f} to {high:.3f}) is no "
        f"better than always giving their most frequent label ({majority_rate:.3f})"
    )
