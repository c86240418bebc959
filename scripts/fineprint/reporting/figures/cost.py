"""Figures on cost: accuracy against parameters, time and memory; memory by parts; disk for many tasks."""

from __future__ import annotations

import re
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fineprint.core import formats
from fineprint.reporting.figures.drawing import Drawing, escape, label, looks, panels, place_numbers
from fineprint.reporting.figures.style import COLOURS, GREY, HATCHES, INK, WIDTH
from fineprint.reporting.sections.cost import memory_kinds, storage_rows
from fineprint.reporting.sections.cost_axes import CostGetter, trained_parameters
from fineprint.results.lookup import Study, is_trained, peak_memory, phase_seconds, train_value

AXES: dict[str, tuple[str, CostGetter, Any]] = {
    "trained_parameters": ("Trained parameters", trained_parameters, formats.short_count),
    "training_seconds": (
        "Training time",
        lambda run: phase_seconds(run, "training") if is_trained(run) else None,
        formats.seconds,
    ),
    "peak_training_bytes": (
        "Peak memory in training",
        lambda run: peak_memory(run, "training")[0] if is_trained(run) else None,
        formats.size,
    ),
}
KEY_LINE_INCHES = 0.17
TRAILING_ZEROS = re.compile(r"\.0+(?!\d)|(?<=\.\d)0+(?!\d)")
PARTS = {
    "weight_bytes": "weights",
    "gradient_bytes": "gradients",
    "optimizer_bytes": "optimizer",
    "activation_bytes": "activations",
}


def draw_cost(study: Study, task: str) -> Drawing | None:
    """Draw accuracy against three costs; the fourth panel is the key."""
    rows = [cost_row(study, task, method) for method, _ in study.scored(task)]
    if not any(row[key] is not None for row in rows for key in AXES):
        return None
    figure, axes, _ = panels(4, 2, max(2.45, KEY_LINE_INCHES * len(rows)))
    for axis, (key, (title, _, write)) in zip(axes[:3], AXES.items(), strict=True):
        draw_panel(axis, study, rows, key, write)
        axis.set(xlabel=title, ylabel=f"Accuracy, {escape(study.headline(task))}")
    draw_key(axes[3], study, [row["key"] for row in rows])
    for axis, key in zip(axes[:3], AXES, strict=True):
        place_numbers(axis, [(row[key], row["accuracy"], str(row["number"])) for row in rows if is_positive(row[key])])
    untrained = [str(row["number"]) for row in rows if row["trained_parameters"] is None]
    without = (
        f" Methods {formats.join(untrained)} train nothing: their accuracy is the dotted line, at no cost of training."
        if untrained
        else ""
    )
    caption = (
        f"Accuracy against cost on “{task}” (logarithmic axes). Colour: backbone; shape: adapter; hollow: "
        f"collapsed. Line: Pareto front, no trained method is both cheaper and more accurate.{without} "
        f"{memory_kinds(study, task)}"
    )
    data = [{name: value for name, value in row.items() if name != "key"} for row in rows]
    return Drawing(figure, f"Accuracy against cost on {task}", caption, describe_cost(rows), data)


def is_positive(value: float | None) -> bool:
    """Return whether a figure can stand on a logarithmic axis."""
    return value is not None and value > 0


def cost_row(study: Study, task: str, method: str) -> dict[str, Any]:
    """Return one method's accuracy and costs."""
    run, score = study.run(task, method), study.score(task, method, study.headline(task))
    assert score is not None
    costs = {key: get(run) for key, (_, get, _) in AXES.items()}
    start = {
        "key": method,
        "number": study.numbers[method],
        "method": study.title(method),
        "status": study.status(task, method),
    }
    return {**start, "accuracy": score["accuracy"], **costs}


