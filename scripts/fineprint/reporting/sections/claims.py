"""The section on claims: the ledger as rows to show, and its count in one sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fineprint.claims.cases import Case, Measurement
from fineprint.claims.published import published_rows, read_published
from fineprint.claims.quantities import QUANTITIES, Quantity
from fineprint.claims.verdicts import NOT_TESTABLE, VERDICTS, Assessment, Expected, Finding, assess_claims, read_claims
from fineprint.core import formats
from fineprint.reporting.serving.real_size import Beside, assess_at_real_size
from fineprint.reporting.table import clean_identifier
from fineprint.results.lookup import Study

LINES_SHOWN = 4  # of cases; more are shown as a range
STYLES = {"supported": "gain", "not supported": "loss", NOT_TESTABLE: "missing"}


@dataclass(frozen=True)
class Link:
    """Where a figure stands."""

    target: str
    words: str


@dataclass(frozen=True)
class LedgerRow:
    """A claim as the report shows it."""

    name: str
    part: str
    claim: str
    claimed: str
    met: str
    measured: list[str]
    verdict: str
    style: str
    sentence: str
    links: list[Link]


def describe_claims(study: Study, report: Path) -> dict[str, Any]:
    """Return what the section on claims shows, and the sentence of the summary."""
    claims = read_claims(report / "claims.yaml")
    assessments = assess_claims(study, claims)
    beside = assess_at_real_size(study, claims)
    return {
        "count": count_sentence(assessments),
        "total": formats.plural(len(assessments), "claim"),
        "ledger": [add_beside(row, beside.get(row.name)) for row in ledger_rows(assessments)],
        "has_real_size": bool(beside),
        "published": published_rows(study, read_published(report / "published.yaml")),
    }


def add_beside(row: LedgerRow, beside: Beside | None) -> LedgerRow:
    """Return a row with what a study at real size says below its own; the verdict stays this study's."""
    if beside is None:
        return row
    measured = [*row.measured, *(formats.tie_units(line) for line in beside.measured)]
    return replace(row, measured=measured, sentence=f"{row.sentence} {beside.sentence}")


def ledger_rows(assessments: list[Assessment]) -> list[LedgerRow]:
    """Return every claim with what was measured."""
    return [ledger_row(assessment) for assessment in assessments]


def ledger_row(assessment: Assessment) -> LedgerRow:
    """Return one claim."""
    claim, quantity = assessment.claim, QUANTITIES[assessment.claim.quantity]
    return LedgerRow(
        claim.name,
        claim.part,
        formats.tie_units(claim.claim),
        formats.tie_units(claim.claimed),
        formats.tie_units(describe_limits(claim.expected, quantity)),
        [formats.tie_units(line) for line in describe_figures(assessment, quantity)],
        assessment.verdict,
        STYLES[assessment.verdict],
        assessment.sentence,
        list_links(assessment.findings, quantity),
    )


def describe_limits(expected: Expected, quantity: Quantity) -> str:
    """Return in words when a claim counts as met."""
    if expected.beats:
        return "met if the paired test confirms it"
    low, high = expected.limits
    if low == float("-inf"):
        return f"met up to {quantity.write(high)}"
    if high == float("inf"):
        return f"met from {quantity.write(low)} upwards"
    return f"met from {quantity.write(low)} to {quantity.write(high)}"


def describe_figures(assessment: Assessment, quantity: Quantity) -> list[str]:
    """Return the measured figures, a line for each case or, of many, their range."""
    found = [(finding, finding.measured) for finding in assessment.findings if finding.measured is not None]
    if not found:
        return [formats.NOT_MEASURED]
    own, alone = assessment.verdict == NOT_TESTABLE, len(found) == 1
    notes = {measured.note for _, measured in found}
    common = f" ({notes.pop()})" if own and not alone and len(notes) == 1 and notes != {""} else ""
    if len(found) > LINES_SHOWN:
        lines = [describe_range([measured for _, measured in found], quantity)]
    else:
        lines = [describe_line(*item, quantity, alone=alone, noted=bool(common)) for item in found]
    return [f"This study's own{common}:", *lines] if own else lines


def describe_line(finding: Finding, measured: Measurement, quantity: Quantity, alone: bool, noted: bool) -> str:
    """Return one case's figure; a method that stands alone is named by its title too."""
    note = f"; {measured.note}" if measured.note and not noted else ""
    return f"{describe_case(finding.case, alone)}: {write_figure(measured, quantity)}{note}"


def describe_range(measured: list[Measurement], quantity: Quantity) -> str:
    """Return smallest and largest of many figures."""
    values = [measurement.value for measurement in measured]
    return f"{quantity.write(min(values))} to {quantity.write(max(values))}{quantity.unit} ({len(values)} cases)"


def describe_case(case: Case, with_title: bool) -> str:
    """Return a case by its methods' numbers and, where the study has several, its task and seed."""
    study = case.study
    names = [f"No. {study.numbers[method]}" for method in case.methods]
    if with_title and case.second is None:
        names = [f"{names[0]}, {study.title(case.first)}"]
    parts = [" against ".join(names)]
    if len(study.tasks) > 1:
        parts.append(f"“{case.task}”")
    if len(study.seeds) > 1:
        parts.append(f"seed {case.seed}")
    return ", ".join(parts)


def write_figure(measured: Measurement, quantity: Quantity) -> str:
    """Write a figure with its interval."""
    if measured.low is None or measured.high is None:
        return f"{quantity.write(measured.value)}{quantity.unit}"
    limits = f"{quantity.write(measured.low)} to {quantity.write(measured.high)}"
    return f"{quantity.write(measured.value)} ({limits}){quantity.unit}"


def list_links(findings: list[Finding], quantity: Quantity) -> list[Link]:
    """Return the tables that the figures stand in, one for each task."""
    found = {finding.case.task: finding for finding in findings if finding.measured is not None}
    return list(dict.fromkeys(link_finding(finding, quantity) for finding in found.values()))


def link_finding(finding: Finding, quantity: Quantity) -> Link:
    """Return the place of a figure: its own, where it says so, else its quantity's."""
    case, measured = finding.case, finding.measured
    if measured is not None and measured.anchor:
        return Link(f"#{measured.anchor}", "Many tasks")
    return Link(link_to(case.study, case.task, quantity), describe_link(case, quantity))


def link_to(study: Study, task: str, quantity: Quantity) -> str:
    """Return where a quantity's figures on a task stand, as a link."""
    return f"#{clean_identifier(quantity.anchor.format(task=task, split=study.headline(task)))}"


def describe_link(case: Case, quantity: Quantity) -> str:
    """Return a link's words."""
    several = len(case.study.tasks) > 1 and not quantity.per_study
    return f"{quantity.basis}, {case.task}" if several else quantity.basis


def count_sentence(assessments: list[Assessment]) -> str:
    """Return how many claims got which verdict."""
    counts = Counter(assessment.verdict for assessment in assessments)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
