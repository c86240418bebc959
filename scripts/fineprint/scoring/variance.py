"""The variance of a mean over examples and seeds: examples in groups, trainings by seed.

A mean over S seeds and n examples varies for two reasons. Other examples would have been drawn: the cluster-robust
variance of the seed-averaged scores (Miller 2024, arXiv 2411.00640), in which what a training decides by chance example
by example is contained already. And other seeds would have been drawn, which moves all examples at once (Bouthillier et
al. 2021, arXiv 2103.03098): what is left of the variance of a method's means over its seeds once the noise that the
examples alone bring has been taken away, divided by S. Together they are the two-way clustered variance of Cameron,
Gelbach and Miller (2011, doi 10.1198/jbes.2010.07136).

Seeds are few, so their variance is known badly: Satterthwaite's degrees of freedom (1946, doi 10.2307/3002019) say how
badly, and a method that was lucky to look steady is given `FLOOR` of what is typical of the methods trained beside it.
`tests/simulate_inference.py` shows what this reaches.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, polygamma

# By simulation of eight equal methods with three seeds. Each method's own variance alone (0) calls one of them better
# in up to one study of ten, since two degrees of freedom often give a variance near 0; a variance pooled over methods
# does in one of six where seeds vary unlike. Much more than 0.55, and intervals of 95 % hold the truth in over 97 %.
FLOOR = 0.55
# Means that agree to the last example have no logarithm. Of two degrees of freedom one in twenty is this small.
SMALLEST_RATIO = 0.05


@dataclass(frozen=True)
class MethodScores:
    """What one method scored.

    Attributes:
        method: its name.
        scores: shape (seeds, examples), the examples in one order for all methods: 1 for a right answer and 0 for a
            wrong one, or any other score of a single example.
        varies_by_seed: whether another seed could give other scores. Greedy answers to a fixed prompt do not vary.
    """

    method: str
    scores: np.ndarray
    varies_by_seed: bool = True

    @property
    def seeds(self) -> int:
        """The number of trainings."""
        return self.scores.shape[0]

    @property
    def single_training(self) -> bool:
        """Whether the scores say something about one trained model alone, not about the method."""
        return self.varies_by_seed and self.seeds == 1

    def averaged(self) -> np.ndarray:
        """Return each example's mean over seeds."""
        return self.scores.mean(axis=0, dtype=float)


@dataclass(frozen=True)
class Groups:
    """Which examples belong together, such as the hypotheses of one premise.

    Attributes:
        order: positions of the examples, group by group.
        starts: where in that order each group begins.
    """

    order: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, labels: Sequence[Hashable] | None, examples: int) -> Groups:
        """Return the groups of examples by the label of each; without labels every example is its own.

        Raises:
            ValueError: if the labels are not one for each example, or all the same: one group has no variance.
        """
        if labels is not None and len(labels) != examples:
            raise ValueError(f"{len(labels)} labels of groups for {examples} examples")
        numbers: dict[Hashable, int] = {}
        each = range(examples) if labels is None else labels
        codes = np.array([numbers.setdefault(label, len(numbers)) for label in each], dtype=int)
        order = np.argsort(codes, kind="stable")
        starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
        if len(starts) < 2:
            raise ValueError("a variance needs examples of at least two groups")
        return cls(order, starts)

    @property
    def count(self) -> int:
        """The number of groups."""
        return len(self.starts)

    @property
    def few_groups_factor(self) -> float:
        """G / (G − 1): residuals from the groups' own mean are too small by it."""
        return self.count / (self.count - 1)

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over each group: the last axis, examples, becomes groups."""
        return np.add.reduceat(values[..., self.order], self.starts, axis=-1)


def cluster_covariance(averaged: np.ndarray, groups: Groups) -> np.ndarray:
    """Return the cluster-robust covariance, shape (methods, methods), of the methods' means over examples.

    Args:
        averaged: shape (methods, examples), scores averaged over seeds.
        groups: of these examples.
    """
    residuals = groups.sum(averaged - averaged.mean(axis=1, keepdims=True))
    return groups.few_groups_factor * residuals @ residuals.T / averaged.shape[1] ** 2


@dataclass(frozen=True)
class SeedVariance:
    """How much a method's mean score varies from seed to seed, in squared units of the score.

    Attributes:
        total: the variance of the mean of one seed on the given examples.
        noise: the part of it that more examples would average out; the rest is between trainings.
        degrees_of_freedom: with which `total` is known.
        is_floor: whether `total` is the floor that all methods share.
    """

    total: float
    noise: float
    degrees_of_freedom: float
    is_floor: bool = False


def estimate_seed_variances(methods: Sequence[MethodScores], groups: Groups) -> dict[str, SeedVariance]:
    """Return the seed variance of each method that was trained on two or more seeds.

    A method that answers alike on every seed is taken for one without chance in it.
    """
    own = {
        method.method: measure_seed_variance(method.scores, groups)
        for method in methods
        if method.varies_by_seed and method.seeds > 1
    }
    own = {name: variance for name, variance in own.items() if variance.total > 0 or variance.noise > 0}
    if len(own) < 2:
        return own
    floor, degrees_of_freedom = shared_floor(list(own.values()))
    return {
        name: variance
        if variance.total > floor
        else SeedVariance(floor, variance.noise, degrees_of_freedom, is_floor=True)
        for name, variance in own.items()
    }


def measure_seed_variance(scores: np.ndarray, groups: Groups) -> SeedVariance:
    """Return one method's own seed variance; `scores` has the shape (two or more seeds, examples)."""
    seeds, examples = scores.shape
    means = scores.mean(axis=1, keepdims=True, dtype=float)
    interaction = groups.sum(scores - scores.mean(axis=0, dtype=float) - (means - means.mean()))
    noise = groups.few_groups_factor * float((interaction**2).sum()) / ((seeds - 1) * examples**2)
    return SeedVariance(float(means.var(ddof=1)), noise, degrees_of_freedom=seeds - 1)


