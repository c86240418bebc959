"""Figures of confidence against accuracy."""

from __future__ import annotations

from operator import itemgetter

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from fineprint.core.records import Calibration, as_mapping
from fineprint.reporting.figures.drawing import Drawing, caption_figure, method_panels, name_method
from fineprint.reporting.figures.style import COLORS, GRAY, LIGHT
from fineprint.reporting.sections.calibration import calibrated
from fineprint.results.study import Study


def draw_calibration(study: Study, task: str) -> Drawing | None:
    """Draw the reliability curve of each method that gives probabilities."""
    found = calibrated(study, task)
    if not found:
        return None
    figure, axes = method_panels(study, [method for method, *_ in found], 4, 1.75, sharex=True, sharey=True)
    for axis, (_, _, calibration) in zip(axes, found, strict=True):
        draw_reliability(axis, calibration)
    figure.supxlabel("Confidence (mean of the bin)")
    figure.supylabel("Accuracy")
    rows = [
        {**name_method(study, method), **as_mapping(part)}
        for method, _, calibration in found
        for part in calibration.bins
    ]
    errors = [(study.title(method), calibration.expected_calibration_error) for method, _, calibration in found]
    errors.sort(key=itemgetter(1))
    models = {study.title(method) for method, *_ in found if (run := study.run(task, method)) and run.has_model}
    ends = [error for error in errors if error[0] in models]
    return caption_figure(
        figure, "calibration", rows, task=task, split=study.headline(task), errors=errors, ends=ends[:1] + ends[1:][-1:]
    )


def draw_reliability(axis: Axes, calibration: Calibration) -> None:
    """Draw one curve with the diagonal."""
    bins = calibration.bins
    total = sum(part.rows for part in bins)
    x, y = [part.confidence for part in bins], [part.accuracy for part in bins]
    axis.plot([0, 1], [0, 1], color=GRAY, linestyle="--", linewidth=0.9)
    axis.plot(x, y, color=COLORS[0], linewidth=1)
    axis.scatter(x, y, s=[8 + 90 * part.rows / total for part in bins], color=COLORS[0], zorder=3)
    axis.vlines(x, y, x, color=LIGHT, linewidth=1.5, zorder=1)
    axis.text(0.04, 0.79, f"ECE {calibration.expected_calibration_error:.3f}", transform=axis.transAxes, fontsize=7)
    axis.set(xlim=(-0.03, 1.06), ylim=(-0.06, 1.08), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    plt.setp(axis.get_xticklabels() + axis.get_yticklabels(), fontsize=7)
