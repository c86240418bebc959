"""All rules, applied to the splits of a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from fineprint.core.records import Elsewhere, Finding
from fineprint.findings.agreement import find_agreement, look_for_agreement
from fineprint.findings.answers import Answers
from fineprint.findings.chance import RULE_ALPHA, Measured, at_least, judge_elsewhere
from fineprint.findings.dominance import find_dominance, look_for_dominance
from fineprint.findings.labels import explain_by_labels, find_labels, look_for_labels
from fineprint.findings.missed import find_missed, look_for_missed
from fineprint.findings.seeds import find_unsteady, look_for_unsteady
from fineprint.findings.subsets import find_subsets, look_for_subset

LOOK: dict[str, Callable[..., list[Measured]]] = {
    "subset": look_for_subset,
    "label": look_for_labels,
    "dominance": look_for_dominance,
    "agreement": look_for_agreement,
    "missed": look_for_missed,
    "seeds": look_for_unsteady,
}


def find_in_task(splits: Sequence[Answers]) -> list[Finding]:
    """Return what stands out on the first split, and whether it does on the others; what concerns most examples first.

    Args:
        splits: the answers to each test split; methods to be compared only, without controls and collapsed runs.
    """
    if not splits:
        return []
    headline, *others = splits
    found = [look_elsewhere(finding, others) for finding in find_in_split(headline)]
    return sorted(found, key=lambda finding: -finding.examples)


def find_in_split(answers: Answers) -> list[Finding]:
    """Return what stands out on one split."""
    labels, informed = find_labels(answers), leave_out_guesses(answers)
    dominance = find_dominance(informed)
    agreement = find_agreement(informed, {(finding.methods[0], finding.methods[1]) for finding in dominance})
    alike = [finding for finding in agreement if not finding.less]
    return [
        *labels,
        *find_subsets(answers, explain_by_labels(answers, labels)),
        *dominance,
        *agreement,
        *find_missed(informed, {finding.methods[1] for finding in [*dominance, *alike]}),
        *find_unsteady(informed),
    ]


def leave_out_guesses(answers: Answers) -> Answers:
    """Return the answers of methods that are more accurate than always giving the most frequent label, with every seed:
    it says nothing that others disagree, with each other or with themselves."""
    majority_rate = float(np.bincount(answers.golds).max() / answers.examples)
    kept = {
        method: by_seed
        for method, by_seed in answers.given.items()
        if (at_least((~answers.wrong[method]).sum(axis=1), answers.examples, majority_rate) < RULE_ALPHA).all()
    }
    return replace(answers, given=kept)


def look_elsewhere(finding: Finding, others: Sequence[Answers]) -> Finding:
    """Return a finding with what the other splits say of it."""
    outcomes = {answers.split: judge_elsewhere(LOOK[finding.kind](finding, answers)) for answers in others}
    elsewhere = [Elsewhere(split=split, outcome=outcome) for split, outcome in outcomes.items() if outcome]
    return replace(finding, elsewhere=elsewhere)