def draw_panel(axis: Axes, study: Study, rows: list[dict[str, Any]], key: str, write: Any) -> None:
    """Draw one panel: points, the Pareto front, and lines for methods that train nothing."""
    shown = [row for row in rows if is_positive(row[key])]
    axis.set_xscale("log")
    draw_untrained(axis, [row for row in rows if row["trained_parameters"] is None and row["status"] == "ok"])
    front = pareto([row for row in shown if row["status"] == "ok"], key)
    axis.plot(
        [row[key] for row in front], [row["accuracy"] for row in front], color=INK, linewidth=0.9, alpha=0.6, zorder=1
    )
    for row in shown:
        style = looks(study, row["key"])
        axis.scatter(
            row[key],
            row["accuracy"],
            s=34,
            marker=style["marker"],
            color=style["color"] if row["status"] == "ok" else "none",
            edgecolors=style["color"] if row["status"] == "ok" else GREY,
            zorder=3,
        )
    if shown:
        style_log_axis(axis, [row[key] for row in shown], write)
    else:
        axis.text(0.5, 0.5, "not measured", transform=axis.transAxes, ha="center", color=GREY)
    axis.margins(x=0.12, y=0.14)


def draw_untrained(axis: Axes, rows: list[dict[str, Any]]) -> None:
    """Draw a line for each method that trains nothing; numbers step aside, so that close lines keep theirs apart."""
    for position, row in enumerate(sorted(rows, key=lambda row: -row["accuracy"])):
        axis.axhline(row["accuracy"], color=GREY, linewidth=0.9, linestyle=":")
        axis.annotate(
            str(row["number"]),
            (1.0, row["accuracy"]),
            (-5 - 13 * position, 2),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            fontsize=7.5,
        )


def style_log_axis(axis: Axes, values: list[float], write: Any) -> None:
    """Put a few ticks with readable units on a logarithmic axis, however narrow its range."""
    low, high = min(values) * 0.7, max(values) * 1.45
    steps = (1, 2, 5) if high / low < 60 else (1, 3) if high / low < 1000 else (1,)
    ticks = [step * 10.0**power for power in range(-6, 15) for step in steps if low <= step * 10.0**power <= high]
    if len(ticks) < 3:
        ticks = [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]
    axis.set_xlim(low, high)
    axis.minorticks_off()
    axis.set_xticks(ticks, [TRAILING_ZEROS.sub("", write(tick)) for tick in ticks])


