"""Calibration, whether confidence can be believed."""

from __future__ import annotations

from dataclasses import dataclass

from fineprint.core import formats
from fineprint.core.records import Calibration, Score
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask
from fineprint.reporting.sections.scores import counted_cell
from fineprint.reporting.table import Cell, Table, number
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("calibration")


def calibrated(study: Study, task: str) -> list[tuple[str, Score, Calibration]]:
    """Return the methods that give probabilities, with their scores on the headline split."""
    return [(method, score, score.calibration) for method, score in study.scored(task) if score.calibration]


@dataclass(frozen=True)
class CalibratedMethod(MethodOnTask):
    """A method that gives probabilities."""

    examples: int
    calibration: Calibration

    @property
    def excess(self) -> float:
        """By how much the mean confidence exceeds the accuracy."""
        return self.calibration.mean_confidence - self.calibration.accuracy


def error_cell(found: Calibration) -> Cell:
    """Return the expected calibration error with its interval."""
    return number(found.expected_calibration_error, lambda _: WORDS("error", found=found))


COLUMNS: list[Column[CalibratedMethod]] = [
    *METHOD,
    Column("ECE", lambda entry: error_cell(entry.calibration), "{:.3f}".format),
    Column("Mean confidence", lambda entry: entry.calibration.mean_confidence, formats.accuracy),
    Column(
        "Accuracy of likeliest label",
        lambda entry: counted_cell(entry.calibration.accuracy, entry.examples),
        formats.accuracy,
    ),
    Column("Confidence − accuracy, percentage points", lambda entry: entry.excess, formats.points),
]


def calibration_table(study: Study, task: str) -> Table | None:
    """Return confidence, accuracy and expected calibration error of each method."""
    methods = [CalibratedMethod(study, task, name, score.rows, found) for name, score, found in calibrated(study, task)]
    caption = WORDS("caption", task=task, headline=study.headline(task), seed=study.seed, seeds=len(study.seeds))
    return build_table(f"calibration-{task}", caption, COLUMNS, methods, style="compact") if methods else None