def shared_floor(variances: Sequence[SeedVariance]) -> tuple[float, float]:
    """Return the least seed variance that is granted to a method, and the degrees of freedom with which it is known.

    `FLOOR` times the geometric mean over methods, which a single unsteady one does not drive up. The logarithm of s²
    has the mean log σ² + ψ(d/2) − log(d/2) and the variance ψ′(d/2), whence the degrees of freedom (Smyth 2004, doi
    10.2202/1544-6115.1027).
    """
    halves = np.array([variance.degrees_of_freedom / 2 for variance in variances])
    totals = np.array([max(variance.total, SMALLEST_RATIO * variance.noise) for variance in variances])
    # A method without noise and all of one mean was left out before, so each total is above 0.
    typical = np.exp(np.mean(np.log(totals) - digamma(halves) + np.log(halves)))
    degrees_of_freedom = 2 * len(variances) ** 2 / polygamma(1, halves).sum()
    return FLOOR * float(typical), float(degrees_of_freedom)


def combine(
    examples: float, examples_degrees_of_freedom: float, seeds: Sequence[tuple[SeedVariance | None, int]]
) -> tuple[float, float]:
    """Return the variance of a mean, or of a difference of means, and Satterthwaite's degrees of freedom.

    Args:
        examples: the variance from examples.
        examples_degrees_of_freedom: with which it is known: groups − 1.
        seeds: of each method involved the seed variance, None where there is none, and the number of its seeds.
    """
    terms = [(variance, number) for variance, number in seeds if variance is not None]
    # Cut off at 0 once, not method by method: noise that is too large here makes up for noise too small there.
    between = sum((variance.total - variance.noise) / number for variance, number in terms)
    if between <= 0:
        return examples, examples_degrees_of_freedom
    # How badly a difference total − noise is known depends on the whole of `total`. What methods share is one estimate:
    # its parts add up before they are squared.
    own = [(v.total / number, v.degrees_of_freedom) for v, number in terms if not v.is_floor]
    shared = sum(v.total / number for v, number in terms if v.is_floor)
    shared_degrees = next((v.degrees_of_freedom for v, _ in terms if v.is_floor), 1.0)
    parts = [(examples, examples_degrees_of_freedom), (shared, shared_degrees), *own]
    variance = examples + between
    return variance, variance**2 / sum(part**2 / degrees for part, degrees in parts)
