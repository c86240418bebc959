"""Rule: a subset holds most of a method's errors, or accuracy there falls far below the rest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fineprint.core.records import SubsetErrors, SubsetFinding
from fineprint.findings.answers import Answers, Subset
from fineprint.findings.chance import Measured
from fineprint.findings.concentrations import Concentration, find_concentrations, measure_concentration


def find_subsets(answers: Answers, explained: Mapping[str, np.ndarray]) -> list[SubsetFinding]:
    """Return a finding for each subset, with the methods that fail there.

    Args:
        answers: to the split.
        explained: by method, the examples whose errors need no further explanation.
    """
    by_method = find_concentrations(answers, answers.wrong, answers.subsets, explained)
    by_subset: dict[Subset, dict[str, float]] = {}
    for method, found in by_method.items():
        for subset, p_value in found.items():
            by_subset.setdefault(subset, {})[method] = p_value
    return [describe_subset(answers, subset, p_values) for subset, p_values in by_subset.items()]


def describe_subset(answers: Answers, subset: Subset, p_values: Mapping[str, float]) -> SubsetFinding:
    """Return the finding of one subset and the methods that fail there, those with the most errors first."""
    inside = answers.subsets[subset]
    counts = sorted((count_errors(answers, method, inside) for method in p_values), key=lambda count: -count.errors)
    accuracies = {method: answers.accuracy(method, inside) for method in answers.given}
    best = max(accuracies, key=lambda method: accuracies[method])
    return SubsetFinding(
        task=answers.task,
        split=answers.split,
        methods=[count.method for count in counts],
        examples=max(round(count.errors / count.seeds) for count in counts),
        examples_in_split=answers.examples,
        p_value_holm=max(p_values.values()),
        tag=subset[0],
        value=subset[1],
        subset_examples=int(inside.sum()),
        counts=counts,
        methods_compared=len(answers.given),
        best=best,
        best_accuracy=accuracies[best],
    )


def count_errors(answers: Answers, method: str, inside: np.ndarray) -> SubsetErrors:
    """Return one method's errors in a subset."""
    found = Concentration.of(answers.wrong[method], inside)
    return SubsetErrors(
        method=method,
        seeds=len(found.errors),
        errors=int(found.errors.sum()),
        all_errors=int(found.all_errors.sum()),
        accuracy=answers.accuracy(method, inside),
        accuracy_elsewhere=answers.accuracy(method, ~inside),
        holds_most=found.holds_most,
    )


def look_for_subset(finding: SubsetFinding, answers: Answers) -> list[Measured]:
    """Return whether a subset stands out on another split, for each method of the finding."""
    inside = answers.subsets.get((finding.tag, finding.value))
    if inside is None:
        return []
    return [
        measure_concentration(answers, answers.wrong[method], inside)
        for method in finding.methods
        if method in answers.given
    ]
