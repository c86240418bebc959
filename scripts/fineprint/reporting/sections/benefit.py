"""Cost and benefit: every method against the most accurate one, as a table and as one line each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fineprint.core import formats
from fineprint.core.records import Run
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask
from fineprint.reporting.sections.cost_axes import (
    COSTS,
    CostAxis,
    are_alike,
    are_comparable,
    trains_nothing,
    write_alike,
)
from fineprint.reporting.sections.pairs import MARKS
from fineprint.reporting.sections.scores import NOT_RANKED, RANK
from fineprint.reporting.sections.standings import phrase_comparison, phrase_gap
from fineprint.reporting.table import Cell, Table, blank, number, text
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WIDTHS = [5, 23, 6, 8, 11, 9, 10, 8, 10, 10]

WORDS = Words("benefit")


@dataclass(frozen=True)
class Challenger(MethodOnTask):
    """A method held against the most accurate one, which may be itself."""

    best: str

    @property
    def best_run(self) -> Run | None:
        """The most accurate method's run."""
        return self.study.run(self.task, self.best)

    def ratio(self, axis: CostAxis) -> float | None:
        """Return a cost as a multiple of the best method's, if both were measured alike."""
        value, reference = (axis.of(self.study, self.task, method) for method in (self.method, self.best))
        if value is None or not reference or not are_comparable(self.study, self.task, [self.method, self.best], axis):
            return None
        return value / reference


def describe_benefit(study: Study, task: str) -> dict[str, Any]:
    """Return what the section on advice shows of cost and benefit."""
    best = "".join(study.title(method) for method, _ in study.ranked(task)[:1])
    table, lines = benefit_table(study, task), readings(study, task)
    return {"table": table, "readings": lines, "best": best, "alike": write_alike(study)}


def benefit_table(study: Study, task: str) -> Table | None:
    """Return rank, difference from the best, and each cost as a multiple of the best method's."""
    ranked = study.ranked(task)
    if not ranked:
        return None
    best = ranked[0][0]
    methods = [Challenger(study, task, method, best) for method in study.methods if study.run(task, method)]
    reference = "; ".join(describe_reference(methods[0], axis) for axis in COSTS)
    named = {"best": study.title(best), "headline": study.headline(task), "reference": reference}
    return build_table(f"benefit-{task}", WORDS("caption", task=task, **named), COLUMNS, methods, style="compact")


def describe_reference(entry: Challenger, axis: CostAxis) -> str:
    """Return the best method's own figure."""
    outcome = "untrained" if axis.of_training and trains_nothing(entry.best_run) else "measured"
    return WORDS("reference", outcome, name=axis.name, figure=axis.write(axis.of(entry.study, entry.task, entry.best)))


def behind_cell(entry: Challenger) -> Cell | None:
    """Return how many percentage points a method is behind the best, and what that concludes."""
    if entry.method == entry.best:
        return number(0.0, formats.points)
    if entry.study.rank(entry.task, entry.method) is None:
        return blank(NOT_RANKED)
    found = entry.study.comparison(entry.task, entry.best, entry.method)
    if found is None:
        return None
    shown = f"{formats.points(found.difference, signed=False)}{MARKS.get(found.outcome, '')}"
    return text(shown, sort=found.difference, note=phrase_comparison(entry.study, found.seen_from(entry.method)))


def why_no_ratio(axis: CostAxis, entry: Challenger) -> str | None:
    """Return why a cost of training has no multiple."""
    untrained = trains_nothing(entry.run) or trains_nothing(entry.best_run)
    return WORDS("untrained") if axis.of_training and untrained else None


def write_ratio(value: float) -> str:
    """Write a multiple; a very small one with one digit that counts."""
    return formats.times(value) if value >= 0.01 else f"{value:.1g}\u00a0×"


def ratio_column(axis: CostAxis) -> Column[Challenger]:
    """Return a cost as a multiple of the best method's."""
    return Column(
        axis.name.capitalize(), lambda entry: entry.ratio(axis), write_ratio, lacks=partial(why_no_ratio, axis)
    )


BEHIND = Column("Behind, percentage points", behind_cell, formats.points)
COLUMNS: list[Column[Any]] = [
    replace(column, width=width)
    for column, width in zip((*METHOD, RANK, BEHIND, *map(ratio_column, COSTS)), WIDTHS, strict=True)
]


def readings(study: Study, task: str) -> list[str]:
    """Return one line for each ranked method but the best: what it gives up in accuracy, and what that buys."""
    ranked = [method for method, _ in study.ranked(task)]
    return [read_costs(Challenger(study, task, method, ranked[0])) for method in ranked[1:]]


def read_costs(entry: Challenger) -> str:
    """Return one method's benefit against its cost."""
    groups: dict[str, list[str]] = {"favor": [], "alike": [], "against": []}
    for axis in COSTS:
        ratio = entry.ratio(axis)
        if ratio is not None:
            groups[assess_ratio(entry, ratio, axis)].append(WORDS("ratio", name=axis.name, ratio=write_ratio(ratio)))
    return WORDS(
        "reading",
        method=entry.study.title(entry.method),
        accuracy=phrase_gap(entry.study, entry.task, entry.method),
        untrained=trains_nothing(entry.run),
        **groups,
    )


def assess_ratio(entry: Challenger, ratio: float, axis: CostAxis) -> str:
    """Return whether a multiple of the best method's cost speaks for or against a method, or neither."""
    if write_ratio(ratio) == write_ratio(1) or are_alike(entry.study, entry.task, entry.method, entry.best, axis):
        return "alike"
    return "favor" if (ratio > 1) == axis.higher_is_better else "against"
