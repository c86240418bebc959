"""Which differences between methods are significant, and what one design choice is worth."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fineprint.core import formats
from fineprint.core.records import COLLAPSED
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods, number_cell, title_cell
from fineprint.reporting.table import Cell, Table, text
from fineprint.reporting.words import Words
from fineprint.results.study import Difference, Study
from fineprint.scoring.statistics import describe_correction

MANY_METHODS = 12  # a matrix of more has no room for their titles
STYLES = {"tied": "", "better": "real gain", "worse": "real loss"}
AXES = ("backbone", "precision", "adapter", "readout", "fields")

WORDS = Words("pairs")


def matrix_table(study: Study, task: str, split: str) -> Table | None:
    """Return all differences in accuracy, row minus column, in percentage points; significant ones are marked."""
    methods = list_methods(study, task, [method for method, _ in study.scored(task, split)])
    if len(methods) < 2:
        return None
    named = len(methods) <= MANY_METHODS
    columns: list[Column[MethodOnTask]] = [
        *(METHOD if named else [Column("No.", linked_number)]),
        *(
            Column(str(study.numbers[other.method]), partial(difference_cell, split, other), formats.points)
            for other in methods
        ),
    ]
    caption = WORDS("matrix_caption", task=task, split=split, named=named)
    return build_table(f"pairs-{task}-{split}", caption, columns, methods, style="compact matrix")


def linked_number(entry: MethodOnTask) -> Cell:
    """Return a method's number, which leads to the method, where many columns leave no room for titles."""
    title = title_cell(entry)
    return replace(number_cell(entry), link=title.link, note=title.text)


def difference_cell(split: str, other: MethodOnTask, entry: MethodOnTask) -> Cell | None:
    """Return one difference of the matrix."""
    study, first, second = entry.study, entry.method, other.method
    difference = study.difference(entry.task, first, second, split)
    if first == second:
        return text("", style="diagonal")
    if difference is None:
        return None
    names = {"first": study.title(first), "second": study.title(second)}
    return text(
        formats.points(difference.value) + ("*" if difference.is_real else ""),
        sort=difference.value,
        note=WORDS("difference_note", p_value=difference.p_value_holm, **names),
        style=STYLES[name_outcome(difference)],
    )


def name_outcome(difference: Difference) -> str:
    """Return "better" or "worse" where a difference is significant, else "tied"."""
    return "tied" if not difference.is_real else "better" if difference.value > 0 else "worse"


@dataclass(frozen=True)
class Ablation:
    """Two methods that differ in one axis only; `difference` is that of `after` over `before`."""

    axis: str
    before: str
    after: str
    titles: dict[str, str]
    difference: Difference
    outcome: str  # that of `name_outcome`, or "collapsed" where a run of the two is compared with nothing


def list_ablations(study: Study, task: str) -> list[Ablation]:
    """Return the pairs of methods that differ in one axis only, and in which."""
    found = []
    for before, after in itertools.combinations([method for method, _ in study.scored(task)], 2):
        ones, others = study.settings(before), study.settings(after)
        changed = [axis for axis in AXES if what_answers(ones.get(axis)) != what_answers(others.get(axis))]
        difference = study.difference(task, after, before)
        if len(changed) == 1 and difference is not None:
            titles = {"before": study.title(before), "after": study.title(after)}
            collapsed = COLLAPSED in (study.status(task, before), study.status(task, after))
            outcome = COLLAPSED if collapsed else name_outcome(difference)
            found.append(Ablation(changed[0], before, after, titles, difference, outcome))
    return found


def what_answers(choice: Any) -> Any:
    """Return a choice without what is only tried beside it on held-out examples: that answers no test example."""
    return {key: value for key, value in choice.items() if key != "trials"} if isinstance(choice, dict) else choice


def limits_cell(pair: Ablation) -> Cell:
    """Return the interval of a difference."""
    return text(WORDS("limits", difference=pair.difference), sort=pair.difference.low)


ABLATIONS = [
    Column("Changed", lambda pair: pair.axis, width=11),
    Column("From → to", lambda pair: WORDS("change", **pair.titles), width=32),
    Column("Percentage points", lambda pair: pair.difference.value, formats.points, width=12),
    Column("95 % interval", limits_cell, formats.points, width=15),
    Column("p (Holm)", lambda pair: pair.difference.p_value_holm, formats.p_value, width=10),
    Column("Verdict", lambda pair: WORDS("verdict", pair.outcome, **pair.titles), width=20),
]


def ablations_table(study: Study, task: str) -> Table | None:
    """Return what changing one design choice alone does to accuracy."""
    pairs, where = list_ablations(study, task), (task, study.headline(task), study.seed)
    corrected = [pair for pair in study.results.comparisons if (pair.task, pair.split, pair.seed) == where]
    correction = describe_correction(len(corrected))
    caption = WORDS("ablations_caption", task=task, headline=study.headline(task), correction=correction)
    return build_table(f"choices-{task}", caption, ABLATIONS, pairs) if pairs else None


def ablation_sentences(study: Study, task: str) -> list[str]:
    """Return one sentence for each pair that differs in one design choice only, among runs that may be compared."""
    return [
        WORDS("ablation", pair.outcome, difference=pair.difference, **pair.titles)
        for pair in list_ablations(study, task)
        if pair.outcome != COLLAPSED
    ]
