"""What the report says of a task whose accuracy was not measured: what the methods cost, backbone by backbone.

Nothing is ranked here. Methods on different backbones differ in size first of all, so they are not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fineprint.core import formats
from fineprint.core.records import COST_ONLY
from fineprint.reporting.sections.analysis import Tile, titles
from fineprint.reporting.sections.cost_axes import (
    SPEED,
    TIME,
    TRAINING_COSTS,
    WEIGHTS,
    CostAxis,
    are_comparable,
    find_least,
    rows_per_second,
    write_least,
)
from fineprint.results.lookup import Study, train_value

_, TRAINING_TIME, TRAINING_MEMORY, SAVED = TRAINING_COSTS
TRAINING_SPEED = CostAxis(
    "speed of training", "fastest training", lambda run: train_value(run, "examples_per_second"), rows_per_second, TIME,
    higher_is_better=True,
)  # fmt: skip
TILES = (
    ("Peak memory in training", TRAINING_MEMORY, formats.size),
    ("Training, rows per second", TRAINING_SPEED, formats.rate),
    ("Prediction, rows per second", SPEED, formats.rate),
)
SITUATIONS = (
    ("Many tasks on one backbone", SAVED, "Saved bytes", "parameters-{task}"),
    ("Little memory for training", TRAINING_MEMORY, "Cost", "cost-{task}"),
    ("Small budget of training time", TRAINING_TIME, "Cost", "cost-{task}"),
    ("Edge: small at prediction", WEIGHTS, "Cost", "cost-{task}"),
    ("Edge: fast at prediction", SPEED, "Cost", "cost-{task}"),
)
NO_ADVICE = "Which method answers best was not measured, so this study gives no advice on accuracy."


def group_by_backbone(study: Study, task: str) -> dict[str, list[str]]:
    """Return the methods that were run without an accuracy, by backbone."""
    groups: dict[str, list[str]] = {}
    for method in study.methods:
        if study.status(task, method) == COST_ONLY:
            groups.setdefault(study.settings(method)["backbone"], []).append(method)
    return groups


def verdict(study: Study, task: str) -> list[str]:
    """Return that, and why, accuracy was not measured, and what was."""
    missing = [method for method in study.methods if study.status(task, method) == "not run"]
    return [
        *(f"{reason[0].upper()}{reason[1:].rstrip('.')}." for reason in study.reasons(task, COST_ONLY)),
        "So nothing is ranked; time, memory, parameters and bytes are those of models and rows of these sizes.",
        *([f"Not run: {titles(study, missing)}."] if missing else []),
    ]


def sentences(study: Study, task: str) -> list[str]:
    """Return for each backbone with several trained methods which of them is cheapest in what."""
    found = []
    for backbone, methods in group_by_backbone(study, task).items():
        trained = [method for method in methods if TRAINING_SPEED.get(study.run(task, method)) is not None]
        if len(trained) > 1:
            found.append(compare(study, task, backbone, trained))
    return found


def compare(study: Study, task: str, backbone: str, methods: list[str]) -> str:
    """Return which of some methods is cheapest in what."""
    found = [(axis, find_least(study, task, methods, axis)) for axis in TRAINING_COSTS]
    parts = [
        f"{axis.least}: {titles(study, least[0])} ({write_least(study, task, axis, least)})"
        for axis, least in found
        if least
    ]
    return f"Of the trained methods on “{backbone}”, {'; '.join(parts) or 'no cost was measured'}."


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
        if (value := axis.get(study.run(task, method))) is not None
    )
    if not known or not are_comparable(study, task, methods, axis):
        return None
    (low, _, least), (high, _, most) = known[0], known[-1]
    if least == most:
        return Tile(label, write(low), study.title(least))
    return Tile(label, f"{write(low)} to {write(high)}", f"from {study.title(least)} to {study.title(most)}")


def advise(study: Study, task: str) -> list[tuple[str, str, str, str]]:
    """Return situation, advice, basis and table of what costs alone allow to be said."""
    entries = [
        (situation, list_least(study, task, axis), basis, table.format(task=task))
        for situation, axis, basis, table in SITUATIONS
    ]
    return [("One task, accuracy first", NO_ADVICE, "Cost", f"cost-{task}"), *entries]


def list_least(study: Study, task: str, axis: CostAxis) -> str:
    """Return for each backbone the methods with the best figure."""
    found = [
        f"on “{backbone}” {titles(study, least[0])} ({write_least(study, task, axis, least)})"
        for backbone, methods in group_by_backbone(study, task).items()
        if (least := find_least(study, task, methods, axis))
    ]
    if not found:
        return f"No advice: {axis.name} was not measured, or not in one way on one machine."
    least = f"{axis.least[0].upper()}{axis.least[1:]}"
    return f"{least}: {formats.join(found)}. What that is worth in accuracy was not measured."


def summary(study: Study, task: str) -> dict[str, Any]:
    """Return the summary of one task, in the form of `analysis.describe_task`."""
    return {
        "verdict": verdict(study, task),
        "others": [],
        "cost": sentences(study, task),
        "free": [],
        "tiles": tiles(study, task),
        "tile_note": "Tiles: from the lowest figure of a backbone's methods to the highest.",
        "choices": [],
    }
