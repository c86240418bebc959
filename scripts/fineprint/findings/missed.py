"""Rule: examples that every run of every method gets wrong, more than if errors were independent."""

from __future__ import annotations

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


def find_missed(answers: Answers) -> list[MissedFinding]:
    """Return at most one finding."""
    if len(answers.given) < MANY:
        return []
    measured = measure_missed(answers)
    return [describe_missed(answers, measured.p_value)] if measured.stands_out and measured.p_value < RULE_ALPHA else []


def always_wrong(answers: Answers) -> np.ndarray:
    """Return whether all seeds of a method get an example wrong, shape (methods, examples)."""
    return np.array([wrong.all(axis=0) for wrong in answers.wrong.values()])


def measure_missed(answers: Answers) -> Measured:
    """Return whether all methods miss more of the same examples than if their errors were independent."""
    each = always_wrong(answers)
    missed, share = each.all(axis=0), float(each.mean(axis=1).prod())
    worth = answers.worth(missed)
    p_value = float(at_least(missed.sum() * worth, answers.examples * worth, share))
    return Measured(bool(missed.sum() >= max(FEWEST, MORE * share * answers.examples)), p_value)


def describe_missed(answers: Answers, p_value: float) -> MissedFinding:
    """Return the finding, with the labels and subsets that the missed examples are in."""
    each = always_wrong(answers)
    missed = each.all(axis=0)
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
        expected=float(each.mean(axis=1).prod() * answers.examples),
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


def look_for_missed(_: MissedFinding, answers: Answers) -> list[Measured]:
    """Return whether it holds on another split."""
    return [measure_missed(answers)] if len(answers.given) >= MANY else []
