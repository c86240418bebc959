"""The figure on cost: accuracy against parameters, time and memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from fineprint.core import formats
from fineprint.reporting.figures.drawing import (
    Drawing,
    caption_figure,
    escape,
    label,
    looks,
    name_method,
    panels,
    place_numbers,
)
from fineprint.reporting.figures.style import GRAY, INK
from fineprint.reporting.sections.cost import memory_kinds
from fineprint.reporting.sections.cost_axes import PARAMETERS, TRAINING_MEMORY, TRAINING_TIME, CostAxis
from fineprint.results.study import Study


@dataclass(frozen=True)
class Scale:
    """An axis of costs: its column in the figure's data, its title, and the cost."""

    key: str
    title: str
    cost: CostAxis


SCALES = (
    Scale("trainable_parameters", "Trainable parameters", PARAMETERS),
    Scale("training_seconds", "Training time", TRAINING_TIME),
    Scale("training_memory_bytes", "Memory in training", TRAINING_MEMORY),
)
KEY_LINE_INCHES = 0.17
TRAILING_ZEROS = re.compile(r"\.0+(?!\d)|(?<=\.\d)0+(?!\d)")


def draw_cost(study: Study, task: str) -> Drawing | None:
    """Draw accuracy against three costs; the fourth panel is the key."""
    methods = [method for method, _ in study.scored(task)]
    rows = [cost_row(study, task, method) for method in methods]
    if not any(row[scale.key] is not None for row in rows for scale in SCALES):
        return None
    figure, axes = panels(len(SCALES) + 1, 2, max(2.45, KEY_LINE_INCHES * len(rows)))
    marks = {study.numbers[method]: looks(study, method) for method in methods}
    for axis, scale in zip(axes, SCALES, strict=False):
        draw_panel(axis, rows, marks, scale)
        axis.set(xlabel=scale.title, ylabel=f"Accuracy, {escape(study.headline(task))}")
    draw_key(axes[-1], study, methods)
    for axis, scale in zip(axes, SCALES, strict=False):
        place_numbers(axis, [(row[scale.key], row["accuracy"], str(row["number"])) for row in keep_known(rows, scale)])
    fronts = [(scale.title, list_front(rows, scale)) for scale in SCALES]
    return caption_figure(
        figure,
        "cost",
        rows,
        task=task,
        collapsed="collapsed" in {row["status"] for row in rows},
        untrained=[str(row["number"]) for row in rows if is_untrained(row)],
        memory=memory_kinds(study, task),
        fronts=fronts,
        everywhere=find_everywhere([[method for method, *_ in front] for _, front in fronts]),
    )


def find_everywhere(fronts: list[list[str]]) -> list[str]:
    """Return the methods that are on every front that could be drawn, in the order of the first."""
    drawn = [front for front in fronts if front]
    return [method for method in (drawn[0] if drawn else []) if all(method in front for front in drawn)]


def is_untrained(row: dict[str, Any]) -> bool:
    """Return whether a method is used as it is, without training."""
    return row["trainable_parameters"] is None


def keep_known(rows: list[dict[str, Any]], scale: Scale) -> list[dict[str, Any]]:
    """Return the methods whose cost can stand on a logarithmic axis."""
    return [row for row in rows if row[scale.key] is not None and row[scale.key] > 0]


def cost_row(study: Study, task: str, method: str) -> dict[str, Any]:
    """Return one method's mean accuracy and its costs."""
    mean = study.mean(task, method)
    assert mean is not None
    costs = {scale.key: scale.cost.of(study, task, method) for scale in SCALES}
    status = study.status(task, method)
    return {**name_method(study, method), "status": status, "accuracy": mean.mean, **costs}


def draw_panel(axis: Axes, rows: list[dict[str, Any]], marks: dict[int, dict[str, Any]], scale: Scale) -> None:
    """Draw one panel: points, the Pareto front, and lines for methods that are not trained."""
    axis.set_xscale("log")
    draw_untrained(axis, [row for row in rows if is_untrained(row) and row["status"] == "ok"])
    front = find_front(rows, scale)
    path = [row[scale.key] for row in front], [row["accuracy"] for row in front]
    axis.plot(*path, color=INK, linewidth=0.9, alpha=0.6, zorder=1)
    known = keep_known(rows, scale)
    for row in known:
        mark, fine = marks[row["number"]], row["status"] == "ok"
        colors = {"color": mark["color"] if fine else "none", "edgecolors": mark["color"] if fine else GRAY}
        axis.scatter(row[scale.key], row["accuracy"], s=34, marker=mark["marker"], zorder=3, **colors)
    if known:
        style_log_axis(axis, [row[scale.key] for row in known], scale.cost.write)
    else:
        axis.text(0.5, 0.5, formats.NOT_MEASURED, transform=axis.transAxes, ha="center", color=GRAY)
    axis.margins(x=0.12, y=0.14)


def draw_untrained(axis: Axes, rows: list[dict[str, Any]]) -> None:
    """Draw a line for each method that is not trained; numbers step aside, so that close lines keep theirs apart."""
    places: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right"}
    for position, row in enumerate(sorted(rows, key=lambda row: -row["accuracy"])):
        axis.axhline(row["accuracy"], color=GRAY, linewidth=0.9, linestyle=":")
        start, aside = (1.0, row["accuracy"]), (-5 - 13 * position, 2)
        axis.annotate(str(row["number"]), start, aside, fontsize=7.5, **places)


def style_log_axis(axis: Axes, values: list[float], write: Callable[[float], str]) -> None:
    """Put a few ticks with readable units on a logarithmic axis, however narrow its range."""
    low, high = min(values) * 0.7, max(values) * 1.45
    steps = (1, 2, 5) if high / low < 60 else (1, 3) if high / low < 1000 else (1,)
    ticks = [step * 10.0**power for power in range(-6, 15) for step in steps if low <= step * 10.0**power <= high]
    if len(ticks) < 3:
        ticks = [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]
    axis.set_xlim(low, high)
    axis.minorticks_off()
    axis.set_xticks(ticks, [TRAILING_ZEROS.sub("", write(tick)) for tick in ticks])


def find_front(rows: list[dict[str, Any]], scale: Scale) -> list[dict[str, Any]]:
    """Return the ranked methods that no other beats in both cost and accuracy, the cheapest first."""
    front: list[dict[str, Any]] = []
    known = [row for row in keep_known(rows, scale) if row["status"] == "ok"]
    for row in sorted(known, key=lambda row: (row[scale.key], -row["accuracy"])):
        if not front or row["accuracy"] > front[-1]["accuracy"]:
            front.append(row)
    return front


def draw_key(axis: Axes, study: Study, methods: list[str]) -> None:
    """Draw the key of numbers, colors and shapes."""
    axis.axis("off")
    for method in methods:
        axis.plot([], [], linestyle="none", markersize=5.5, label=label(study, method, 38), **looks(study, method))
    axis.legend(loc="center left", fontsize=7.5, borderaxespad=0, labelspacing=0.55)


def list_front(rows: list[dict[str, Any]], scale: Scale) -> list[tuple[str, str, float]]:
    """Return the methods on a Pareto front, each with its cost and accuracy."""
    front = find_front(rows, scale)
    return [(row["method"], scale.cost.write(row[scale.key]), row["accuracy"]) for row in front]
