"""What the report says of a task whose accuracy was not measured: what the methods cost, backbone by backbone.

Nothing is ranked here. Methods on different backbones differ in size first of all, so they are not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fineprint.core import formats
from fineprint.core.records import COST_ONLY, NOT_MADE
from fineprint.reporting.sections import cost_axes
from fineprint.reporting.sections.cost_axes import TRAINING_COSTS, TRAINING_SPEED, CostAxis, find_least, write_least
from fineprint.reporting.sections.standings import name_methods
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("cost_only")
TILES = (
    ("Training memory", cost_axes.TRAINING_MEMORY, formats.size),
    ("Training, examples per second", TRAINING_SPEED, formats.rate),
    ("Prediction, examples per second", cost_axes.SPEED, formats.rate),
)
SITUATIONS = (
    ("Many tasks on one backbone", cost_axes.CHECKPOINT, "Checkpoint size", "parameters-{task}"),
    ("Little memory for training", cost_axes.TRAINING_MEMORY, "Cost", "cost-{task}"),
    ("Limited training time", cost_axes.TRAINING_TIME, "Cost", "cost-{task}"),
    ("Edge: small model", cost_axes.WEIGHTS, "Cost", "cost-{task}"),
    ("Edge: fast inference", cost_axes.SPEED, "Cost", "cost-{task}"),
)


@dataclass(frozen=True)
class Tile:
    """A large number of the summary."""

    label: str
    value: str
    note: str


def group_by_backbone(study: Study, task: str) -> dict[str, list[str]]:
    """Return the methods that were run without an accuracy, by backbone."""
    groups: dict[str, list[str]] = {}
    for method in study.methods:
        if study.status(task, method) == COST_ONLY:
            groups.setdefault(study.settings(method)["backbone"], []).append(method)
    return groups


def verdict(study: Study, task: str) -> list[str]:
    """Return that, and why, accuracy was not measured, and what was."""
    missing = [method for method in study.methods if study.status(task, method) in NOT_MADE]
    return [
        *(WORDS("reason", reason=reason) for reason in study.reasons(task, COST_ONLY)),
        WORDS("not_ranked"),
        *([WORDS("not_run", titles=name_methods(study, missing))] if missing else []),
    ]


def sentences(study: Study, task: str) -> list[str]:
    """Return for each backbone with several trained methods which of them is cheapest in what."""
    found = []
    for backbone, methods in group_by_backbone(study, task).items():
        trained = [method for method in methods if TRAINING_SPEED.get(study.run(task, method)) is not None]
        if len(trained) > 1:
            costs = [cost for axis in TRAINING_COSTS if (cost := describe_least(study, task, axis, trained))]
            found.append(WORDS("cheapest", "found" if costs else "none", backbone=backbone, costs=costs))
    return found


def describe_least(study: Study, task: str, axis: CostAxis, methods: list[str]) -> dict[str, str] | None:
    """Return what the least of a cost is called, who has it and the figure; None where methods cannot be compared."""
    least = find_least(study, task, methods, axis)
    if least is None:
        return None
    return {
        "least": axis.least,
        "titles": name_methods(study, least[0]),
        "figure": write_least(study, task, axis, least),
    }


def tiles(study: Study, task: str) -> list[Tile]:
    """Return the large numbers: from least to most of three costs on each backbone."""
    return [
        tile
        for backbone, methods in group_by_backbone(study, task).items()
        for label, axis, write in TILES
        if (tile := range_tile(study, task, methods, axis, write, f"{label}, {backbone}"))
    ]


def range_tile(
    study: Study, task: str, methods: list[str], axis: CostAxis, write: Callable[[float | None], str], label: str
) -> Tile | None:
    """Return the range of a cost over methods, and whose the ends are; nothing where they cannot be compared."""
    known = sorted(
        (value, study.numbers[method], method)
        for method in methods
        if (value := axis.of(study, task, method)) is not None
    )
    if not known or not cost_axes.are_comparable(study, task, methods, axis):
        return None
    (low, _, least), (high, _, most) = known[0], known[-1]
    if least == most:
        return Tile(label, write(low), study.title(least))
    note = WORDS("range_note", low=study.title(least), high=study.title(most))
    return Tile(label, WORDS("range", low=write(low), high=write(high)), note)


def advise(study: Study, task: str) -> list[tuple[str, str, str, str]]:
    """Return situation, advice, basis and table of what costs alone allow to be said."""
    entries = [
        (situation, list_least(study, task, axis), basis, table.format(task=task))
        for situation, axis, basis, table in SITUATIONS
    ]
    return [("One task, accuracy first", WORDS("no_advice"), "Cost", f"cost-{task}"), *entries]


def list_least(study: Study, task: str, axis: CostAxis) -> str:
    """Return for each backbone the methods with the best figure."""
    found = [
        WORDS("least_on", backbone=backbone, titles=least["titles"], figure=least["figure"])
        for backbone, methods in group_by_backbone(study, task).items()
        if (least := describe_least(study, task, axis, methods))
    ]
    return WORDS("advice", "found" if found else "none", found=found, least=axis.least, cost=axis.name)


def summarize_cost(study: Study, task: str) -> dict[str, Any]:
    """Return the part of a task's summary that stands where there are accuracies otherwise."""
    return {
        "verdict": verdict(study, task),
        "others": [],
        "cost": sentences(study, task),
        "free": [],
        "tiles": tiles(study, task),
        "tile_note": WORDS("tile_note"),
        "choices": [],
    }
