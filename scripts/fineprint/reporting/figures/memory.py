"""Figures on bytes: memory of training by parts, and disk for several tasks."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from fineprint.core.records import Run
from fineprint.reporting.figures.drawing import (
    Drawing,
    caption_figure,
    choose_unit,
    escape,
    label,
    looks,
    name_lines,
    name_method,
    panels,
)
from fineprint.reporting.figures.style import COLORS, GRAY, HATCHES, WIDTH
from fineprint.reporting.sections.cost import Storage, list_storage
from fineprint.results.study import Study

PARTS = {
    "weight_bytes": "weights",
    "gradient_bytes": "gradients",
    "optimizer_bytes": "optimizer",
    "activation_bytes": "activations",
}
MOST_TASKS = 10


def draw_memory(study: Study, task: str) -> Drawing | None:
    """Draw weights, gradients, optimizer state and activations as stacked bars, on a GPU beside the measured peak."""
    found = {method: study.run(task, method) for method in study.methods}
    runs = {name: run for name, run in found.items() if run and run.trained and run.trained.weight_bytes is not None}
    if not runs:
        return None
    rows = [{**name_method(study, method), **memory_row(run)} for method, run in runs.items()]
    size = (WIDTH, 0.9 + 0.26 * len(runs))
    on_gpu = any(row["peak_bytes"] is not None for row in rows)
    ratios = (3, 2) if on_gpu else (1,)
    figure, axes = plt.subplots(
        1, len(ratios), figsize=size, layout="constrained", sharey=True, squeeze=False, width_ratios=ratios
    )
    parts, *peaks = axes[0]
    draw_parts(parts, rows)
    for axis in peaks:
        draw_peaks(axis, rows)
    name_lines(parts, study, list(runs))
    figure.legend(*parts.get_legend_handles_labels(), loc="outside upper center", ncols=len(PARTS))
    totals = [(row["method"], row["kept_bytes"], row["peak_bytes"]) for row in rows]
    known = [total for total in totals if total[1] is not None]
    least, most = (choose(known, key=lambda total: total[1], default=None) for choose in (min, max))
    return caption_figure(figure, "memory", rows, task=task, on_gpu=on_gpu, totals=totals, least=least, most=most)


def draw_parts(axis: Axes, rows: list[dict[str, Any]]) -> None:
    """Draw what the tensors hold as stacked bars, on a scale of their own: a peak may be many times as large."""
    unit, name = choose_unit(max(sum(row[key] or 0 for key in PARTS) for row in rows))
    left = [0.0] * len(rows)
    for (key, words), color, hatch in zip(PARTS.items(), COLORS, HATCHES, strict=False):
        widths = [(row[key] or 0) / unit for row in rows]
        look = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0.4, "label": words}
        axis.barh(range(len(rows)), widths, left=left, height=0.62, **look)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axis.set(xlabel=f"Counted from the tensors, {name}", xlim=(0, None))
    axis.grid(axis="y", visible=False)


def draw_peaks(axis: Axes, rows: list[dict[str, Any]]) -> None:
    """Draw the measured peak of each method."""
    known = [(row["peak_bytes"], line) for line, row in enumerate(rows) if row["peak_bytes"] is not None]
    unit, name = choose_unit(max((value for value, _ in known), default=1))
    axis.barh([line for _, line in known], [value / unit for value, _ in known], height=0.62, color=GRAY)
    axis.set(xlabel=f"Measured peak, {name}", xlim=(0, None))
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", visible=False)


def memory_row(run: Run) -> dict[str, Any]:
    """Return one run's parts and their sum, and a GPU's peak."""
    parts = {key: getattr(run.trained, key) for key in PARTS}
    return {**parts, "kept_bytes": run.trained.kept_bytes, "peak_bytes": run.gpu_peak("training")}


def draw_storage(study: Study, task: str) -> Drawing | None:
    """Draw disk against the number of tasks: measured bytes, multiplied."""
    found = [entry for entry in list_storage(study, task) if entry.shared_bytes is not None]
    if not found:
        return None
    unit, name = choose_unit(max(max(entry.sizes.values()) for entry in found))
    backbones = list(dict.fromkeys(entry.backbone for entry in found))
    figure, axes = panels(len(backbones), 2, 3.1)
    for axis, backbone in zip(axes, backbones, strict=True):
        for entry in (entry for entry in found if entry.backbone == backbone):
            draw_disk(axis, entry, unit)
        axis.set_title(escape(backbone))
        axis.set(xlabel="Tasks", ylabel=f"Disk, {name}", ylim=(0, None), xticks=[1, 2, 4, 6, 8, MOST_TASKS])
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    rows = [
        {"method": entry.title, "tasks": count, "bytes": size} for entry in found for count, size in entry.sizes.items()
    ]
    ten = [row for row in rows if row["tasks"] == MOST_TASKS]
    least, most = (choose(ten, key=lambda row: row["bytes"]) for choose in (min, max))
    return caption_figure(figure, "storage", rows, task=task, least=least, most=most)


def draw_disk(axis: Axes, entry: Storage, unit: float) -> None:
    """Draw what one method's tasks take: a full model each, or one backbone and an adapter each."""
    counts = list(range(1, MOST_TASKS + 1))
    values = [(entry.shared_bytes + count * entry.checkpoint_bytes) / unit for count in counts]
    look = {"linewidth": 1.2, "markersize": 4, "markevery": [0, 1, 9], **looks(entry.study, entry.method)}
    line = "-" if entry.is_full_model else "--"
    axis.plot(counts, values, linestyle=line, label=label(entry.study, entry.method, 30), **look)
