"""Rule: a method never or almost never gives a label, which sets a ceiling to its accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fineprint.core.records import LabelAnswers, LabelFinding
from fineprint.findings.answers import UNPARSEABLE, Answers
from fineprint.findings.chance import RULE_ALPHA, Measured, at_most
from fineprint.scoring.statistics import holm

# A label that is given a fifth as often as examples have it is missed on four of five of them at least, whatever the
# accuracy elsewhere. Random answers, uniform or in the labels' own shares, lie far above.
RARELY = 0.2
# Of what can be reached without the labels: at most a twentieth is left to gain otherwise.
NEAR_CEILING = 0.95


def find_labels(answers: Answers) -> list[LabelFinding]:
    """Return a finding for each set of neglected labels, with the methods that neglect just these."""
    places = [(method, label) for method in answers.given for label in range(len(answers.labels))]
    measured = [measure_label(answers, method, label) for method, label in places]
    by_method: dict[str, dict[int, float]] = {}
    for (method, label), found, p_value in zip(places, measured, correct(measured), strict=True):
        if found.stands_out and p_value < RULE_ALPHA:
            by_method.setdefault(method, {})[label] = p_value
    alike: dict[tuple[int, ...], dict[str, float]] = {}
    for method, labels in by_method.items():
        alike.setdefault(tuple(labels), {})[method] = max(labels.values())
    return [describe_labels(answers, labels, p_values) for labels, p_values in alike.items()]


def correct(measured: Sequence[Measured]) -> list[float]:
    """Return the corrected p-values of a family of candidates."""
    return holm([candidate.p_value for candidate in measured])


def measure_label(answers: Answers, method: str, label: int) -> Measured:
    """Return whether a method gives a label far less often than examples have it, unparseable answers aside."""
    given, support = answers.answers(method), int((answers.golds == label).sum())
    named = given == label
    share = RARELY * support / answers.examples
    parseable = (given != UNPARSEABLE).sum(axis=1)
    worth = np.array([answers.worth(by_seed) for by_seed in named])
    p_values = at_most(named.sum(axis=1) * worth, parseable * worth, share)
    return Measured(bool(support and named.sum() <= share * parseable.sum()), float(p_values.max()))


def describe_labels(answers: Answers, labels: Sequence[int], p_values: dict[str, float]) -> LabelFinding:
    """Return the finding of one set of labels."""
    have = np.isin(answers.golds, labels)
    ceiling = float(1 - have.mean())
    counts = [
        LabelAnswers(
            method=method,
            seeds=len(answers.given[method]),
            answered=int(np.isin(answers.answers(method), labels).sum()),
            recall=answers.accuracy(method, have),
            accuracy=answers.accuracy(method),
            at_ceiling=answers.accuracy(method) >= NEAR_CEILING * ceiling,
        )
        for method in p_values
    ]
    missed = max(float(answers.wrong[method][:, have].sum(axis=1).mean()) for method in p_values)
    return LabelFinding(
        task=answers.task,
        split=answers.split,
        methods=list(p_values),
        examples=round(missed),
        examples_in_split=answers.examples,
        p_value_holm=max(p_values.values()),
        labels=[answers.labels[label] for label in labels],
        label_examples=int(have.sum()),
        ceiling=ceiling,
        counts=counts,
    )


def explain_by_labels(answers: Answers, findings: Sequence[LabelFinding]) -> dict[str, np.ndarray]:
    """Return for each method the examples whose label it neglects."""
    neglected: dict[str, list[int]] = {method: [] for method in answers.given}
    for finding in findings:
        for method in finding.methods:
            neglected[method] += [answers.labels.index(label) for label in finding.labels]
    return {method: np.isin(answers.golds, labels) for method, labels in neglected.items()}


def look_for_labels(finding: LabelFinding, answers: Answers) -> list[Measured]:
    """Return whether the labels are neglected on another split, for each method and label of the finding."""
    labels = [answers.labels.index(label) for label in finding.labels]
    return [
        measure_label(answers, method, label)
        for method in finding.methods
        if method in answers.given
        for label in labels
        if (answers.golds == label).any()
    ]
