"""What the methods' errors have in common: hardest subsets, and examples that every run misses."""

from __future__ import annotations

from functools import partial
from typing import Any

from fineprint.core import formats
from fineprint.core.records import HardSubset, MissedExample, TaskErrors
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.table import Cell, Table, text
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("errors")


def find_errors(study: Study, task: str) -> TaskErrors | None:
    """Return the record of a task; None where fewer than two methods can be compared."""
    return next((found for found in study.results.errors if found.task == task), None)


def describe_errors(study: Study, task: str) -> dict[str, Any]:
    """Return what the section on errors shows of a task beside the findings."""
    found = find_errors(study, task)
    if found is None:
        return {"hardest": None, "missed": None}
    return {"hardest": hardest_table(study, found), "missed": missed_table(found)}


def best_cell(study: Study, entry: HardSubset) -> Cell:
    """Return the best method in a subset."""
    return text(study.title(entry.best))


def hardest_table(study: Study, found: TaskErrors) -> Table | None:
    """Return the subsets with the lowest accuracy."""
    if not found.hardest:
        return None
    columns = [
        Column[HardSubset]("Subset", lambda entry: WORDS("subset", tag=entry.tag, value=entry.value)),
        Column("Examples", lambda entry: entry.examples, formats.count),
        Column("Mean accuracy", lambda entry: entry.accuracy, formats.accuracy),
        Column("Best method there", partial(best_cell, study)),
        Column("Its accuracy", lambda entry: entry.best_accuracy, formats.accuracy),
        Column("Missed by every run", lambda entry: entry.missed, formats.count),
    ]
    worst = found.hardest[0]
    caption = WORDS(
        "hardest_caption", found=found, place=WORDS("subset", tag=worst.tag, value=worst.value), worst=worst
    )
    return build_table(f"hardest-{found.task}", caption, columns, found.hardest, style="compact")


def missed_table(found: TaskErrors) -> Table | None:
    """Return the first of the examples that every run misses."""
    if not found.shown:
        return None
    fields = list(found.shown[0].texts)
    texts = [
        Column[MissedExample](
            field.replace("_", " ").capitalize(),
            lambda example, field=field: example.texts.get(field),
            width=60 // len(fields),
        )
        for field in fields
    ]
    columns = [
        *texts,
        Column("Gold label", lambda example: example.gold, width=15),
        Column("Commonest answer", partial(answer_cell, found), width=25),
    ]
    caption = WORDS("missed_caption", found=found, shown=len(found.shown))
    return build_table(f"missed-{found.task}", caption, columns, found.shown, style="compact")


def answer_cell(found: TaskErrors, example: MissedExample) -> Cell:
    """Return the commonest answer to an example, and how many of the runs give it."""
    outcome = "none" if example.answer is None else "label"
    return text(WORDS("answer", outcome, answer=example.answer, runs=example.runs, all_runs=found.runs))
