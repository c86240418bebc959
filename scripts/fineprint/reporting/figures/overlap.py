"""How alike each two methods answer and err, as two tables of shades."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from fineprint.core.records import PairOverlap, TaskErrors
from fineprint.reporting.figures.drawing import Drawing, caption_figure, draw_shades, label, strip_frame
from fineprint.reporting.figures.style import WIDTH
from fineprint.reporting.sections.errors import find_errors
from fineprint.reporting.sections.standings import name_methods
from fineprint.results.study import Study

TITLE_LENGTH = 26
PANELS: dict[str, Callable[[PairOverlap], float | None]] = {
    "Same answer, %": lambda pair: pair.agreement,
    "Shared errors, %": lambda pair: pair.overlap,
}


@dataclass(frozen=True)
class NamedPair:
    """A pair as the caption names it."""

    names: str
    agreement: float
    overlap: float | None


def draw_overlap(study: Study, task: str) -> Drawing | None:
    """Draw agreement and overlap of errors of each two methods, the most accurate first."""
    found = find_errors(study, task)
    named = (
        [NamedPair(name_methods(study, [p.first, p.second]), p.agreement, p.overlap) for p in found.pairs]
        if found
        else []
    )
    erring = sorted((pair for pair in named if pair.overlap is not None), key=lambda pair: -pair.overlap)
    if found is None or not erring:
        return None
    methods = [method for method, _ in study.ranked(task) if method in found.methods]
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 0.75 + 0.23 * len(methods)), layout="constrained", sharey=True)
    for axis, (title, get) in zip(axes, PANELS.items(), strict=True):
        draw_panel(axis, study, methods, share_matrix(found, methods, get))
        axis.set_title(title)
    axes[0].set_yticks(range(len(methods)), [label(study, method, TITLE_LENGTH) for method in methods])
    figure.supxlabel("Method (number as in the tables)")
    return caption_figure(
        figure,
        "overlap",
        [pair_row(study, pair) for pair in found.pairs],
        task=task,
        split=found.split,
        pairs=named,
        most=erring[0],
        least=erring[-1] if len(erring) > 1 else None,
    )


def share_matrix(found: TaskErrors, methods: list[str], get: Callable[[PairOverlap], float | None]) -> np.ndarray:
    """Return a share of each two methods; unknown on the diagonal."""
    shares = {frozenset((pair.first, pair.second)): get(pair) for pair in found.pairs}
    return np.array([[shares.get(frozenset((row, column))) for column in methods] for row in methods], dtype=float)


def draw_panel(axis: Axes, study: Study, methods: list[str], grid: np.ndarray) -> None:
    """Draw one table of shades."""
    size = 7.5 if len(methods) <= 10 else 6.0
    draw_shades(axis, grid, size, lambda place: "" if np.isnan(grid[place]) else f"{100 * grid[place]:.0f}")
    axis.set_xticks(range(len(methods)), [str(study.numbers[method]) for method in methods])
    strip_frame(axis)


def pair_row(study: Study, pair: PairOverlap) -> dict[str, object]:
    """Return one row of the figure's data."""
    return {
        "first": study.title(pair.first),
        "second": study.title(pair.second),
        "same_answer": pair.agreement,
        "shared_errors": pair.overlap,
    }
