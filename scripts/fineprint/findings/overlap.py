"""Description, not a rule: how alike methods err, where they err most, and what every run misses."""

from __future__ import annotations

from collections import Counter

import numpy as np

from fineprint.core.records import HardSubset, PairOverlap
from fineprint.findings.answers import UNPARSEABLE, Answers
from fineprint.findings.missed import always_wrong
from fineprint.findings.pairs import MethodPair, pair_up

FEWEST = 20  # examples: accuracies of smaller subsets say little
HARDEST = 8  # subsets


def measure_pairs(answers: Answers) -> list[PairOverlap]:
    """Return agreement and overlap of errors of each two methods that share a seed."""
    return [measure_pair(pair) for pair in pair_up(answers)]


def measure_pair(pair: MethodPair) -> PairOverlap:
    """Return agreement and overlap of errors of two methods."""
    either = int(pair.either_wrong.sum())
    return PairOverlap(
        first=pair.methods[0],
        second=pair.methods[1],
        agreement=float((pair.given[0] == pair.given[1]).mean()),
        overlap=float(pair.both_wrong.sum() / either) if either else None,
    )


def find_missed_by_all(answers: Answers) -> np.ndarray:
    """Return whether every run misses an example."""
    return always_wrong(answers, answers.given).all(axis=0)


def find_hardest(answers: Answers) -> list[HardSubset]:
    """Return the subsets with the lowest mean accuracy over methods, the hardest first."""
    missed = find_missed_by_all(answers)
    found = [
        describe_subset(answers, subset, inside, missed)
        for subset, inside in answers.subsets.items()
        if inside.sum() >= FEWEST
    ]
    return sorted(found, key=lambda subset: subset.accuracy)[:HARDEST]


def describe_subset(answers: Answers, subset: tuple[str, str], inside: np.ndarray, missed: np.ndarray) -> HardSubset:
    """Return how a subset is answered."""
    accuracies = {method: answers.accuracy(method, inside) for method in answers.given}
    best = max(accuracies, key=lambda method: accuracies[method])
    return HardSubset(
        tag=subset[0],
        value=subset[1],
        examples=int(inside.sum()),
        accuracy=float(np.mean(list(accuracies.values()))),
        best=best,
        best_accuracy=accuracies[best],
        missed=int((missed & inside).sum()),
    )


def find_commonest_answer(answers: Answers, place: int) -> tuple[str | None, int]:
    """Return the answer that most runs give to an example, None for one that names no label, and how many give it."""
    given = Counter(int(answer) for method in answers.given for answer in answers.answers(method)[:, place])
    ((label, runs),) = given.most_common(1)
    return (None if label == UNPARSEABLE else answers.labels[label]), runs
