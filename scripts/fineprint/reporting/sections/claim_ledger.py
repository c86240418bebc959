"""The section on claims: the ledger as rows to show, and its count in one sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from fineprint.claims.cases import Case, Measurement
from fineprint.claims.published import published_rows, read_published
from fineprint.claims.quantities import QUANTITIES, Quantity
from fineprint.claims.verdicts import NOT_TESTABLE, VERDICTS, Assessment, Expected, Finding, assess_claims, read_claims
from fineprint.core import formats
from fineprint.reporting.serving.real_size import Beside, assess_at_real_size
from fineprint.reporting.table import clean_identifier
from fineprint.reporting.words import Words
from fineprint.results.lookup import Study

WORDS = Words("claims")
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
        "ledger": [add_beside(ledger_row(entry), beside.get(entry.claim.name)) for entry in assessments],
        "has_real_size": bool(beside),
        "published": published_rows(study, read_published(report / "published.yaml")),
    }


def add_beside(row: LedgerRow, beside: Beside | None) -> LedgerRow:
    """Return a row with what a study at real size says below its own; the verdict stays this study's."""
    if beside is None:
        return row
    measured = [*row.measured, *(formats.tie_units(line) for line in beside.measured)]
    return replace(row, measured=measured, sentence=f"{row.sentence} {beside.sentence}")


def ledger_row(assessment: Assessment) -> LedgerRow:
    """Return one claim with what was measured."""
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
        return WORDS("accepted", "test")
    low, high = (quantity.write(limit) if isfinite(limit) else "" for limit in expected.limits)
    return WORDS("accepted", "between" if low and high else "from" if low else "up_to", low=low, high=high)


def describe_figures(assessment: Assessment, quantity: Quantity) -> list[str]:
    """Return the measured figures, a line for each case or, of many, their range."""
    found = [(finding.case, finding.measured) for finding in assessment.findings if finding.measured is not None]
    if not found:
        return [formats.NOT_MEASURED]
    for_information, alone = assessment.verdict == NOT_TESTABLE, len(found) == 1
    notes = {measured.note for _, measured in found}
    common = notes.pop() if for_information and not alone and len(notes) == 1 else ""
    if len(found) > LINES_SHOWN:
        lines = [describe_range([measured.value for _, measured in found], quantity)]
    else:
        lines = [describe_line(*item, quantity, alone=alone, noted=bool(common)) for item in found]
    return [WORDS("for_information", "noted" if common else "plain", note=common), *lines] if for_information else lines


def describe_line(case: Case, measured: Measurement, quantity: Quantity, alone: bool, noted: bool) -> str:
    """Return one case's figure; a method that stands alone is named by its title too."""
    outcome = "noted" if measured.note and not noted else "alone"
    figure = write_figure(measured, quantity)
    return WORDS(
        "figure", outcome, case=describe_case(case, alone), figure=figure, unit=quantity.unit, note=measured.note
    )


def describe_range(values: list[float], quantity: Quantity) -> str:
    """Return smallest and largest of many figures."""
    low, high = quantity.write(min(values)), quantity.write(max(values))
    return WORDS("range", low=low, high=high, unit=quantity.unit, cases=len(values))


def describe_case(case: Case, with_title: bool) -> str:
    """Return a case by its methods' numbers and, where the study has several, its task and seed."""
    study = case.study
    return WORDS(
        "case",
        methods=[study.numbers[method] for method in case.methods],
        title=study.title(case.first) if with_title and case.second is None else "",
        task=case.task if len(study.tasks) > 1 else "",
        seed=case.seed if len(study.seeds) > 1 else None,
    )


def write_figure(measured: Measurement, quantity: Quantity) -> str:
    """Write a figure with its interval."""
    value = quantity.write(measured.value)
    if measured.low is None or measured.high is None:
        return value
    return WORDS("with_interval", value=value, low=quantity.write(measured.low), high=quantity.write(measured.high))


def list_links(findings: list[Finding], quantity: Quantity) -> list[Link]:
    """Return the tables that the figures stand in, one for each task."""
    found = {finding.case.task: finding for finding in findings if finding.measured is not None}
    return list(dict.fromkeys(link_finding(finding, quantity) for finding in found.values()))


def link_finding(finding: Finding, quantity: Quantity) -> Link:
    """Return the place of a figure: its own, where it says so, else its quantity's."""
    case, measured = finding.case, finding.measured
    if measured is not None and measured.anchor:
        return Link(f"#{measured.anchor}", WORDS("link", "serving"))
    place = clean_identifier(quantity.anchor.format(task=case.task, split=case.study.headline(case.task)))
    by_task = len(case.study.tasks) > 1 and not quantity.per_study
    return Link(f"#{place}", WORDS("link", "by_task" if by_task else "one", basis=quantity.basis, task=case.task))


def count_sentence(assessments: list[Assessment]) -> str:
    """Return how many claims got which verdict."""
    counts = Counter(assessment.verdict for assessment in assessments)
    return WORDS("count", counts=[(verdict, counts[verdict]) for verdict in VERDICTS])
