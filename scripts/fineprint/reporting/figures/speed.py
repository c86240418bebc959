"""Speed and memory of every method: the figure on cost where there is no accuracy to set it against."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from fineprint.core import formats
from fineprint.reporting.figures.drawing import (
    Drawing,
    caption_figure,
    choose_unit,
    escape,
    looks,
    name_lines,
    name_method,
    panels,
)
from fineprint.reporting.sections.cost import memory_kinds
from fineprint.reporting.sections.cost_axes import SPEED, TRAINING_MEMORY, TRAINING_SPEED
from fineprint.results.study import Study

FIGURES = {
    "training_rows_per_second": "Training",
    "prediction_rows_per_second": "Prediction",
    "training_memory_bytes": "Training",
    "peak_prediction_bytes": "Prediction",
}


def draw_speed(study: Study, task: str) -> Drawing | None:
    """Draw examples per second and memory in training and prediction as bars, a panel each."""
    if study.measures_accuracy(task):
        return None
    rows = [speed_row(study, task, method) for method in study.methods]
    shown = [key for key in FIGURES if any(row[key] is not None for row in rows)]
    if not shown:
        return None
    figure, axes = panels(len(shown), 2, 0.85 + 0.2 * len(rows), sharey=True)
    for axis, key in zip(axes, shown, strict=True):
        draw_bars(axis, study, rows, key)
    name_lines(axes[0], study, study.methods)
    fastest = {key: find_fastest(rows, key) for key in ("training_rows_per_second", "prediction_rows_per_second")}
    return caption_figure(
        figure,
        "speed",
        rows,
        task=task,
        memory=memory_kinds(study, task),
        fastest_training=fastest["training_rows_per_second"],
        fastest=fastest["prediction_rows_per_second"],
    )


def find_fastest(rows: list[dict[str, Any]], key: str) -> str | None:
    """Return the method with the highest speed; None where none was measured."""
    known = [row for row in rows if row[key] is not None]
    return max(known, key=lambda row: row[key])["method"] if known else None


def speed_row(study: Study, task: str, method: str) -> dict[str, Any]:
    """Return one method's figures."""
    run = study.run(task, method)
    return {
        **name_method(study, method),
        "backbone": study.settings(method)["backbone"],
        "training_rows_per_second": TRAINING_SPEED.of(study, task, method),
        "prediction_rows_per_second": SPEED.of(study, task, method),
        "training_memory_bytes": TRAINING_MEMORY.of(study, task, method),
        "peak_prediction_bytes": run.gpu_peak("prediction") if run else None,
    }


def draw_bars(axis: Axes, study: Study, rows: list[dict[str, Any]], key: str) -> None:
    """Draw one figure of every method, written at the end of its bar."""
    known = {line: row[key] for line, row in enumerate(rows) if row[key] is not None}
    is_memory = key.endswith("bytes")
    write = formats.size if is_memory else formats.rate
    unit, name = choose_unit(max(known.values())) if is_memory else (1.0, "")
    colors = [looks(study, study.methods[line])["color"] for line in known]
    bars = axis.barh(list(known), [value / unit for value in known.values()], height=0.62, color=colors)
    axis.bar_label(bars, [escape(write(value)) for value in known.values()], padding=3, fontsize=7)
    what = f"memory, {name}" if is_memory else "examples per second"
    axis.set(xlabel=f"{FIGURES[key]}, {what}", xlim=(0, 1.3 * max(known.values()) / unit))
    axis.grid(axis="y", visible=False)
