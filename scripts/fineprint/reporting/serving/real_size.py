"""Figures of another study, one at the models' real size, beside this study's own, and named as such."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fineprint.reporting.serving.data import ServingResults
from fineprint.reporting.serving.speed import speed_sentences
from fineprint.reporting.serving.storage import WORKED, worked_sentences
from fineprint.reporting.serving.tables import served_table
from fineprint.reporting.table import Table
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("serving_answers")


def find_real_study(study: Study) -> Study | None:
    """Return the study at real size, where one was there when the results were collected."""
    found = study.results.serving and study.results.serving.real_size
    return Study(found.results) if found and found.results else None


def describe_real_size(study: Study) -> dict[str, Any] | None:
    """Return what the chapter shows of the study at real size, or None where the config names none."""
    asked = study.results.serving and study.results.serving.real_size
    if not asked:
        return None
    real = find_real_study(study)
    if real is None:
        missing = WORDS("real_size", "missing", file=asked.file)
        return {"intro": missing, "worked": [], "speed": [], "tables": []}
    part = ServingResults(real)
    counts = [count for count in WORKED if count in part.counts]
    return {
        "intro": introduce(part, asked.file),
        "worked": worked_sentences(part),
        "speed": speed_sentences(part),
        "tables": [rename(served_table(part, count, explained=True), real) for count in counts],
    }


def introduce(part: ServingResults, file: str) -> str:
    """Return which study it is, what its model is, and on what it ran."""
    provenance = part.results.provenance
    gpus = dict.fromkeys(machine.gpu.name for machine in provenance.hardware if machine.gpu)
    return WORDS(
        "real_size",
        "introduced",
        study=part.config["study"],
        file=file,
        created=provenance.created,
        parameters=part.backbone.parameters,
        machines=list(gpus) or ["a CPU"],
        has_accuracy=part.has_accuracy,
    )


def rename(table: Table, real: Study) -> Table:
    """Return a table that says in its caption, and by its identifier, whose figures it has."""
    caption = WORDS("real_size", "caption", study=real.config["study"], caption=table.caption)
    return replace(table, identifier=f"real-size-{table.identifier}", caption=caption)
