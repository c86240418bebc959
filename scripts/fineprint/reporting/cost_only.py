"""What the report says of a task whose accuracy was not measured: what the methods cost, backbone by backbone.

Nothing is ranked here. Methods on different backbones differ in size first of all, so they are not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fineprint.records import COST_ONLY, Run
from fineprint.reporting import formats
from fineprint.reporting.analysis import COSTS, CostGetter, Tile, cheapest
from fineprint.reporting.study import Study, is_trained, peak_memory, train_value

NO_ADVICE_ON_ACCURACY = "Which method answers best was not measured, so this study gives no advice on accuracy."
WEIGHTS: tuple[CostGetter, Callable[[float | None], str]] = (
    lambda run: run["predict"]["weight_bytes"] if run and run["predict"] else None,
    formats.size,
)
RANGES: tuple[tuple[str, CostGetter, Callable[[float | None], str]], ...] = (
    (
        "Peak memory in training",
        lambda run: peak_memory(run, "training")[0] if is_trained(run) else None,
        formats.size,
    ),
    ("Training, rows per second", lambda run: train_value(run, "examples_per_second"), formats.rate),
    ("Prediction, rows per second", lambda run: predicted_rows_per_second(run), formats.rate),
)


def predicted_rows_per_second(run: Run | None) -> float | None:
    """Return how fast a run answered the test rows."""
    return run["predict"]["rows_per_second"] if run and run["predict"] else None


def group_by_backbone(study: Study, task: str) -> dict[str, list[str]]:
    """Return the methods that were run without an accuracy, by backbone."""
    groups: dict[str, list[str]] = {}
    for method in study.methods:
        if study.status(task, method) == COST_ONLY:
            groups.setdefault(study.settings(method)["backbone"], []).append(method)
    return groups


def verdict(study: Study, task: str) -> list[str]:
    """Return that, and why, accuracy was not measured, and what was."""
    reasons = study.reasons(task, COST_ONLY)
    missing = [study.title(method) for method in study.methods if study.status(task, method) == "not run"]
    return [
        *(f"{reason[0].upper()}{reason[1:].rstrip('.')}." for reason in reasons),
        "So nothing is ranked; time, memory, parameters and bytes are those of models and rows of these sizes.",
        *([f"Not run: {formats.join(missing)}."] if missing else []),
    ]


def sentences(study: Study, task: str) -> list[str]:
    """Return for each backbone which of its trained methods is cheapest in what."""
    found = []
    for backbone, methods in group_by_backbone(study, task).items():
        trained = [method for method in methods if is_trained(study.run(task, method))]
        if len(trained) > 1:
            found.append(compare(study, task, backbone, trained))
    return found


def compare(study: Study, task: str, backbone: str, methods: list[str]) -> str:
    """Return which of some methods is cheapest in what."""
    by_method: dict[str, list[str]] = {}
    for words, (get, write) in COSTS.items():
        least = cheapest(study, task, methods, get)
        if least:
            by_method.setdefault(least[0], []).append(f"{words} ({write(least[1])})")
    parts = [f"{study.title(method)} {formats.join(words)}" for method, words in by_method.items()]
    return f"Of the trained methods on “{backbone}”, {'; '.join(parts) or 'no cost was measured'}."


def tiles(study: Study, task: str) -> list[Tile]:
    """Return the large numbers: from least to most of three costs on each backbone."""
    return [
        tile
        for backbone, methods in group_by_backbone(study, task).items()
        for label, get, write in RANGES
        if (tile := range_tile(study, task, backbone, methods, (label, get, write)))
    ]


def range_tile(study: Study, task: str, backbone: str, methods: list[str], cost: tuple[str, Any, Any]) -> Tile | None:
    """Return the range of a cost over methods, and whose the ends are."""
    label, get, write = cost
    known = sorted((value, method) for method in methods if (value := get(study.run(task, method))) is not None)
    if not known:
        return None
    (low, least), (high, most) = known[0], known[-1]
    title = f"{label}, {backbone}"
    if least == most:
        return Tile(title, write(low), study.title(least))
    return Tile(title, f"{write(low)} to {write(high)}", f"{study.title(least)} to {study.title(most)}")


def advise(study: Study, task: str) -> list[tuple[str, str, str, str]]:
    """Return situation, advice, basis and table of what costs alone allow to be said."""
    _, time, memory, saved = COSTS.values()
    return [
        ("One task, accuracy first", NO_ADVICE_ON_ACCURACY, "Cost", f"cost-{task}"),
        ("Many tasks on one backbone", list_cheapest(study, task, *saved), "Saved bytes", f"parameters-{task}"),
        ("Little memory for training", list_cheapest(study, task, *memory), "Cost", f"cost-{task}"),
        ("Small budget of training time", list_cheapest(study, task, *time), "Cost", f"cost-{task}"),
        ("Edge: small at prediction", list_cheapest(study, task, *WEIGHTS), "Memory", f"memory-phases-{task}"),
    ]


def list_cheapest(study: Study, task: str, get: CostGetter, write: Callable[[float | None], str]) -> str:
    """Return for each backbone the method with the lowest figure."""
    found = [
        f"on “{backbone}” {study.title(least[0])} ({write(least[1])})"
        for backbone, methods in group_by_backbone(study, task).items()
        if (least := cheapest(study, task, methods, get))
    ]
    return f"Lowest {formats.join(found)}; what that costs in accuracy was not measured." if found else "Not measured."


def summary(study: Study, task: str) -> dict[str, Any]:
    """Return the summary of one task, in the form of `analysis.describe_task`."""
    return {
        "verdict": verdict(study, task),
        "others": [],
        "cost": sentences(study, task),
        "tiles": tiles(study, task),
        "tile_note": "Tiles: from the lowest figure of a backbone's methods to the highest.",
        "choices": [],
    }
