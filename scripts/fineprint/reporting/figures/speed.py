"""Speed and peak memory of every method: the figure on cost where there is no accuracy to set it against."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from fineprint.core import formats
from fineprint.reporting.figures.cost import choose_unit
from fineprint.reporting.figures.drawing import Drawing, escape, label, looks, panels
from fineprint.reporting.sections.cost import memory_kinds
from fineprint.reporting.sections.cost_axes import prediction_speed, training_peak
from fineprint.results.lookup import Study, peak_memory, train_value

FIGURES = {
    "training_rows_per_second": "Training",
    "prediction_rows_per_second": "Prediction",
    "peak_training_bytes": "Training",
    "peak_prediction_bytes": "Prediction",
}


def draw_speed(study: Study, task: str) -> Drawing | None:
    """Draw rows per second and peak memory in training and prediction as bars, a panel each."""
    if study.measures_accuracy(task):
        return None
    rows = [speed_row(study, task, method) for method in study.methods]
    shown = [key for key in FIGURES if any(row[key] is not None for row in rows)]
    if not shown:
        return None
    figure, axes, _ = panels(len(shown), 2, 0.85 + 0.2 * len(rows), sharey=True)
    for axis, key in zip(axes, shown, strict=True):
        draw_bars(axis, study, rows, key)
    axes[0].set(
        yticks=range(len(rows)),
        yticklabels=[label(study, method) for method in study.methods],
        ylim=(len(rows) - 0.5, -0.5),
    )
    caption = (
        f"Speed and peak memory on “{task}”; colour: backbone. No bar in training: nothing is trained. Methods on "
        f"different backbones differ in size first of all. {memory_kinds(study, task)}"
    )
    return Drawing(figure, f"Speed and memory on {task}", caption, describe_speed(rows), rows)


def speed_row(study: Study, task: str, method: str) -> dict[str, Any]:
    """Return one method's figures."""
    run = study.run(task, method)
    return {
        "number": study.numbers[method],
        "method": study.title(method),
        "backbone": study.settings(method)["backbone"],
        "training_rows_per_second": train_value(run, "examples_per_second"),
        "prediction_rows_per_second": prediction_speed(run),
        "peak_training_bytes": training_peak(run),
        "peak_prediction_bytes": peak_memory(run, "prediction")[0],
    }


def draw_bars(axis: Axes, study: Study, rows: list[dict[str, Any]], key: str) -> None:
    """Draw one figure of every method, written at the end of its bar."""
    known = {line: row[key] for line, row in enumerate(rows) if row[key] is not None}
    is_memory = key.endswith("bytes")
    unit, name = choose_unit(max(known.values())) if is_memory else (1.0, "rows per second")
    for line, value in known.items():
        axis.barh(line, value / unit, height=0.62, color=looks(study, study.methods[line])["color"])
        written = formats.size(value) if is_memory else formats.rate(value)
        axis.annotate(
            escape(written), (value / unit, line), (3, 0), textcoords="offset points", va="center", fontsize=7
        )
    axis.set(
        xlabel=f"{FIGURES[key]}, {f'peak memory, {name}' if is_memory else name}",
        xlim=(0, 1.3 * max(known.values()) / unit),
    )
    axis.grid(axis="y", visible=False)


def describe_speed(rows: list[dict[str, Any]]) -> str:
    """Return every method's speed in words."""
    parts = [
        f"{row['method']} trains {formats.rate(row['training_rows_per_second'])} and answers "
        f"{formats.rate(row['prediction_rows_per_second'])}"
        if row["training_rows_per_second"] is not None
        else f"{row['method']} answers {formats.rate(row['prediction_rows_per_second'])}"
        for row in rows
    ]
    return "Bars of speed and peak memory. Rows per second: " + "; ".join(parts) + "."
