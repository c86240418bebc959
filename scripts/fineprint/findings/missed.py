"""Rule: examples that every run of every method gets wrong, more than if errors were independent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from fineprint.core.records import MissedFinding, Place
from fineprint.findings.answers import UNPARSEABLE, Answers, Subset
from fineprint.findings.chance import RULE_ALPHA, Measured, at_least
from fineprint.findings.concentrations import find_concentrations

MANY = 3  # methods: what two have in common is told of the pair
FEWEST = 5  # examples: fewer can be read one by one
MORE = 2.0  # times what is expected
IDS_SHOWN = 5
LABEL = "label"  # gold labels are looked at as a tag of this name
ALL = "all"  # in place of a method


def find_missed(answers: Answers, followers: Collection[str]) -> list[MissedFinding]:
    """Return at most one finding.

    Args:
        answers: to the split.
        followers: methods that get wrong what another gets wrong, as is told of the two: they are no witnesses.
    """
    methods = [method for method in answers.given if method not in followers]
    if len(methods) < MANY:
        return []
    measured = measure_missed(answers, methods)
    found = measured.stands_out and measured.p_value < RULE_ALPHA
    return [describe_missed(answers, methods, measured.p_value)] if found else []


def always_wrong(answers: Answers, methods: Iterable[str]) -> np.ndarray:
    """Return whether all seeds of a method get an example wrong, shape (methods, examples)."""
    return np.array([answers.wrong[method].all(axis=0) for method in methods])


def expect_missed(answers: Answers, methods: Sequence[str]) -> float:
    """Return how many examples all of these methods would miss if their errors were independent among the examples of
    one label. That a label is hard, or never given, is seen in the scores by class."""
    each = always_wrong(answers, methods)
    parts = [each[:, answers.golds == label] for label in np.unique(answers.golds)]
    return float(sum(part.mean(axis=1).prod() * part.shape[1] for part in parts))


def measure_missed(answers: Answers, methods: Sequence[str]) -> Measured:
    """Return whether all methods miss more of the same examples than if the errors of these were independent."""
    missed = always_wrong(answers, answers.given).all(axis=0)
    share = expect_missed(answers, methods) / answers.examples
    worth = answers.worth(missed)
    p_value = float(at_least(missed.sum() * worth, answers.examples * worth, share))
    return Measured(bool(missed.sum() >= max(FEWEST, MORE * share * answers.examples)), p_value)


def describe_missed(answers: Answers, methods: Sequence[str], p_value: float) -> MissedFinding:
    """Return the finding, with the labels and subsets that the missed examples are in."""
    missed = always_wrong(answers, answers.given).all(axis=0)
    runs = np.concatenate([answers.answers(method) for method in answers.given])
    same = (runs == runs[0]).all(axis=0) & (runs[0] != UNPARSEABLE)
    return MissedFinding(
        task=answers.task,
        split=answers.split,
        methods=list(answers.given),
        examples=int(missed.sum()),
        examples_in_split=answers.examples,
        p_value_holm=p_value,
        runs=len(runs),
        expected=expect_missed(answers, methods),
        independent_methods=list(methods),
        same_answer=int((missed & same).sum()),
        ids=[answers.ids[place] for place in np.flatnonzero(missed)[:IDS_SHOWN]],
        places=find_places(answers, missed),
    )


def find_places(answers: Answers, missed: np.ndarray) -> list[Place]:
    """Return the labels and subsets in which missed examples are concentrated."""
    candidates: dict[Subset, np.ndarray] = {
        (LABEL, name): answers.golds == label for label, name in enumerate(answers.labels)
    }
    candidates |= {subset: inside for subset, inside in answers.subsets.items() if subset not in candidates}
    nothing = {ALL: np.zeros(answers.examples, dtype=bool)}
    found = find_concentrations(answers, {ALL: missed[None]}, candidates, nothing)[ALL]
    return [
        Place(
            tag=tag,
            value=value,
            missed=int((missed & candidates[tag, value]).sum()),
            examples=int(candidates[tag, value].sum()),
        )
        for tag, value in found
    ]


def look_for_missed(finding: MissedFinding, answers: Answers) -> list[Measured]:
    """Return whether it holds on another split."""
    methods = [method for method in finding.independent_methods if method in answers.given]
    return [measure_missed(answers, methods)] if len(methods) >= MANY else []
