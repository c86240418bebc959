"""Predicted against measured peak memory: how far the planner can be believed."""

from __future__ import annotations

from fineprint.core import formats
from fineprint.core.records import Run
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Cell, Table, blank, number, numeric, plain
from fineprint.results.lookup import Study, phase

RECORDS = {"training": "train", "prediction": "predict"}


def planned_table(study: Study, task: str) -> Table | None:
    """Return predicted and measured peaks of training and prediction; None where no GPU was used."""
    rows, found = [], False
    for method in study.methods:
        run = study.run(task, method)
        pairs = [read_pair(run, name) for name in RECORDS]
        found = found or any(pair is not None for pair in pairs)
        rows.append([*name_cells(study, task, method), *(cell for pair in pairs for cell in describe_pair(pair))])
    columns = [*plain("No.", "Method"), *numeric(*["Predicted", "Measured", "Error"] * 2)]
    caption = (
        f"The planner's error on “{task}”: peak memory as predicted from the model's sizes, and as torch's allocator "
        "measured it. Training is predicted for the longest row and the rows at a time that were used; prediction for "
        "rows of max_length, so shorter ones take less."
    )
    groups = [("", 2), ("Training", 3), ("Prediction", 3)]
    return Table(f"planned-{task}", caption, columns, rows, groups=groups, style="compact") if found else None


def read_pair(run: Run | None, name: str) -> tuple[int, int] | None:
    """Return the predicted and the measured peak of a phase, None where one of them does not exist."""
    record = run[RECORDS[name]] if run else None  # type: ignore[literal-required]
    planned = record.get("planned_peak_bytes") if record else None
    measured = (phase(run, name) or {}).get("memory", {}).get("peak_allocated_bytes")
    return (planned, measured) if planned and measured else None


def describe_pair(pair: tuple[int, int] | None) -> list[Cell]:
    """Return three cells: predicted, measured, and by what share of the measured peak the prediction lies off."""
    if pair is None:
        return [blank("not measured, or nothing is trained")] * 3
    planned, measured = pair
    error = planned / measured - 1
    return [number(planned, formats.size), number(measured, formats.size), number(error, signed_percent)]


def signed_percent(value: float) -> str:
    """Write a difference in whole per cent with its sign."""
    return f"{value * 100:+.0f} %".replace("-", "−")
