"""What a method scores on average over seeds and examples, with its interval; and seeds on which it collapsed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from fineprint.scoring.intervals import effective_wilson_interval, wilson_interval
from fineprint.scoring.variance import (
    Groups,
    MethodScores,
    SeedVariance,
    cluster_covariance,
    combine,
    estimate_seed_variances,
)
from fineprint.scoring.verdicts import Interval, Scope


@dataclass(frozen=True)
class MeanScore:
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


@dataclass(frozen=True)
class Collapses:
    """On which seeds a method did no better than a constant answer, judged on held-out examples.

    Attributes:
        method: its name.
        by_seed: whether each seed collapsed, in the order of the scores.
        majority_rate: what the constant answer scores on these examples.
    """

    method: str
    by_seed: tuple[bool, ...]
    majority_rate: float

    @property
    def rate(self) -> float:
        """The share of seeds that collapsed."""
        return sum(self.by_seed) / len(self.by_seed)


def find_collapses(held_out: MethodScores, groups: Sequence[Hashable] | None, golds: Sequence[Hashable]) -> Collapses:
    """Return on which seeds a constant answer does not lie below the 95 % interval of the accuracy.

    Args:
        held_out: whether each held-out example was answered rightly, by seed. Test examples decide nothing here.
        groups: the group of each; None: each is its own.
        golds: the right answer to each.
    """
    clusters = Groups.of(groups, len(golds))
    majority_rate = Counter(golds).most_common(1)[0][1] / len(golds)
    lows = [
        average_method(MethodScores(held_out.method, seed[None]), clusters, None).interval.low
        for seed in held_out.scores
    ]
    return Collapses(held_out.method, tuple(low <= majority_rate for low in lows), majority_rate)
