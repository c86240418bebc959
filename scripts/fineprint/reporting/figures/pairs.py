"""The figure of paired differences: which methods differ significantly on the same examples, and by how much."""

from __future__ import annotations

from collections import Counter
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle

from fineprint.core import formats
from fineprint.reporting.figures.drawing import Drawing, caption_figure, name_lines, name_method, style_grid
from fineprint.reporting.figures.style import COLORS, GRAY, INK, LIGHT, WIDTH
from fineprint.results.study import Difference, Study

# From vermilion over white to blue: told apart by color-blind readers; the sign in each cell tells them apart in gray.
SHADES = LinearSegmentedColormap.from_list("fineprint", [COLORS[1], "#ffffff", COLORS[0]])
STRONGEST_SHADE = 0.75  # of the color's full strength, so that black figures stay legible on it
MANY_METHODS = 12  # from here on cells are too narrow for a decimal
ROW_INCHES, LARGEST_LETTERS, SMALLEST_LETTERS = 0.25, 8.0, 4.8


def draw_pairs(study: Study, task: str) -> Drawing | None:
    """Draw row minus column in points for the ranked methods; only significant differences are shaded."""
    split = study.headline(task)
    methods = [method for method in study.methods if method in dict(study.ranked(task))]
    pairs = {
        (first, second): difference
        for first in methods
        for second in methods
        if (difference := study.difference(task, first, second, split)) is not None
    }
    if not pairs:
        return None
    figure, axis = plt.subplots(figsize=(WIDTH, 0.55 + ROW_INCHES * len(methods)), layout="constrained")
    largest = max(abs(difference.value) for difference in pairs.values()) or 1.0
    for (first, second), difference in pairs.items():
        draw_cell(axis, methods.index(second), methods.index(first), difference, largest, len(methods))
    for position in range(len(methods)):
        axis.add_patch(Rectangle((position - 0.5, position - 0.5), 1, 1, color=LIGHT, linewidth=0))
    name_lines(axis, study, methods)
    axis.set_xticks(range(len(methods)), [str(study.numbers[method]) for method in methods])
    axis.set(xlim=(-0.5, len(methods) - 0.5), xlabel="Reference method (no.)")
    style_grid(axis, [])
    rows = [pair_row(study, *pair, difference) for pair, difference in pairs.items()]
    return caption_figure(
        figure,
        "pairs",
        rows,
        task=task,
        split=split,
        rounded=len(methods) > MANY_METHODS,
        significant=sum(difference.is_real for difference in pairs.values()) // 2,
        pairs=len(pairs) // 2,
        ahead=count_ahead(study, methods, pairs),
    )


def draw_cell(axis: Axes, x: int, y: int, difference: Difference, largest: float, count: int) -> None:
    """Draw one difference; one that is not significant has no shade."""
    if difference.is_real:
        strength = difference.value / largest * STRONGEST_SHADE
        color = SHADES(Normalize(-1, 1)(strength))
        axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=0.8))
    axis.text(
        x,
        y,
        write_points(difference.value, count) + ("*" if difference.is_real else ""),
        ha="center",
        va="center",
        fontsize=max(SMALLEST_LETTERS, min(LARGEST_LETTERS, 96 / count)),
        fontweight="bold" if difference.is_real else "normal",
        color=INK if difference.is_real else GRAY,
    )


def write_points(value: float, count: int) -> str:
    """Write a difference in points; in whole points where many methods leave little room."""
    written = formats.points(value)
    return written if count <= MANY_METHODS else formats.points(round(value, 2))[:-2]


def pair_row(study: Study, first: str, second: str, difference: Difference) -> dict[str, Any]:
    """Return one cell as data."""
    return {
        **name_method(study, first),
        **{f"minus_{key}": value for key, value in name_method(study, second).items()},
        "points": difference.value * 100,
        "points_low": difference.low * 100,
        "points_high": difference.high * 100,
        "p_value_holm": difference.p_value_holm,
        "significant": difference.is_real,
    }


def count_ahead(study: Study, methods: list[str], pairs: dict[tuple[str, str], Difference]) -> list[tuple[str, int]]:
    """Return how many methods each is significantly ahead of, those ahead of most first."""
    ahead = Counter(first for (first, _), difference in pairs.items() if difference.is_real and difference.value > 0)
    return [(study.title(method), ahead[method]) for method in sorted(methods, key=lambda method: -ahead[method])]
