"""The figure of a replication: how far the second study's means lie from the first's."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from fineprint.core.records import ComparedMean, Replication, Shift
from fineprint.reporting.figures.drawing import TITLE_LENGTH, Drawing, escape
from fineprint.reporting.figures.plotting import save_drawing
from fineprint.reporting.figures.style import COLORS, INK, MARKERS, WIDTH, figure_style
from fineprint.reporting.html import read_figure
from fineprint.reporting.view import Figure
from fineprint.reporting.words import Words

WORDS = Words("replication")
POINTS = 100  # percentage points of a share


def draw_figures(replication: Replication) -> list[Figure]:
    """Return the figure of every task that has means in both studies."""
    written = " ".join([*replication.methods.values(), *(mean.first.split for mean in replication.means)])
    with tempfile.TemporaryDirectory() as name, figure_style(written):
        folder = Path(name)
        return [
            read_figure(folder, save_drawing(folder, "replication", task, "", drawing), as_files=False)
            for task in replication.tasks
            if (drawing := draw_differences(replication, task))
        ]


def draw_differences(replication: Replication, task: str) -> Drawing | None:
    """Draw every method's difference between the studies with its interval, and the margin as a band."""
    means = [mean for mean in replication.means if mean.first.task == task]
    if not means:
        return None
    methods = list(dict.fromkeys(mean.first.method for mean in means))
    splits = list(dict.fromkeys(mean.first.split for mean in means))
    height = 0.75 + (0.16 + 0.09 * len(splits)) * len(methods)
    figure, axis = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    margin = replication.margin * POINTS
    axis.axvspan(-margin, margin, color=INK, alpha=0.07, linewidth=0, label=WORDS("margin"))
    axis.axvline(0, color=INK, linewidth=1)
    for position, split in enumerate(splits):
        draw_split(axis, [mean for mean in means if mean.first.split == split], position, splits, methods)
    names = [shorten(replication.methods[method]) for method in methods]
    axis.set(yticks=range(len(methods)), yticklabels=names, ylim=(len(methods) - 0.5, -0.5), xlabel=WORDS("axis"))
    axis.grid(axis="y", visible=False)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(4, len(splits) + 1))
    return describe_figure(replication, task, means, figure)


def draw_split(
    axis: Axes, means: Sequence[ComparedMean], position: int, splits: Sequence[str], methods: Sequence[str]
) -> None:
    """Draw one split's differences; splits lie beside each other within a method's band."""
    shift = (position - (len(splits) - 1) / 2) * 0.24
    values = [mean.difference * POINTS for mean in means]
    below = [(mean.difference - mean.interval.low) * POINTS for mean in means]
    above = [(mean.interval.high - mean.difference) * POINTS for mean in means]
    look: dict[str, Any] = {"color": COLORS[position % len(COLORS)], "fmt": MARKERS[position % len(MARKERS)]}
    look |= {"markersize": 5, "elinewidth": 1.6, "capsize": 2.5, "label": escape(splits[position])}
    axis.errorbar(values, [methods.index(mean.first.method) + shift for mean in means], xerr=[below, above], **look)


def shorten(title: str) -> str:
    """Return a method's title for an axis."""
    return escape(title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1].rstrip()}…")


def describe_figure(replication: Replication, task: str, means: Sequence[ComparedMean], figure: Canvas) -> Drawing:
    """Return the figure with its words and its data."""
    rows = [
        {
            "method": replication.methods[mean.first.method],
            "split": mean.first.split,
            "difference": mean.difference,
            "difference_low": mean.interval.low,
            "difference_high": mean.interval.high,
            "outcome": str(mean.shift),
        }
        for mean in means
    ]
    outside = [row for row, mean in zip(rows, means, strict=True) if mean.shift == Shift.OUTSIDE]
    values = {"task": task, "margin": replication.margin, "rows": rows, "outside": outside}
    title, caption, alt = (WORDS("figure", form, **values) for form in ("title", "caption", "alt"))
    return Drawing(figure, title, caption, alt, rows)
