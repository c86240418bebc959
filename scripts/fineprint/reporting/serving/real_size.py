"""Figures of another study, one at the models' real size, beside this study's own, and named as such."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fineprint.claims.quantities import QUANTITIES
from fineprint.claims.verdicts import Assessment, Claim, Finding, assess_claims
from fineprint.core import formats
from fineprint.reporting.serving.data import ServingResults
from fineprint.reporting.serving.serving_words import WORKED, speed_sentences, worked_sentences
from fineprint.reporting.serving.tables import serving_table
from fineprint.reporting.table import Table
from fineprint.results.lookup import Study

PART = "1.3"  # of the assignment: the claims that are assessed on that study too


@dataclass(frozen=True)
class Beside:
    """What is said of a claim at real size: lines for the figures, a sentence for the verdict."""

    measured: list[str]
    sentence: str


def find_real_study(study: Study) -> Study | None:
    """Return the study at real size, where one was there when the results were collected."""
    found = (study.results.get("serving") or {}).get("real_size") or {}
    return Study(found["results"]) if found.get("results") else None


def describe_real_size(study: Study) -> dict[str, Any] | None:
    """Return what section 7 shows of the study at real size, or None where the config names none."""
    asked = (study.results.get("serving") or {}).get("real_size")
    if not asked:
        return None
    real = find_real_study(study)
    if real is None:
        missing = f"The config names {asked['file']} for them; that file was not there when the results were collected."
        return {"intro": missing, "worked": [], "speed": [], "tables": []}
    part = ServingResults(real)
    counts = [count for count in WORKED if count in part.counts]
    return {
        "intro": introduce(part, asked),
        "worked": worked_sentences(part),
        "speed": speed_sentences(part),
        "tables": [rename(serving_table(part, count, explained=True), real) for count in counts],
    }


def introduce(part: ServingResults, asked: dict[str, Any]) -> str:
    """Return which study it is, what its model is, and on what it ran."""
    results = part.study.results
    backbone = results["backbones"][part.settings["backbone"]]
    gpus = dict.fromkeys((machine.get("gpu") or {}).get("name") for machine in part.study.environments())
    where = formats.join([gpu for gpu in gpus if gpu]) or "a CPU"
    scored = "" if part.scored else "; its weights or labels are random, so that accuracy was not measured"
    return (
        f"All figures here are of another run, the study “{part.study.config['study']}” ({asked['file']}, collected "
        f"{results['provenance'].get('created') or 'at a time not known'}): a model of "
        f"{formats.short_count(backbone['parameters'])} parameters on {where}{scored}."
    )


def rename(table: Table, real: Study) -> Table:
    """Return a table that says in its caption, and by its identifier, whose figures it has."""
    name = real.config["study"]
    return replace(table, identifier=f"real-size-{table.identifier}", caption=f"Study “{name}”: {table.caption}")


def assess_at_real_size(study: Study, claims: list[Claim]) -> dict[str, Beside]:
    """Return for each claim on many tasks what the study at real size says, by the claim's name."""
    real = find_real_study(study)
    if real is None:
        return {}
    assessments = assess_claims(real, [claim for claim in claims if PART in claim.part])
    return {assessment.claim.name: tell(assessment, real.config["study"]) for assessment in assessments}


def tell(assessment: Assessment, name: str) -> Beside:
    """Return figures and verdict of a claim, with methods by title: numbers are those of this report's own study."""
    lines = [tell_figure(assessment, finding) for finding in assessment.findings if finding.measured is not None]
    head = f"At real size, study “{name}”:"
    measured = [head, *(lines or [formats.NOT_MEASURED])]
    return Beside(measured, f"At real size, study “{name}”: {assessment.verdict}. {assessment.sentence}".strip())


def tell_figure(assessment: Assessment, finding: Finding) -> str:
    """Return one case's figure."""
    measured, case = finding.measured, finding.case
    assert measured is not None
    names = " against ".join(case.study.title(method) for method in case.methods)
    note = f"; {measured.note}" if measured.note else ""
    return f"{names}: {QUANTITIES[assessment.claim.quantity].write(measured.value)}{note}"
