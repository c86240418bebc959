"""Subsets in which errors are concentrated: a search that takes out what it has found before it looks on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from fineprint.findings.answers import Answers, Subset
from fineprint.findings.chance import RULE_ALPHA, Measured, more_often_inside
from fineprint.scoring.statistics import holm

MOST = 0.5  # of the errors: what a reader takes "most" to mean
# A subset that holds most errors because it holds half of the examples is no news: the errors' share has to be twice
# that of the examples.
CONCENTRATED = 2.0
FAR_BELOW = 0.15  # of accuracy: fifteen points part a good method from a middling one in any of the studies
LARGEST = 0.5  # of the examples: a larger subset is the rule, and the rest the exception


@dataclass(frozen=True)
class Concentration:
    """Errors inside one subset, on the examples that are looked at; counts of errors are arrays over seeds.

    Attributes:
        errors: inside.
        size: of the subset.
        all_errors: inside and outside.
        examples: inside and outside.
    """

    errors: np.ndarray
    size: int
    all_errors: np.ndarray
    examples: int

    @classmethod
    def of(cls, wrong: np.ndarray, subset: np.ndarray, left: np.ndarray | None = None) -> Concentration:
        """Count errors.

        Args:
            wrong: shape (seeds, examples).
            subset: whether each example is inside.
            left: which examples are looked at; None: all.
        """
        looked_at = np.ones(len(subset), dtype=bool) if left is None else left
        inside = subset & looked_at
        errors, all_errors = wrong[:, inside].sum(axis=1), wrong[:, looked_at].sum(axis=1)
        return cls(errors, int(inside.sum()), all_errors, int(looked_at.sum()))

    @property
    def holds_most(self) -> bool:
        """Whether the subset holds most of the errors, and far more than its share of the examples."""
        errors, all_errors = int(self.errors.sum()), int(self.all_errors.sum())
        if not errors or self.size > LARGEST * self.examples:
            return False
        share = errors / all_errors
        return share >= MOST and share >= CONCENTRATED * self.size / self.examples

    @property
    def is_far_below(self) -> bool:
        """Whether accuracy in the subset falls far below that on the other examples."""
        if not 0 < self.size <= LARGEST * self.examples:
            return False
        inside = self.errors.mean() / self.size
        outside = (self.all_errors - self.errors).mean() / (self.examples - self.size)
        return bool(inside - outside >= FAR_BELOW)

    @property
    def stands_out(self) -> bool:
        """Whether the subset is worth telling."""
        return self.holds_most or self.is_far_below

    def p_value(self, worth: np.ndarray) -> float:
        """Return the largest p-value over seeds of errors that are no more frequent inside.

        Args:
            worth: of one example, by seed.
        """
        counts = (self.errors, self.size, self.all_errors, self.examples)
        return float(more_often_inside(*(np.asarray(count) * worth for count in counts)).max())


def measure_concentration(answers: Answers, wrong: np.ndarray, subset: np.ndarray) -> Measured:
    """Return whether one subset stands out, all examples looked at."""
    found = Concentration.of(wrong, subset)
    return Measured(found.stands_out, found.p_value(worth_by_seed(answers, wrong)))


def worth_by_seed(answers: Answers, wrong: np.ndarray) -> np.ndarray:
    """Return what one example is worth in a count of errors, for each seed."""
    return np.array([answers.worth(by_seed) for by_seed in wrong])


def find_concentrations(
    answers: Answers,
    wrong: Mapping[str, np.ndarray],
    candidates: Mapping[Subset, np.ndarray],
    explained: Mapping[str, np.ndarray],
) -> dict[str, dict[Subset, float]]:
    """Return for each method the subsets that hold its errors, with their corrected p-values.

    Subsets overlap: long sentences, say, may fail only because most of them are in the passive voice. So the subset
    that chance explains least is taken first, its examples are taken out, and the others are looked at again on what is
    left. A subset has to stand out both there and among all examples, which are the ones that the report counts.

    Args:
        answers: to the split.
        wrong: by method, shape (seeds, examples).
        candidates: the subsets.
        explained: by method, the examples whose errors need no further explanation.
    """
    worth = {method: worth_by_seed(answers, errors) for method, errors in wrong.items()}
    left = {method: ~explained[method] for method in wrong}
    found: dict[str, dict[Subset, float]] = {method: {} for method in wrong}
    looking = list(wrong)
    while looking:
        places = [(method, pair) for method in looking for pair in candidates if pair not in found[method]]
        taken = take_clearest(places, wrong, candidates, left, worth)
        for method, (pair, p_value) in taken.items():
            found[method][pair] = p_value
            left[method] = left[method] & ~candidates[pair]
        looking = list(taken)
    return found


def take_clearest(
    places: Sequence[tuple[str, Subset]],
    wrong: Mapping[str, np.ndarray],
    candidates: Mapping[Subset, np.ndarray],
    left: Mapping[str, np.ndarray],
    worth: Mapping[str, np.ndarray],
) -> dict[str, tuple[Subset, float]]:
    """Return for each method the subset that chance explains least, of those that stand out and are more than chance.

    Args:
        places: methods and subsets to look at, one family of tests.
        wrong: by method, shape (seeds, examples).
        candidates: the subsets.
        left: by method, the examples to look at.
        worth: by method, of one example for each seed.
    """
    seen = [Concentration.of(wrong[method], candidates[pair], left[method]) for method, pair in places]
    p_values = holm([counts.p_value(worth[method]) for (method, _), counts in zip(places, seen, strict=True)])
    taken: dict[str, tuple[Subset, float]] = {}
    for (method, pair), counts, p_value in sorted(zip(places, seen, p_values, strict=True), key=itemgetter(2)):
        large = counts.stands_out and Concentration.of(wrong[method], candidates[pair]).stands_out
        if large and p_value < RULE_ALPHA:
            taken.setdefault(method, (pair, p_value))
    return taken
