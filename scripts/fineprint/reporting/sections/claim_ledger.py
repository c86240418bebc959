"""The section on claims: the ledger as rows to show, and its count in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fineprint.claims.entries import Claim, read_claims
from fineprint.claims.excerpts import quote_study
from fineprint.claims.expectations import ClaimVerdict
from fineprint.claims.published import read_published
from fineprint.claims.quantities import Quantity
from fineprint.claims.verdicts import Assessment, Finding, assess_claim, assess_claims
from fineprint.core import formats
from fineprint.core.records import Excerpt, read_record_if_there
from fineprint.reporting.sections.claim_sentences import WORDS, describe_accepted, describe_part, explain, tie
from fineprint.reporting.sections.published import published_rows
from fineprint.reporting.serving.real_size import find_real_study
from fineprint.reporting.table import clean_identifier
from fineprint.results.study import Study

STYLES = {
    ClaimVerdict.SUPPORTED: "gain",
    ClaimVerdict.OVERSTATED: "loss",
    ClaimVerdict.CONTRADICTED: "loss",
    ClaimVerdict.INCONCLUSIVE: "quiet",
    ClaimVerdict.NOT_TESTABLE: "missing",
}


@dataclass(frozen=True)
class Link:
    """Where a figure stands; no target where that is no place in the report."""

    target: str
    words: str


@dataclass(frozen=True)
class LedgerRow:
    """A claim as the report shows it. `real` is what was measured at the models' real size."""

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
    real: list[str]


@dataclass(frozen=True)
class Source:
    """What was measured at the models' real size in one place: who measured it on what, and its assessments by
    claim."""

    heading: str
    assessments: dict[str, Assessment]


def describe_claims(study: Study, report: Path) -> dict[str, Any]:
    """Return what the section on claims shows, and the sentence of the summary."""
    claims = read_claims(report / "claims.yaml")
    assessments = assess_claims(study, claims, read_record_if_there(report / "arithmetic.json", Excerpt))
    sources = list_sources(study, claims, report)
    return {
        "count": count_sentence(assessments),
        "total": formats.plural(len(assessments), "claim"),
        "ledger": [ledger_row(entry, sources) for entry in assessments],
        "has_real_size": bool(sources),
        "published": published_rows(study, read_published(report / "published.yaml")),
    }


def list_sources(study: Study, claims: list[Claim], report: Path) -> list[Source]:
    """Return what was measured at the models' real size: by the study that the config names, if it has results, else by
    its excerpt beside the templates; and in the assignment's own way. A study is no source for itself."""
    whole = find_real_study(study)
    kept = {name: read_record_if_there(report / f"{name}.json", Excerpt) for name in ("capacity", "assignment")}
    found = {name: {"": excerpt} for name, excerpt in kept.items() if excerpt is not None}
    if whole is not None:
        found = {**found, "capacity": {task: quote_study(whole, task) for task in whole.tasks}}
    return [
        Source(
            introduce(name, excerpts),
            {claim.name: assess_claim(claim, excerpts, whole if name == "capacity" else None) for claim in claims},
        )
        for name, excerpts in found.items()
        if next(iter(excerpts.values())).study != study.config["study"]
    ]


def introduce(name: str, excerpts: dict[str, Excerpt]) -> str:
    """Return who measured figures, on what and when."""
    quoted = next(iter(excerpts.values()))
    machines = list(dict.fromkeys(run.gpu or run.processor for run in quoted.runs if run.gpu or run.processor))
    return WORDS("real", name, machines=machines, study=quoted.study, date=(quoted.created or "")[:10])


def ledger_row(assessment: Assessment, sources: Sequence[Source] = ()) -> LedgerRow:
    """Return one claim with what was measured."""
    claim = assessment.claim
    return LedgerRow(
        claim.name,
        claim.part,
        formats.tie_units(claim.claim),
        formats.tie_units(claim.claimed),
        formats.tie_units(describe_accepted(claim)),
        tie([line for part in assessment.parts for line in describe_part(part)]),
        assessment.verdict,
        STYLES[assessment.verdict],
        explain(assessment),
        list_links(assessment),
        [line for source in sources for line in describe_source(source.heading, source.assessments[claim.name])],
    )


def describe_source(heading: str, assessment: Assessment) -> list[str]:
    """Return figures and verdict of a place other than this study; nothing where it has no figure."""
    lines = [line for part in assessment.parts for line in describe_part(part, numbered=False)]
    if not lines:
        return []
    verdict = WORDS("real", "verdict", verdict=assessment.verdict.capitalize(), sentence=explain(assessment))
    return [heading, *tie(lines), formats.tie_units(verdict)]


def list_links(assessment: Assessment) -> list[Link]:
    """Return the tables that the figures stand in, one for each task."""
    links = []
    for part in assessment.parts:
        found = {finding.case.task: finding for finding in part.findings if finding.measured is not None}
        links += [Link("", WORDS("link", "arithmetic"))] if part.counted else []
        links += [link_finding(finding, part.test.measures) for finding in found.values()]
    return list(dict.fromkeys(links))


def link_finding(finding: Finding, quantity: Quantity) -> Link:
    """Return the place of a figure: its own, where it says so, else its quantity's."""
    case, measured = finding.case, finding.measured
    if measured is not None and measured.anchor:
        return Link(f"#{measured.anchor}", WORDS("link", "serving"))
    study = case.whole_study
    place = clean_identifier(quantity.anchor.format(task=case.task, split=study.headline(case.task)))
    by_task = len(study.tasks) > 1 and not quantity.per_study
    return Link(f"#{place}", WORDS("link", "by_task" if by_task else "one", basis=quantity.basis, task=case.task))


def count_sentence(assessments: list[Assessment]) -> str:
    """Return how many claims got which verdict."""
    counts = Counter(assessment.verdict for assessment in assessments)
    return WORDS("count", counts=[(verdict, counts[verdict]) for verdict in ClaimVerdict if counts[verdict]])
