"""Claims against results: what a published solution states without measuring it, decided from the records.

A claim is an entry of report/claims.yaml. It gets one finding for each task and pair of methods that it is about, over
all seeds. Where the study's models are not the claim's, numbers that need no training are counted on models that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fineprint.claims.cases import Case, Measurement, NotMeasured, Remark
from fineprint.claims.entries import Claim, Test
from fineprint.claims.excerpts import quote_study
from fineprint.claims.expectations import ClaimVerdict, judge
from fineprint.claims.requirements import find_missing
from fineprint.core.records import Excerpt
from fineprint.results.matching import describe_on, find, fits
from fineprint.results.study import Study


@dataclass(frozen=True)
class Finding:
    """A test on one case: its verdict, in a word why, what stood against testing it, and the figure where there is
    one."""

    case: Case
    verdict: ClaimVerdict
    outcome: str = "untested"
    reasons: tuple[Remark, ...] = ()
    measured: Measurement | None = None


@dataclass(frozen=True)
class Part:
    """One test of a claim over all its cases. `counted` are the findings by arithmetic, where they decide."""

    test: Test
    verdict: ClaimVerdict
    findings: list[Finding]
    counted: list[Finding]


@dataclass(frozen=True)
class Assessment:
    """A claim with its verdict over all parts."""

    claim: Claim
    verdict: ClaimVerdict
    parts: list[Part]


def assess_claims(study: Study, claims: list[Claim], arithmetic: Excerpt | None = None) -> list[Assessment]:
    """Decide every claim on a study.

    Args:
        study: with its results.
        claims: to be decided.
        arithmetic: of models that the claims are about, for what can be counted; None for none.
    """
    excerpts = {task: quote_study(study, task) for task in study.tasks}
    return [assess_claim(claim, excerpts, study, arithmetic) for claim in claims]


def assess_claim(
    claim: Claim, excerpts: dict[str, Excerpt], study: Study | None = None, arithmetic: Excerpt | None = None
) -> Assessment:
    """Decide one claim: all that it says must hold.

    Args:
        claim: to be decided.
        excerpts: of a study, by task.
        study: the same, for accuracies and serving; None where the excerpts are all there is.
        arithmetic: as for `assess_claims`.
    """
    parts = [assess_part(test, list_cases(claim, test, excerpts, study), claim, arithmetic) for test in claim.tests]
    return Assessment(claim, join_parts([part.verdict for part in parts]), parts)


def assess_part(test: Test, cases: list[Case], claim: Claim, arithmetic: Excerpt | None) -> Part:
    """Decide one test on a study's cases or, where none of them decides, by arithmetic."""
    findings = [assess_case(test, case) for case in cases]
    verdict = join_cases([finding.verdict for finding in findings])
    counted = []
    if verdict is ClaimVerdict.NOT_TESTABLE and arithmetic is not None and test.measures.is_arithmetic:
        found = [assess_case(test, case) for case in list_cases(claim, test, {"": arithmetic})]
        counted = [finding for finding in found if finding.verdict is not ClaimVerdict.NOT_TESTABLE]
        verdict = join_cases([finding.verdict for finding in counted])
    return Part(test, verdict, findings, counted)


def list_cases(claim: Claim, test: Test, excerpts: dict[str, Excerpt], study: Study | None = None) -> list[Case]:
    """Return every task and method, or pair of methods, that a claim is about."""
    tasks = list(excerpts)[:1] if test.measures.per_study else list(excerpts)
    return [
        Case(excerpts[task], *pair, task=task, study=study)
        for task in tasks
        for pair in list_methods(claim, test, excerpts[task])
    ]


def list_methods(claim: Claim, test: Test, excerpt: Excerpt) -> list[tuple[str, str | None]]:
    """Return the methods, or pairs of them, that a claim is about."""
    described = describe_methods(excerpt, with_training=not test.measures.is_arithmetic)
    firsts = [name for name, settings in described.items() if fits(settings, claim.match)]
    if claim.against is None or not test.measures.compares:
        return [(first, None) for first in firsts]
    seconds = [name for name, settings in described.items() if fits(settings, claim.against)]
    return [
        (first, second)
        for first in firsts
        for second in seconds
        if first != second and all(find(described[first], path) == find(described[second], path) for path in claim.same)
    ]


def describe_methods(excerpt: Excerpt, with_training: bool) -> dict[str, dict[str, Any]]:
    """Return the methods of an excerpt with their backbones' settings; without their training only the first of those
    that differ in nothing else."""
    found: dict[str, dict[str, Any]] = {}
    seen = []
    for name, settings in excerpt.methods.items():
        counted = name if with_training else [settings[key] for key in ("backbone", "precision", "adapter", "readout")]
        if settings["backbone"] in excerpt.backbones and counted not in seen:
            found[name] = describe_on(settings, excerpt.backbones[settings["backbone"]].settings)
            seen.append(counted)
    return found


def assess_case(test: Test, case: Case) -> Finding:
    """Decide a test on one case; a figure that cannot decide it is kept, to be shown as this study's own."""
    try:
        measured = test.measures.measure(case, **test.arguments)
    except NotMeasured as error:
        return Finding(case, ClaimVerdict.NOT_TESTABLE, reasons=(error.reason,))
    missing = find_missing(test.requires, case)
    if missing:
        return Finding(case, ClaimVerdict.NOT_TESTABLE, reasons=tuple(missing), measured=measured)
    return Finding(case, *judge(test.expected, measured, test.measures.no_effect), measured=measured)


# The worst of several verdicts is that of all of them.
GRAVITY = (
    ClaimVerdict.CONTRADICTED,
    ClaimVerdict.OVERSTATED,
    ClaimVerdict.INCONCLUSIVE,
    ClaimVerdict.SUPPORTED,
    ClaimVerdict.NOT_TESTABLE,
)


def join_cases(verdicts: Sequence[ClaimVerdict]) -> ClaimVerdict:
    """Return the verdict over several cases: what is true of all that could be tested."""
    return min(verdicts, key=GRAVITY.index, default=ClaimVerdict.NOT_TESTABLE)


def join_parts(verdicts: Sequence[ClaimVerdict]) -> ClaimVerdict:
    """Return the verdict over all parts of a claim, which must all hold: a part that cannot be tested leaves it open,
    unless another is wrong."""
    refuted = [verdict for verdict in verdicts if verdict in (ClaimVerdict.CONTRADICTED, ClaimVerdict.OVERSTATED)]
    if not refuted and ClaimVerdict.NOT_TESTABLE in verdicts:
        return ClaimVerdict.NOT_TESTABLE
    return join_cases(verdicts)
