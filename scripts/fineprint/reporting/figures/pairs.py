"""The figure of paired differences: which methods differ significantly on the same examples, and by how much."""

from __future__ import annotations

from collections import Counter
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle

from fineprint.core import formats
from fineprint.core.records import Comparison, Verdict
from fineprint.reporting.figures.drawing import Drawing, caption_figure, name_lines, name_method, style_grid
from fineprint.reporting.figures.style import COLORS, GRAY, INK, LIGHT, WIDTH
from fineprint.reporting.sections.pairs import MARKS
from fineprint.reporting.sections.standings import speaks_of_models
from fineprint.results.study import Study

# From vermilion over white to blue: told apart by color-blind readers; the sign in each cell tells them apart in gray.
SHADES = LinearSegmentedColormap.from_list("fineprint", [COLORS[1], "#ffffff", COLORS[0]])
STRONGEST_SHADE = 0.75  # of the color's full strength, so that black figures stay legible on it
MANY_METHODS = 12  # from here on cells are too narrow for a decimal
ROW_INCHES, LARGEST_LETTERS, SMALLEST_LETTERS = 0.25, 8.0, 4.8


def draw_pairs(study: Study, task: str) -> Drawing | None:
    """Draw row minus column in percentage points for the ranked methods; only better and worse are shaded."""
    split = study.headline(task)
    methods = [method for method in study.methods if method in dict(study.ranked(task))]
    pairs = {
        (first, second): found
        for first in methods
        for second in methods
        if (found := study.comparison(task, first, second, split)) is not None
    }
    if not pairs:
        return None
    figure, axis = plt.subplots(figsize=(WIDTH, 0.55 + ROW_INCHES * len(methods)), layout="constrained")
    largest = max(abs(found.difference) for found in pairs.values()) or 1.0
    for (first, second), found in pairs.items():
        draw_cell(axis, methods.index(second), methods.index(first), found, largest, len(methods))
    for position in range(len(methods)):
        axis.add_patch(Rectangle((position - 0.5, position - 0.5), 1, 1, color=LIGHT, linewidth=0))
    name_lines(axis, study, methods)
    axis.set_xticks(range(len(methods)), [str(study.numbers[method]) for method in methods])
    axis.set(xlim=(-0.5, len(methods) - 0.5), xlabel="Reference method (no.)")
    style_grid(axis, [])
    return caption_figure(
        figure,
        "pairs",
        [pair_row(study, found) for found in pairs.values()],
        task=task,
        split=split,
        rounded=len(methods) > MANY_METHODS,
        models=speaks_of_models(pairs.values()),
        margin=study.config["margin"],
        significant=sum(found.is_significant for found in pairs.values()) // 2,
        pairs=len(pairs) // 2,
        ahead=count_ahead(study, methods, pairs),
    )


def draw_cell(axis: Axes, x: int, y: int, found: Comparison, largest: float, count: int) -> None:
    """Draw one difference; one that is not significant has no shade."""
    if found.is_significant:
        strength = found.difference / largest * STRONGEST_SHADE
        color = SHADES(Normalize(-1, 1)(strength))
        axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=0.8))
    axis.text(
        x,
        y,
        write_points(found.difference, count) + MARKS.get(found.outcome, ""),
        ha="center",
        va="center",
        fontsize=max(SMALLEST_LETTERS, min(LARGEST_LETTERS, 96 / count)),
        fontweight="bold" if found.is_significant else "normal",
        color=INK if found.is_significant else GRAY,
    )


def write_points(value: float, count: int) -> str:
    """Write a difference in points; in whole points where many methods leave little room."""
    written = formats.points(value)
    return written if count <= MANY_METHODS else formats.points(round(value, 2))[:-2]


def pair_row(study: Study, found: Comparison) -> dict[str, Any]:
    """Return one cell as data."""
    intervals = {"": found.interval, "simultaneous_": found.simultaneous_interval}
    return {
        **name_method(study, found.first),
        **{f"minus_{key}": value for key, value in name_method(study, found.second).items()},
        "points": found.difference * 100,
        **{f"{name}low": interval.low * 100 for name, interval in intervals.items()},
        **{f"{name}high": interval.high * 100 for name, interval in intervals.items()},
        "p_value_holm": found.p_value_holm,
        "detectable_points": found.detectable_difference * 100,
        "verdict": str(found.outcome),
        "scope": str(found.scope),
    }


def count_ahead(study: Study, methods: list[str], pairs: dict[tuple[str, str], Comparison]) -> list[tuple[str, int]]:
    """Return how many methods each is better than, those ahead of most first."""
    ahead = Counter(first for (first, _), found in pairs.items() if found.outcome is Verdict.BETTER)
    return [(study.title(method), ahead[method]) for method in sorted(methods, key=lambda method: -ahead[method])]
