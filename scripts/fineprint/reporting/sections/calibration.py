"""Calibration, whether confidence can be believed."""

from __future__ import annotations

from fineprint.core import formats
from fineprint.core.records import Calibration, Score
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Table, number, numeric, plain
from fineprint.results.lookup import Study
from fineprint.scoring.statistics import share_with_interval


def calibrated(study: Study, task: str) -> list[tuple[str, Score, Calibration]]:
    """Return the methods that give probabilities, with their scores on the headline split."""
    scored = study.scored(task)
    return [(method, score, score["calibration"]) for method, score in scored if score["calibration"]]


def calibration_table(study: Study, task: str) -> Table | None:
    """Return confidence, accuracy and expected calibration error of each method."""
    rows = []
    for method, score, found in calibrated(study, task):
        gap = found["mean_confidence"] - found["accuracy"]
        rows.append(
            [
                *name_cells(study, task, method),
                number(found["expected_calibration_error"], lambda value: f"{value:.3f}"),
                number(found["mean_confidence"], lambda value: formats.accuracy(value, 0)),
                number(found["accuracy"], lambda value, rows=score["rows"]: share_with_interval(value, rows)),
                number(gap, formats.points),
            ]
        )
    columns = [
        *plain("No.", "Method"),
        *numeric("ECE", "Mean confidence", "Accuracy of likeliest label", "Confidence − accuracy, points"),
    ]
    caption = (
        f"Calibration on {study.headline(task)} of “{task}”: expected calibration error (ECE) over ten bins of equal "
        "width (Guo et al. 2017, arXiv 1706.04599; 0 is perfect). Confidence is the probability of the likeliest "
        "label, for methods that generate by likelihood of the label's words."
    )
    return Table(f"calibration-{task}", caption, columns, rows, style="compact") if rows else None


def describe_calibration(study: Study, task: str) -> str:
    """Return the best and the worst calibrated method in words."""
    found = sorted(calibrated(study, task), key=lambda item: item[2]["expected_calibration_error"])
    errors = [f"{study.title(m)} {c['expected_calibration_error']:.3f}" for m, _, c in found]
    return f"Reliability curves. Expected calibration error, the smallest first: {'; '.join(errors)}."
