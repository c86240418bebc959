"""Predicted against measured peak memory: how far the planner can be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from fineprint.core import formats
from fineprint.core.records import Run
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods
from fineprint.reporting.table import Table
from fineprint.reporting.words import Words
from fineprint.results.lookup import Study

WORDS = Words("planned")


class Peaks(NamedTuple):
    """The predicted and the measured peak of a phase, in bytes."""

    planned: int
    measured: int


def read_peaks(run: Run | None, phase: str) -> Peaks | None:
    """Return the peaks of training or prediction, None where one of them does not exist."""
    record = run and {"training": run.train, "prediction": run.predict}[phase]
    planned, measured = record and record.planned_peak_bytes, run and run.peak_memory(phase)
    return Peaks(planned, measured.bytes) if planned and measured.bytes and measured.kind == "allocated" else None


def phase_columns(phase: str) -> list[Column[MethodOnTask]]:
    """Return the columns of a phase."""

    def peaks_column(title: str, get: Callable[[Peaks], float], write: Callable[[Any], str]) -> Column[MethodOnTask]:
        return Column(
            title,
            lambda entry: get(read_peaks(entry.run, phase)),
            write,
            group=phase.capitalize(),
            lacks=lambda entry: None if read_peaks(entry.run, phase) else WORDS("not_planned"),
        )

    return [
        peaks_column("Predicted", lambda peaks: peaks.planned, formats.size),
        peaks_column("Measured", lambda peaks: peaks.measured, formats.size),
        peaks_column("Error", lambda peaks: peaks.planned / peaks.measured - 1, signed_percent),
    ]


def signed_percent(value: float) -> str:
    """Write a difference in whole per cent with its sign."""
    return f"{value * 100:+.0f} %".replace("-", "−")


PLANNED = [*METHOD, *phase_columns("training"), *phase_columns("prediction")]


def planned_table(study: Study, task: str) -> Table | None:
    """Return predicted and measured peaks of training and prediction; None where no GPU was used."""
    methods = list_methods(study, task)
    if not any(read_peaks(entry.run, phase) for entry in methods for phase in ("training", "prediction")):
        return None
    return build_table(f"planned-{task}", WORDS("caption", task=task), PLANNED, methods, style="compact")