def pareto(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return the rows that no other beats in both cost and accuracy, the cheapest first."""
    front: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda row: (row[key], -row["accuracy"])):
        if not front or row["accuracy"] > front[-1]["accuracy"]:
            front.append(row)
    return front


def draw_key(axis: Axes, study: Study, methods: list[str]) -> None:
    """Draw the key of numbers, colours and shapes."""
    axis.axis("off")
    handles = [
        Line2D([], [], linestyle="none", markersize=5.5, label=label(study, method, 38), **looks(study, method))
        for method in methods
    ]
    axis.legend(handles=handles, loc="center left", fontsize=7.5, borderaxespad=0, labelspacing=0.55)


def describe_cost(rows: list[dict[str, Any]]) -> str:
    """Return the Pareto front of each cost in words."""
    parts = []
    for key, (title, _, write) in AXES.items():
        known = [row for row in rows if row["status"] == "ok" and is_positive(row[key])]
        front = [
            f"{row['method']} ({write(row[key])}, {formats.accuracy(row['accuracy'])})" for row in pareto(known, key)
        ]
        parts.append(f"{title}: {', '.join(front) or 'not measured'}")
    return "Accuracy against cost. On the Pareto front by " + "; by ".join(parts) + "."


def draw_memory(study: Study, task: str) -> Drawing | None:
    """Draw weights, gradients, optimizer state and activations as stacked bars, beside the measured peak."""
    methods = [method for method in study.methods if train_value(study.run(task, method), "weight_bytes") is not None]
    if not methods:
        return None
    rows = [memory_row(study, task, method) for method in methods]
    figure, (parts, peaks) = plt.subplots(
        1, 2, figsize=(WIDTH, 0.9 + 0.26 * len(methods)), layout="constrained", sharey=True, width_ratios=(3, 2)
    )
    draw_parts(parts, rows)
    draw_peaks(peaks, rows)
    parts.set_yticks(range(len(rows)), [label(study, method) for method in methods])
    parts.set(ylim=(len(rows) - 0.5, -0.5))
    figure.legend(*parts.get_legend_handles_labels(), loc="outside upper center", ncols=len(PARTS))
    caption = (
        f"What training on “{task}” keeps in memory, counted from the tensors, and the measured peak. Activations: "
        "what the micro-batch of the longest rows keeps for its backward pass. "
        f"{memory_kinds(study, task)}"
    )
    return Drawing(figure, f"Memory in training on {task}", caption, describe_memory(rows), rows)


def draw_parts(axis: Axes, rows: list[dict[str, Any]]) -> None:
    """Draw what the tensors hold as stacked bars, on a scale of their own: a peak may be many times as large."""
    unit, name = choose_unit(max(sum(row[key] or 0 for key in PARTS) for row in rows))
    left = [0.0] * len(rows)
    for (key, words), colour, hatch in zip(PARTS.items(), COLOURS, HATCHES, strict=False):
        widths = [(row[key] or 0) / unit for row in rows]
        look = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.4, "label": words}
        axis.barh(range(len(rows)), widths, left=left, height=0.62, **look)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axis.set(xlabel=f"Counted from the tensors, {name}", xlim=(0, None))
    axis.grid(axis="y", visible=False)


def draw_peaks(axis: Axes, rows: list[dict[str, Any]]) -> None:
    """Draw the measured peak of each method."""
    known = [(row["peak_bytes"], line) for line, row in enumerate(rows) if row["peak_bytes"] is not None]
    unit, name = choose_unit(max((value for value, _ in known), default=1))
    axis.barh([line for _, line in known], [value / unit for value, _ in known], height=0.62, color=GREY)
    axis.set(xlabel=f"Measured peak, {name}", xlim=(0, None))
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", visible=False)


def memory_row(study: Study, task: str, method: str) -> dict[str, Any]:
    """Return one method's parts and peak."""
    run = study.run(task, method)
    peak, kind = peak_memory(run, "training")
    parts = {key: train_value(run, key) for key in PARTS}
    return {
        "number": study.numbers[method],
        "method": study.title(method),
        **parts,
        "peak_bytes": peak,
        "peak_kind": kind,
    }


def choose_unit(largest: float) -> tuple[float, str]:
    """Return the decimal unit that suits the largest bar."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if largest >= unit:
            return unit, name
    return 1.0, "bytes"


def describe_memory(rows: list[dict[str, Any]]) -> str:
    """Return the sum of parts of each method in words."""
    parts = []
    for row in rows:
        known = [row[key] for key in PARTS]
        total = formats.size(None if None in known else sum(known))
        parts.append(f"{row['method']} {total} and a peak of {formats.size(row['peak_bytes'])}")
    return "Weights, gradients, optimizer state and activations in training: " + "; ".join(parts) + "."


def draw_storage(study: Study, task: str) -> Drawing | None:
    """Draw disk against the number of tasks: measured bytes, multiplied."""
    rows = [row for row in storage_rows(study, task) if row["base"] is not None]
    if not rows:
        return None
    unit, name = choose_unit(max(max(row["sizes"].values()) for row in rows))
    backbones = list(dict.fromkeys(row["backbone"] for row in rows))
    figure, axes, _ = panels(len(backbones), 2, 3.1)
    counts = list(range(1, 11))
    for axis, backbone in zip(axes, backbones, strict=True):
        for row in [row for row in rows if row["backbone"] == backbone]:
            values = [(row["base"] + count * row["saved"]) / unit for count in counts]
            style = looks(study, row["method"])
            axis.plot(
                counts,
                values,
                linestyle="-" if row["whole"] else "--",
                linewidth=1.2,
                markersize=4,
                markevery=[0, 1, 9],
                label=label(study, row["method"], 30),
                **style,
            )
        axis.set_title(escape(backbone))
        axis.set(xlabel="Tasks", ylabel=f"Disk, {name}", ylim=(0, None), xticks=[1, 2, 4, 6, 8, 10])
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    caption = (
        f"Disk for several tasks: arithmetic on the bytes measured on “{task}”. Solid: a whole copy per task; "
        "dashed: one backbone and an adapter per task."
    )
    data = [
        {"method": study.title(row["method"]), "tasks": count, "bytes": size}
        for row in rows
        for count, size in row["sizes"].items()
    ]
    ten = [f"{study.title(row['method'])} {formats.size(row['sizes'][10])}" for row in rows]
    return Drawing(
        figure,
        f"Disk for several tasks, from {task}",
        caption,
        f"Disk by number of tasks. For ten tasks: {'; '.join(ten)}.",
        data,
    )
