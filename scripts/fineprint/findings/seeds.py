"""Rule: a method's answers change with the seed."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from fineprint.core.records import SeedAnswers, SeedsFinding
from fineprint.findings.answers import Answers, pair_disagreement
from fineprint.findings.chance import RULE_ALPHA, Measured, at_least
from fineprint.scoring.statistics import holm

NOTABLE = 0.1  # of the examples: where one answer in ten depends on the seed, single answers are not to be relied on


def find_unsteady(answers: Answers) -> list[SeedsFinding]:
    """Return at most one finding, of all methods whose seeds disagree on many examples."""
    methods = [method for method, by_seed in answers.given.items() if len(by_seed) > 1]
    measured = [measure_seeds(answers, method) for method in methods]
    p_values = holm([candidate.p_value for candidate in measured])
    found = {
        method: p_value
        for method, candidate, p_value in zip(methods, measured, p_values, strict=True)
        if candidate.stands_out and p_value < RULE_ALPHA
    }
    return [describe_seeds(answers, found)] if found else []


def measure_seeds(answers: Answers, method: str) -> Measured:
    """Return whether every two seeds of a method answer many examples differently."""
    differ = [first != second for first, second in combinations(answers.answers(method), 2)]
    worth = np.array([answers.worth(pair) for pair in differ])
    counts = np.sum(differ, axis=1)
    p_values = at_least(counts * worth, answers.examples * worth, NOTABLE)
    return Measured(bool(counts.mean() >= NOTABLE * answers.examples), float(p_values.max()))


def describe_seeds(answers: Answers, p_values: dict[str, float]) -> SeedsFinding:
    """Return the finding, the method whose seeds disagree most first."""
    counts = sorted((count_answers(answers, method) for method in p_values), key=lambda count: -count.disagreement)
    return SeedsFinding(
        task=answers.task,
        split=answers.split,
        methods=[count.method for count in counts],
        examples=max(count.examples for count in counts),
        examples_in_split=answers.examples,
        p_value_holm=max(p_values.values()),
        counts=counts,
    )


def count_answers(answers: Answers, method: str) -> SeedAnswers:
    """Return how much the seeds of one method disagree."""
    given = answers.answers(method)
    accuracies = 1 - answers.wrong[method].mean(axis=1)
    return SeedAnswers(
        method=method,
        seeds=len(given),
        examples=int((given != given[0]).any(axis=0).sum()),
        disagreement=float(pair_disagreement(given).mean()),
        accuracy_low=float(accuracies.min()),
        accuracy_high=float(accuracies.max()),
    )


def look_for_unsteady(finding: SeedsFinding, answers: Answers) -> list[Measured]:
    """Return whether it holds on another split, for each method of the finding."""
    return [measure_seeds(answers, method) for method in finding.methods if len(answers.given.get(method, {})) > 1]
