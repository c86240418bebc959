"""Two methods on the same examples and seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from fineprint.findings.answers import Answers
from fineprint.findings.chance import Measured


@dataclass(frozen=True)
class MethodPair:
    """Two methods, their answers each of shape (seeds, examples).

    Attributes:
        answers: that they are part of.
        methods: the two.
        seeds: that both were run with.
    """

    answers: Answers
    methods: tuple[str, str]
    seeds: list[int]

    @cached_property
    def given(self) -> tuple[np.ndarray, np.ndarray]:
        """The answers of both."""
        first, second = (self.answers.answers(method, self.seeds) for method in self.methods)
        return first, second

    @cached_property
    def wrong(self) -> tuple[np.ndarray, np.ndarray]:
        """Whether the answers of both are wrong."""
        return self.given[0] != self.answers.golds, self.given[1] != self.answers.golds

    @property
    def first_only(self) -> np.ndarray:
        """Whether only the first is correct."""
        return ~self.wrong[0] & self.wrong[1]

    @property
    def second_only(self) -> np.ndarray:
        """Whether only the second is correct."""
        return self.wrong[0] & ~self.wrong[1]

    @property
    def either_wrong(self) -> np.ndarray:
        """Whether at least one of the two is wrong."""
        return self.wrong[0] | self.wrong[1]

    @property
    def both_wrong(self) -> np.ndarray:
        """Whether both are wrong."""
        return self.wrong[0] & self.wrong[1]

    @property
    def same_wrong(self) -> np.ndarray:
        """Whether both give the same wrong answer, or both none."""
        return self.both_wrong & (self.given[0] == self.given[1])

    @property
    def difference(self) -> float:
        """The difference of the accuracies, first − second."""
        return float(self.wrong[1].mean() - self.wrong[0].mean())

    @property
    def expected_second_only(self) -> np.ndarray:
        """On how many examples only the second would be correct if errors were independent, by seed."""
        return self.wrong[0].sum(axis=1) * (1 - self.wrong[1].mean(axis=1))

    def worth(self, values: np.ndarray) -> np.ndarray:
        """Return what one example is worth in a count of values, shape (seeds, examples), for each seed."""
        return np.array([self.answers.worth(by_seed) for by_seed in values])


def pair_up(answers: Answers) -> list[MethodPair]:
    """Return every two methods with a seed in common, the more accurate one first."""
    by_accuracy = sorted(answers.given, key=lambda method: -answers.accuracy(method))
    pairs = [make_pair(answers, pair) for pair in combinations(by_accuracy, 2)]
    return [pair for pair in pairs if pair is not None]


def make_pair(answers: Answers, methods: Sequence[str]) -> MethodPair | None:
    """Return two methods, or None where a method is missing or they have no seed in common."""
    first, second = methods
    if first not in answers.given or second not in answers.given:
        return None
    seeds = answers.shared_seeds(first, second)
    return MethodPair(answers, (first, second), seeds) if seeds else None


def look_for_pair(
    methods: Sequence[str], answers: Answers, measure: Callable[[MethodPair], Measured]
) -> list[Measured]:
    """Return what two methods show on another split."""
    pair = make_pair(answers, methods)
    return [] if pair is None else [measure(pair)]
