"""Which differences between methods are real, and what one choice is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fineprint.core import formats
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Cell, Table, number, numeric, plain, text
from fineprint.results.lookup import Difference, Study
from fineprint.scoring.statistics import describe_correction

MANY_METHODS = 12  # a matrix of more has no room for their titles
AXES = ("backbone", "precision", "adapter", "readout")


def matrix_table(study: Study, task: str, split: str) -> Table | None:
    """Return all differences in accuracy, row minus column, in points; significant ones are marked."""
    methods = [method for method, _ in study.scored(task, split)]
    if len(methods) < 2:
        return None
    named = len(methods) <= MANY_METHODS
    rows = [
        [*row_names(study, task, method, named), *(matrix_cell(study, task, split, method, other) for other in methods)]
        for method in methods
    ]
    columns = [
        *plain("No.", *(["Method"] if named else [])),
        *numeric(*(str(study.numbers[method]) for method in methods)),
    ]
    caption = (
        f"Paired differences on {split} of “{task}”: accuracy of the row's method minus that of the column's, "
        "in percentage "
        "points, on the same rows. Bold with an asterisk: significant (exact McNemar test, Holm-corrected over "
        f"all pairs, p < .05).{'' if named else ' Methods by number.'}"
    )
    return Table(f"pairs-{task}-{split}", caption, columns, rows, style="compact matrix")


def row_names(study: Study, task: str, method: str, named: bool) -> list[Cell]:
    """Return number and title; the number alone, leading to the method, where many columns leave no room for titles."""
    number_cell, title_cell = name_cells(study, task, method)
    return [number_cell, title_cell] if named else [replace(number_cell, link=title_cell.link, note=title_cell.text)]


def matrix_cell(study: Study, task: str, split: str, first: str, second: str) -> Cell:
    """Return one difference of the matrix."""
    difference = study.difference(task, first, second, split)
    if first == second:
        return text("", style="diagonal")
    if difference is None:
        return number(None, formats.points)
    note = f"{study.title(first)} − {study.title(second)}: {formats.p_phrase(difference.p_value_holm)}"
    direction = "" if not difference.is_real else "real gain" if difference.value > 0 else "real loss"
    shown = formats.points(difference.value) + ("*" if difference.is_real else "")
    return text(shown, sort=difference.value, note=note, style=direction)


def one_choice_pairs(study: Study, task: str) -> list[dict[str, Any]]:
    """Return the pairs of methods that differ in one axis only, and in which."""
    scored = [method for method, _ in study.scored(task)]
    found = []
    for position, first in enumerate(scored):
        for second in scored[position + 1 :]:
            ones, others = study.settings(first), study.settings(second)
            changed = [axis for axis in AXES if what_answers(ones[axis]) != what_answers(others[axis])]
            difference = study.difference(task, second, first)
            if len(changed) == 1 and difference is not None:
                found.append({"first": first, "second": second, "axis": changed[0], "difference": difference})
    return found


def what_answers(choice: Any) -> Any:
    """Return a choice without what is only tried beside it on held-out rows: that answers no test row."""
    return {key: value for key, value in choice.items() if key != "trials"} if isinstance(choice, dict) else choice


def verdict(study: Study, first: str, second: str, difference: Difference, collapsed: bool) -> str:
    """Return in words what a paired difference (first − second) allows to be said."""
    if collapsed:
        return "no verdict: a run collapsed"
    if not difference.is_real:
        return "cannot be told apart"
    winner = first if difference.value > 0 else second
    return f"{study.title(winner)} is better"


def correction(study: Study, task: str) -> str:
    """Return in words for how many pairs the p-values of the headline split were corrected."""
    where = (task, study.headline(task), study.seed)
    pairs = [pair for pair in study.results["comparisons"] if (pair["task"], pair["split"], pair["seed"]) == where]
    return describe_correction(len(pairs))


def one_choice_table(study: Study, task: str) -> Table | None:
    """Return what changing one choice alone does to accuracy."""
    rows = []
    for pair in one_choice_pairs(study, task):
        first, second, difference = pair["first"], pair["second"], pair["difference"]
        collapsed = "collapsed" in (study.status(task, first), study.status(task, second))
        limits = f"{formats.points(difference.low)} to {formats.points(difference.high)}"
        rows.append(
            [
                text(pair["axis"]),
                text(f"{study.title(first)} → {study.title(second)}"),
                number(difference.value, formats.points),
                text(limits, sort=difference.low),
                number(difference.p_value_holm, formats.p_value),
                text(verdict(study, second, first, difference, collapsed)),
            ]
        )
    columns = [*plain("Changed", "From → to"), *numeric("Points", "95 % interval", "p (Holm)"), *plain("Verdict")]
    caption = (
        f"What one choice is worth on {study.headline(task)} of “{task}”: pairs of methods that differ in one axis "
        f"only. Learning rates and epochs are each method's own. p (Holm): {correction(study, task)}; where fewer are "
        "compared, as two methods of the chapter on many tasks are, the same counts of rows give a smaller p."
    )
    return Table(f"choices-{task}", caption, columns, rows, widths=[11, 34, 9, 15, 10, 21]) if rows else None
