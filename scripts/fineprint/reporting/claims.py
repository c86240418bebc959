"""The section on claims: the ledger as rows to show, and its count in one sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from fineprint.claims import NOT_TESTABLE, VERDICTS, Expected, Finding, Judgement
from fineprint.quantities import QUANTITIES, Case, Measurement, Quantity
from fineprint.reporting import formats
from fineprint.reporting.study import Study
from fineprint.reporting.table import clean_identifier

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


def ledger_rows(judgements: list[Judgement]) -> list[LedgerRow]:
    """Return every claim with what was measured."""
    return [ledger_row(judgement) for judgement in judgements]


def ledger_row(judgement: Judgement) -> LedgerRow:
    """Return one claim."""
    claim, quantity = judgement.claim, QUANTITIES[judgement.claim.quantity]
    return LedgerRow(
        claim.name,
        claim.part,
        claim.claim,
        claim.claimed,
        describe_limits(claim.expected, quantity),
        describe_figures(judgement, quantity),
        judgement.verdict,
        STYLES[judgement.verdict],
        judgement.sentence,
        list_links(judgement.findings, quantity),
    )


def describe_limits(expected: Expected, quantity: Quantity) -> str:
    """Return in words when a claim counts as met."""
    if expected.beats:
        return "met if the paired test confirms it"
    low, high = expected.limits
    if low == float("-inf"):
        return f"met up to {quantity.write(high)}"
    if high == float("inf"):
        return f"met from {quantity.write(low)} on"
    return f"met from {quantity.write(low)} to {quantity.write(high)}"


def describe_figures(judgement: Judgement, quantity: Quantity) -> list[str]:
    """Return the measured figures, a line for each case or, of many, their range."""
    found = [(finding, finding.measured) for finding in judgement.findings if finding.measured is not None]
    if not found:
        return [formats.NOT_MEASURED]
    if len(found) > LINES_SHOWN:
        lines = [describe_range([measured for _, measured in found], quantity)]
    else:
        lines = [
            f"{describe_case(finding.case)}: {write_figure(measured, quantity)}{write_note(measured)}"
            for finding, measured in found
        ]
    return ["This study's own figures:", *lines] if judgement.verdict == NOT_TESTABLE else lines


def describe_range(measured: list[Measurement], quantity: Quantity) -> str:
    """Return smallest and largest of many figures."""
    values = [measurement.value for measurement in measured]
    return f"{quantity.write(min(values))} to {quantity.write(max(values))} ({len(values)} cases)"


def describe_case(case: Case) -> str:
    """Return a case by its methods and, where the study has several, its task and seed."""
    study = case.study
    titles = [f"No. {study.numbers[case.first]}, {study.title(case.first)}"]
    if case.second is not None:
        titles = [f"No. {study.numbers[method]}" for method in case.methods]
    parts = [" against ".join(titles)]
    if len(study.tasks) > 1:
        parts.append(f"“{case.task}”")
    if len(study.seeds) > 1:
        parts.append(f"seed {case.seed}")
    return ", ".join(parts)


def write_figure(measured: Measurement, quantity: Quantity) -> str:
    """Write a figure with its interval."""
    if measured.low is None or measured.high is None:
        return quantity.write(measured.value)
    return f"{quantity.write(measured.value)} ({quantity.write(measured.low)} to {quantity.write(measured.high)})"


def write_note(measured: Measurement) -> str:
    """Write what else must be known of a figure."""
    return f"; {measured.note}" if measured.note else ""


def list_links(findings: list[Finding], quantity: Quantity) -> list[Link]:
    """Return the tables that the figures stand in, one for each task."""
    cases = {finding.case.task: finding.case for finding in findings if finding.measured is not None}
    return [Link(link_to(case.study, case.task, quantity), describe_link(case, quantity)) for case in cases.values()]


def link_to(study: Study, task: str, quantity: Quantity) -> str:
    """Return the table of a quantity on a task as a link."""
    name = quantity.table.format(task=task, split=study.headline(task))
    return f"#table-{clean_identifier(name)}"


def describe_link(case: Case, quantity: Quantity) -> str:
    """Return a link's words."""
    return f"{quantity.basis}, {case.task}" if len(case.study.tasks) > 1 else quantity.basis


def count_sentence(judgements: list[Judgement]) -> str:
    """Return how many claims got which verdict."""
    counts = Counter(judgement.verdict for judgement in judgements)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
