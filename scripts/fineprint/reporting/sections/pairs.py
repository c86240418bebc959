"""Which differences between methods are significant, and what one design choice is worth."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fineprint.core import formats
from fineprint.core.records import COLLAPSED, Comparison, Interval, Verdict
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods, number_cell, title_cell
from fineprint.reporting.sections.standings import STYLES, speaks_of_models
from fineprint.reporting.table import Cell, Table, text
from fineprint.reporting.words import Words
from fineprint.results.study import Study
from fineprint.scoring.statistics import describe_correction

MANY_METHODS = 12  # a matrix of more has no room for their titles
MARKS = {Verdict.BETTER: "*", Verdict.WORSE: "*", Verdict.EQUIVALENT: "="}
AXES = ("backbone", "precision", "adapter", "readout", "input", "fields", "epochs", "max_length")

WORDS = Words("pairs")


def matrix_table(study: Study, task: str, split: str) -> Table | None:
    """Return all differences in accuracy, row minus column, in percentage points; verdicts are marked."""
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
    models = speaks_of_models(pair for pair in study.results.comparisons if (pair.task, pair.split) == (task, split))
    facts = {"named": named, "models": models, "margin": study.config["margin"]}
    caption = WORDS("matrix_caption", task=task, split=split, **facts)
    return build_table(f"pairs-{task}-{split}", caption, columns, methods, style="compact matrix")


def linked_number(entry: MethodOnTask) -> Cell:
    """Return a method's number, which leads to the method, where many columns leave no room for titles."""
    title = title_cell(entry)
    return replace(number_cell(entry), link=title.link, note=title.text)


def difference_cell(split: str, other: MethodOnTask, entry: MethodOnTask) -> Cell | None:
    """Return one difference of the matrix."""
    study, first, second = entry.study, entry.method, other.method
    found = study.comparison(entry.task, first, second, split)
    if first == second:
        return text("", style="diagonal")
    if found is None:
        return None
    names = {"first": study.title(first), "second": study.title(second)}
    return text(
        formats.points(found.difference) + MARKS.get(found.outcome, ""),
        sort=found.difference,
        note=WORDS("difference_note", found=found, **names),
        style=STYLES.get(found.outcome, ""),
    )


@dataclass(frozen=True)
class Ablation:
    """Two methods that differ in one axis only; `found` is what comparing `after` with `before` concludes."""

    axis: str
    before: str
    after: str
    titles: dict[str, str]
    found: Comparison
    outcome: str  # of the comparison, or "collapsed" where one of the two learned nothing


def list_ablations(study: Study, task: str) -> list[Ablation]:
    """Return the pairs of methods that differ in one axis only, and in which."""
    found = []
    for before, after in itertools.combinations([method for method, _ in study.scored(task)], 2):
        changed = [axis for axis in AXES if differ(study, task, axis, before, after)]
        compared = study.comparison(task, after, before)
        if len(changed) == 1 and compared is not None:
            titles = {"before": study.title(before), "after": study.title(after)}
            collapsed = COLLAPSED in (study.status(task, before), study.status(task, after))
            outcome = COLLAPSED if collapsed else compared.outcome
            found.append(Ablation(changed[0], before, after, titles, compared, outcome))
    return found


def differ(study: Study, task: str, axis: str, before: str, after: str) -> bool:
    """Return whether two methods differ in an axis, as far as that can change an answer."""
    ones, others = study.settings(before), study.settings(after)
    if axis == "epochs":  # of a method that trains nothing the lack of epochs is no choice of its own
        trainings = [settings.get("training") for settings in (ones, others)]
        return all(trainings) and trainings[0][axis] != trainings[1][axis]
    if axis == "max_length" and not any(truncates(study, task, method) for method in (before, after)):
        return False
    return what_answers(ones.get(axis)) != what_answers(others.get(axis))


def truncates(study: Study, task: str, method: str) -> bool:
    """Return whether any of a method's examples was cut, or that is not known."""
    return any(
        record is None or record.truncated_rows != 0
        for run in study.runs_of(task, method)
        for record in (run.predict, *([run.trained] if run.is_trained else []))
    )


def what_answers(choice: Any) -> Any:
    """Return a choice without what is only tried beside it on held-out examples: that answers no test example."""
    return {key: value for key, value in choice.items() if key != "trials"} if isinstance(choice, dict) else choice


def limits_cell(interval: Interval) -> Cell:
    """Return the interval of a difference."""
    return text(WORDS("limits", interval=interval), sort=interval.low)


ABLATIONS = [
    Column("Changed", lambda pair: pair.axis, width=9),
    Column("From → to", lambda pair: WORDS("change", **pair.titles), width=27),
    Column("Percentage points", lambda pair: pair.found.difference, formats.points, width=11),
    Column("95 % interval", lambda pair: limits_cell(pair.found.interval), formats.points, width=13),
    Column("Simultaneous", lambda pair: limits_cell(pair.found.simultaneous_interval), formats.points, width=13),
    Column("p (Holm)", lambda pair: pair.found.p_value_holm, formats.p_value, width=9),
    Column("Verdict", lambda pair: WORDS("verdict", pair.outcome, found=pair.found, **pair.titles), width=18),
]


def ablations_table(study: Study, task: str) -> Table | None:
    """Return what changing one design choice alone does to accuracy."""
    pairs = list_ablations(study, task)
    if not pairs:
        return None
    caption = WORDS(
        "ablations_caption",
        task=task,
        headline=study.headline(task),
        correction=describe_correction(pairs[0].found.comparisons),
        comparisons=pairs[0].found.comparisons,
        changes=len(pairs),
        significant=sum(pair.found.is_significant for pair in pairs),
        margin=study.config["margin"],
        models=speaks_of_models(pair.found for pair in pairs),
    )
    return build_table(f"choices-{task}", caption, ABLATIONS, pairs)


def ablation_sentences(study: Study, task: str) -> list[str]:
    """Return one sentence for each pair that differs in one design choice only, among runs that may be compared."""
    return [
        WORDS("ablation", pair.outcome, found=pair.found, margin=study.config["margin"], **pair.titles)
        for pair in list_ablations(study, task)
        if pair.outcome != COLLAPSED
    ]
