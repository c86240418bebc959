"""Cost and benefit: every method against the most accurate one, as a table and as one line each."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.reporting.sections.advice import accuracy_phrase
from fineprint.reporting.sections.cost_axes import (
    COSTS,
    CostAxis,
    are_alike,
    are_comparable,
    trains_nothing,
    write_alike,
)
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Cell, Table, blank, number, numeric, plain, text
from fineprint.results.lookup import Study

WIDTHS = [5, 23, 6, 8, 11, 9, 10, 8, 10, 10]


def describe_benefit(study: Study, task: str) -> dict[str, Any]:
    """Return what the section on advice shows of cost and benefit."""
    best = [study.title(method) for method, _ in study.ranked(task)[:1]]
    return {
        "table": benefit_table(study, task),
        "readings": readings(study, task),
        "best": "".join(best),
        "alike": write_alike(),
    }


def benefit_table(study: Study, task: str) -> Table | None:
    """Return rank, points behind the best, and each cost as a multiple of the best method's."""
    ranked = study.ranked(task)
    if not ranked:
        return None
    best = ranked[0][0]
    rows = [
        [
            *name_cells(study, task, method),
            rank_cell(study, task, method),
            points_cell(study, task, best, method),
            *(ratio_cell(study, task, best, method, axis) for axis in COSTS),
        ]
        for method in study.methods
        if study.run(task, method)
    ]
    heads = ("Rank", "Points behind", *(axis.name.capitalize() for axis in COSTS))
    reference = "; ".join(describe_reference(study, task, best, axis) for axis in COSTS)
    caption = (
        f"Cost and benefit on “{task}”: each cost as a multiple of that of {study.title(best)}, the most accurate "
        f"method on {study.headline(task)} ({reference}). An asterisk: the paired test confirms the distance."
    )
    columns = [*plain("No.", "Method"), *numeric(*heads)]
    return Table(f"benefit-{task}", caption, columns, rows, style="compact", widths=WIDTHS)


def describe_reference(study: Study, task: str, best: str, axis: CostAxis) -> str:
    """Return the reference's own figure."""
    run = study.run(task, best)
    if axis.of_training and trains_nothing(run):
        return f"{axis.name}: nothing is trained"
    return f"{axis.name}: {axis.write(axis.get(run))}"


def rank_cell(study: Study, task: str, method: str) -> Cell:
    """Return a method's rank."""
    rank = study.rank(task, method)
    return blank("not ranked") if rank is None else number(rank, formats.count)


def points_cell(study: Study, task: str, best: str, method: str) -> Cell:
    """Return how many points a method is behind the best; an asterisk where the test confirms it."""
    if method == best:
        return number(0.0, formats.points)
    if study.status(task, method) != "ok":
        return blank("not ranked")
    difference = study.difference(task, best, method)
    if difference is None:
        return number(None, formats.points)
    return text(
        formats.points(difference.value, signed=False) + ("*" if difference.is_real else ""), sort=difference.value
    )


def find_ratio(study: Study, task: str, best: str, method: str, axis: CostAxis) -> float | None:
    """Return a cost as a multiple of the best method's, if both were measured alike."""
    value, reference = axis.get(study.run(task, method)), axis.get(study.run(task, best))
    if value is None or not reference or not are_comparable(study, task, [method, best], axis):
        return None
    return value / reference


def write_ratio(value: float) -> str:
    """Write a multiple; a very small one with one digit that counts."""
    return formats.times(value) if value >= 0.01 else f"{value:.1g}\u00a0×"


def ratio_cell(study: Study, task: str, best: str, method: str, axis: CostAxis) -> Cell:
    """Return a cost as a multiple, or why there is none."""
    if axis.of_training and any(trains_nothing(study.run(task, name)) for name in (method, best)):
        return blank("nothing is trained by this method or by the best")
    return number(find_ratio(study, task, best, method, axis), write_ratio)


def readings(study: Study, task: str) -> list[str]:
    """Return one line for each ranked method but the best: what it gives up in accuracy, and what that buys."""
    ranked = [method for method, _ in study.ranked(task)]
    return [reading(study, task, ranked[0], method) for method in ranked[1:]]


def reading(study: Study, task: str, best: str, method: str) -> str:
    """Return one method's benefit against its cost."""
    run, parts = study.run(task, method), []
    if trains_nothing(run):
        parts.append("it trains nothing")
    groups: dict[str, list[str]] = {"in its favour": [], "about the same": [], "against it": []}
    for axis in COSTS:
        ratio = find_ratio(study, task, best, method, axis)
        if ratio is not None:
            groups[assess_ratio(ratio, axis)].append(f"{axis.name} ({write_ratio(ratio)})")
    parts += [f"{words}: {formats.join(names)}" for words, names in groups.items() if names]
    costs = "; ".join(parts) or "its costs cannot be compared"
    return f"{study.title(method)}: {accuracy_phrase(study, task, method)}; {costs}."


def assess_ratio(ratio: float, axis: CostAxis) -> str:
    """Return whether a multiple of the best method's cost speaks for or against a method, or neither."""
    if are_alike(ratio, 1.0):
        return "about the same"
    return "in its favour" if (ratio > 1) == axis.higher_is_better else "against it"
