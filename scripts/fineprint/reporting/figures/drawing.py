"""What the drawing functions return, and what they share."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fineprint.core.formats import CONTROL, REPLACED
from fineprint.reporting.figures.fonts import replace_missing_letters
from fineprint.reporting.figures.style import COLORS, INK, MARKERS, WIDTH
from fineprint.reporting.words import Words
from fineprint.results.study import Study

BESIDE = ((9, 0), (0, 9), (-9, 0), (0, -9), (9, 8), (-9, 8), (9, -8), (-9, -8))  # a text's places, in points
FURTHER = ((17, 0), (0, 17), (-17, 0), (0, -17), (17, 12), (-17, 12))
LABEL_OFFSETS = BESIDE + FURTHER
ROOM = 9.0  # points around a text that are enough
WORDS = Words("figures")
DARK_SHADE = 0.6  # from here on figures are written in white
TITLE_LENGTH = 34


@dataclass
class Drawing:
    """A figure with its title, caption, words for readers who do not see it, and its data row by row."""

    figure: Figure
    title: str
    caption: str
    alt: str
    rows: list[dict[str, Any]]


def caption_figure(figure: Figure, kind: str, rows: list[dict[str, Any]], **values: Any) -> Drawing:
    """Return a figure with its data and the texts of its kind in `report/words/figures.yaml`, filled with `values`."""
    title, caption, alt = (WORDS(kind, form, rows=rows, **values) for form in ("title", "caption", "alt"))
    return Drawing(figure, title, caption, alt, rows)


def name_method(study: Study, method: str) -> dict[str, Any]:
    """Return the columns of a figure's data that name a method."""
    return {"number": study.numbers[method], "method": study.title(method)}


def name_lines(axis: Axes, study: Study, methods: list[str]) -> None:
    """Give each method a line of an axis, the first on top."""
    lines = range(len(methods))
    axis.set(yticks=lines, yticklabels=[label(study, name) for name in methods], ylim=(len(methods) - 0.5, -0.5))


def label(study: Study, method: str, length: int = TITLE_LENGTH) -> str:
    """Return a method's number and title for an axis, as plain text ($ would start mathematics in matplotlib)."""
    title = study.title(method)
    short = title if len(title) <= length else title[: length - 1].rstrip() + "…"
    return f"{study.numbers[method]}  {escape(short)}"


def panel_title(study: Study, method: str, width: int) -> str:
    """Return a method's number and title for a small panel, on at most two lines."""
    lines = textwrap.wrap(f"{study.numbers[method]}  {study.title(method)}", width, break_on_hyphens=False)
    return escape("\n".join(lines[:2]) + ("…" if len(lines) > 2 else ""))


def escape(value: str) -> str:
    """Return text that matplotlib draws as it stands, without mathematics and without empty boxes."""
    shown = replace_missing_letters(CONTROL.sub(REPLACED, value))
    return shown.replace("\\", "\\\\").replace("$", r"\$")


def looks(study: Study, method: str) -> dict[str, Any]:
    """Return color (the backbone) and marker (the adapter) of a method in scatter plots."""
    backbones = list(dict.fromkeys(study.settings(name)["backbone"] for name in study.methods))
    adapters = list(dict.fromkeys(study.settings(name)["adapter"]["kind"] for name in study.methods))
    settings = study.settings(method)
    color = COLORS[backbones.index(settings["backbone"]) % len(COLORS)]
    return {"color": color, "marker": MARKERS[adapters.index(settings["adapter"]["kind"]) % len(MARKERS)]}


def panels(count: int, columns: int, height: float, **more: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure of so many small panels, each `height` inches high.

    As many rows as `columns` a row ask for; then as few columns as fill these rows, so that no row is almost empty.
    """
    rows = math.ceil(count / columns)
    columns = math.ceil(count / rows)
    figure, grid = plt.subplots(
        rows, columns, figsize=(WIDTH, height * rows), squeeze=False, layout="constrained", **more
    )
    axes = list(grid.flat)
    for axis in axes[count:]:
        axis.set_visible(False)
    return figure, axes[:count]


def method_panels(
    study: Study, methods: list[str], columns: int, height: float, title_width: int = 26, **more: Any
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a small panel for each method, under its number and title."""
    figure, axes = panels(len(methods), columns, height, **more)
    for axis, method in zip(axes, methods, strict=True):
        axis.set_title(panel_title(study, method, title_width), fontsize=7)
    return figure, axes


def choose_unit(largest: float) -> tuple[float, str]:
    """Return the decimal unit that suits the largest bar."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if largest >= unit:
            return unit, name
    return 1.0, "bytes"


def draw_shades(axis: Axes, grid: np.ndarray, legible_size: float, write: Callable[[Any], str]) -> None:
    """Draw shares as shades with their figures, as shapes and not as a picture; an unknown share stays white.

    Args:
        axis: where to draw.
        grid: shares between 0 and 1.
        legible_size: of the figures, in points.
        write: what to write into a cell, given its row and column.
    """
    rows, columns = grid.shape
    edges = [np.arange(count + 1) - 0.5 for count in (columns, rows)]
    axis.pcolormesh(*edges, grid, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=0.4, clip_on=False)
    axis.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    for (row, column), share in np.ndenumerate(grid):
        look = {"ha": "center", "va": "center", "fontsize": legible_size}
        axis.text(column, row, write((row, column)), color="white" if share > DARK_SHADE else INK, **look)


def strip_frame(axis: Axes) -> None:
    """Take frame, grid and ticks off a table of shades."""
    axis.grid(visible=False)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def style_grid(axis: Axes, borders: list[int]) -> None:
    """Take the frame off a table of shades, name its columns above, and part groups of rows by lines."""
    strip_frame(axis)
    axis.xaxis.tick_top()
    axis.xaxis.set_label_position("top")
    for border in borders:
        axis.axhline(border - 0.5, color=INK, linewidth=1.2)


def place_numbers(axis: Axes, marks: list[tuple[float, float, str]]) -> None:
    """Write a text beside each point at the first place that hides no other text or point."""
    axis.figure.canvas.draw()
    scale = 72 / axis.figure.dpi  # points a pixel
    taken = [axis.transData.transform((x, y)) * scale for x, y, _ in marks]
    for own, (x, y, words) in enumerate(marks):
        places = taken[own] + np.array(LABEL_OFFSETS)
        others = [place for position, place in enumerate(taken) if position != own]
        room = [min([ROOM, *(math.dist(place, other) for other in others)]) for place in places]
        best = int(np.argmax(room))
        taken.append(places[best])
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
        axis.annotate(words, (x, y), LABEL_OFFSETS[best], textcoords="offset points", **look)
