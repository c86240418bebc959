"""The figure of a sweep: score, trainable parameters, time and memory against the swept value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from fineprint.core import formats
from fineprint.reporting.figures.cost import SCALES
from fineprint.reporting.figures.drawing import Drawing, caption_figure, escape, name_method, panels
from fineprint.reporting.figures.style import COLORS, MARKERS
from fineprint.reporting.sections.cost import memory_kinds
from fineprint.reporting.sections.sweeps import name_key, name_keys
from fineprint.results.study import Study, Sweep

DECADE = 10
PANEL_INCHES = 2.3


class Panel(NamedTuple):
    """A panel: the key of what it shows in the figure's data, its title, and how a tick is written."""

    key: str
    title: str
    write: Callable[[Any], str]


PANELS = (
    Panel("accuracy", "Accuracy", formats.accuracy),
    *(Panel(scale.key, scale.title, scale.cost.write) for scale in SCALES),
)


def draw_sweep(study: Study, task: str, sweep: Sweep) -> Drawing | None:
    """Draw what a swept value changes; nothing where nothing was measured."""
    rows = [sweep_row(study, task, sweep, method) for method in sweep.rows]
    shown = [panel for panel in PANELS if any(row[panel.key] is not None for row in rows)]
    if not shown:
        return None
    key = choose_axis(sweep)
    lines = group_lines(sweep, rows, key)
    values = list(dict.fromkeys(row[key] for row in rows))
    logarithmic = spans_decades(values)
    figure, axes = panels(len(shown), 2, PANEL_INCHES)
    for axis, panel in zip(axes, shown, strict=True):
        for number, line in enumerate(lines.values()):
            draw_line(axis, line, panel, key, values, number)
        style_values(axis, panel, values, logarithmic, [row[panel.key] for row in rows])
        axis.set(xlabel=name_key(key).capitalize(), ylabel=panel.title)
    if len(lines) > 1:
        axes[0].legend([escape(name) for name in lines], fontsize=7)
    scored = [row for row in rows if row["accuracy"] is not None]
    return caption_figure(
        figure,
        "sweep",
        rows,
        highest=max(scored, key=lambda row: row["accuracy"], default=None),
        task=task,
        name=sweep.title,
        keys=name_keys(sweep),
        axis=name_key(key),
        logarithmic=logarithmic,
        scored=shown[0].key == "accuracy",
        split=study.headline(task),
        lines=list(lines),
        memory=memory_kinds(study, task),
    )


def sweep_row(study: Study, task: str, sweep: Sweep, method: str) -> dict[str, Any]:
    """Return a method's swept values, its mean accuracy with the interval, and its costs; None where not measured."""
    mean = study.mean(task, method)
    low, high = mean.interval if mean else (None, None)
    costs = {scale.key: scale.cost.of(study, task, method) for scale in SCALES}
    accuracy = {"accuracy": mean.mean if mean else None, "accuracy_low": low, "accuracy_high": high}
    return {**name_method(study, method), **sweep.rows[method], **accuracy, **costs}


def choose_axis(sweep: Sweep) -> str:
    """Return the key that the horizontal axis shows: the first with numbers, else the first."""
    return next((key for key in sweep.keys if all(is_number(row[key]) for row in sweep.rows.values())), sweep.keys[0])


def is_number(value: Any) -> bool:
    """Return whether a value has a place on a scale."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def spans_decades(values: list[Any]) -> bool:
    """Return whether values need a logarithmic axis."""
    known = [value for value in values if value is not None]
    return bool(known) and all(is_number(value) and value > 0 for value in known) and max(known) > DECADE * min(known)


def group_lines(sweep: Sweep, rows: list[dict[str, Any]], key: str) -> dict[str, list[dict[str, Any]]]:
    """Return rows that differ in the axis alone, by the other swept values in words."""
    others = [other for other in sweep.keys if other != key]
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        lines.setdefault(formats.setting({name_key(other): row[other] for other in others}), []).append(row)
    return lines


def place_value(value: Any, values: list[Any]) -> Any:
    """Return where a value stands on the axis: itself if it is a number, else its turn."""
    return value if all(map(is_number, values)) else values.index(value)


def draw_line(axis: Axes, line: list[dict[str, Any]], panel: Panel, key: str, values: list[Any], number: int) -> None:
    """Draw one line of a panel, with intervals where it shows scores."""
    known = sorted((row for row in line if row[panel.key] is not None), key=lambda row: place_value(row[key], values))
    places, heights = [place_value(row[key], values) for row in known], [row[panel.key] for row in known]
    look: dict[str, Any] = {"color": COLORS[number % len(COLORS)], "marker": MARKERS[number % len(MARKERS)]}
    if panel.key == "accuracy":
        below = [row["accuracy"] - row["accuracy_low"] for row in known]
        above = [row["accuracy_high"] - row["accuracy"] for row in known]
        look |= {"yerr": [below, above], "capsize": 2}
    axis.errorbar(places, heights, linewidth=1, markersize=4, **look)


def style_values(axis: Axes, panel: Panel, values: list[Any], logarithmic: bool, heights: list[Any]) -> None:
    """Put the swept values under a panel and a few readable figures beside it."""
    if logarithmic:
        axis.set_xscale("log")
    places = [place_value(value, values) for value in values]
    axis.set_xticks(places, [escape(formats.setting(value)) for value in values])
    if panel.key != "accuracy" and spans_decades(heights):
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=6))
    else:
        axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.minorticks_off()
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: panel.write(value)))
