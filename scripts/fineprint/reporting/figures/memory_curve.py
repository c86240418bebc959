"""Memory against speed of methods that a study trains with several limits of memory."""

from __future__ import annotations

import json
import statistics
from typing import Any

from matplotlib.axes import Axes

from fineprint.reporting.figures.drawing import (
    Drawing,
    caption_figure,
    choose_unit,
    escape,
    label,
    looks,
    name_method,
    panels,
)
from fineprint.results.study import Study

UNLIKE = ("title", "memory", "prediction_batch_size")  # what may differ between points of one curve


def draw_memory_curve(study: Study, task: str) -> Drawing | None:
    """Draw peak memory against speed of training, a line through the methods that differ in nothing but `memory`."""
    curves = [points for group in list_alike(study) if len(points := list_points(study, task, group)) > 1]
    if not curves:
        return None
    rows = [point for curve in curves for point in curve]
    backbones = list(dict.fromkeys(row["backbone"] for row in rows))
    unit, name = choose_unit(max(row["peak_bytes"] for row in rows))
    figure, axes = panels(len(backbones), 2, 3.1)
    for axis, backbone in zip(axes, backbones, strict=True):
        for curve in (curve for curve in curves if curve[0]["backbone"] == backbone):
            draw_curve(axis, study, curve, unit)
        own = [row for row in rows if row["backbone"] == backbone]
        axis.set(xlim=(0, 1.15 * max(row["peak_bytes"] for row in own) / unit))
        axis.set(ylim=(0, 1.15 * max(row["examples_per_second"] for row in own)))
        for row in own:  # a curve rises, as a rule: right below its points there is room
            place = (row["peak_bytes"] / unit, row["examples_per_second"])
            axis.annotate(row["memory"], place, (5, -4), textcoords="offset points", va="top", fontsize=8)
        axis.set_title(escape(backbone))
        axis.set(xlabel=f"Peak memory in training, {name}", ylabel="Examples per second")
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    ends = [(curve[0], curve[-1]) for curve in curves]
    return caption_figure(figure, "memory-curve", rows, task=task, ends=ends)


def list_alike(study: Study) -> list[list[str]]:
    """Return the methods in groups that are trained alike but for the memory they may take."""
    groups: dict[str, list[str]] = {}
    for method in study.methods:
        settings = {key: value for key, value in study.settings(method).items() if key not in UNLIKE}
        groups.setdefault(json.dumps(settings, sort_keys=True, default=str), []).append(method)
    return list(groups.values())


def list_points(study: Study, task: str, methods: list[str]) -> list[dict[str, Any]]:
    """Return the points of one curve, the least memory first: of each setting of `memory` that was trained on a GPU its
    first method, over all seeds."""
    points: dict[str, dict[str, Any]] = {}
    for method in methods:
        trained = [run for run in study.runs_of(task, method) if run.trained]
        peaks = [peak.bytes for run in trained if (peak := run.peak_memory("training")).kind == "allocated"]
        speeds = [run.trained.examples_per_second for run in trained if run.trained]
        if not peaks or None in (*peaks, *speeds):
            continue
        memory = study.settings(method)["memory"]
        points.setdefault(
            memory,
            {
                **name_method(study, method),
                "backbone": study.settings(method)["backbone"],
                "key": method,
                "memory": memory,
                "peak_bytes": statistics.median(peaks),
                "examples_per_second": statistics.median(speeds),
            },
        )
    return sorted(points.values(), key=lambda point: point["peak_bytes"])


def draw_curve(axis: Axes, study: Study, points: list[dict[str, Any]], unit: float) -> None:
    """Draw one method's points, in the look of the one that may take the most."""
    method = points[-1]["key"]
    look = {"linewidth": 1.2, "markersize": 4, **looks(study, method)}
    peaks, speeds = ([point[key] for point in points] for key in ("peak_bytes", "examples_per_second"))
    axis.plot([peak / unit for peak in peaks], speeds, label=label(study, method, 30), **look)
