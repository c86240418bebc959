"""Why a claim got its verdict, in sentences; and its figures, in lines."""

from __future__ import annotations

from collections import Counter
from math import isfinite

from fineprint.claims.cases import Case, Measurement, Remark
from fineprint.claims.entries import Claim, Test
from fineprint.claims.expectations import ClaimVerdict
from fineprint.claims.quantities import Quantity
from fineprint.claims.verdicts import Assessment, Finding, Part
from fineprint.core import formats
from fineprint.reporting.words import Words

WORDS = Words("claims")
LINES_SHOWN = 4  # of cases; more are shown as a range


def explain(assessment: Assessment) -> str:
    """Return why a claim got its verdict, in sentences."""
    sentences = [" ".join(dict.fromkeys(explain_part(part, assessment.claim))) for part in assessment.parts]
    if len(sentences) == 1:
        return sentences[0]
    named = zip(assessment.parts, sentences, strict=True)
    return " ".join(WORDS("half", "sentence", quantity=name_quantity(part.test), words=words) for part, words in named)


def name_quantity(test: Test) -> str:
    """Return what a test measures, in words."""
    return WORDS("quantity", test.quantity)


def explain_part(part: Part, claim: Claim) -> list[str]:
    """Return how one test of a claim came out or, where nothing decides it, why."""
    tested = part.counted or [finding for finding in part.findings if finding.verdict is not ClaimVerdict.NOT_TESTABLE]
    if tested:
        ground = [describe_ground(tested)] if part.test.measures.rests_on_accuracy else []
        return [describe_outcomes(tested), *ground]
    if not part.findings:
        return [WORDS("no_method", "pair" if claim.against else "single")]
    return [give_reason(finding, reason) for finding in part.findings for reason in finding.reasons]


def give_reason(finding: Finding, reason: Remark) -> str:
    """Return why a case could not be tested."""
    values = {"title": finding.case.title(finding.case.first), **reason.values}
    figure = WORDS("unknown", values["what"]) if "what" in values else ""
    return WORDS("reason", reason.outcome, figure=figure, **values)


def describe_outcomes(findings: list[Finding]) -> str:
    """Return how the tested cases came out, as one sentence."""
    counts = Counter(finding.outcome for finding in findings)
    outcomes = [(number, WORDS("outcome", outcome)) for outcome, number in counts.items()]
    return WORDS("outcomes", outcomes=outcomes, total=len(findings))


def describe_ground(findings: list[Finding]) -> str:
    """Return on what models and examples accuracies were compared."""
    backbones = {name: found for finding in findings for name, found in finding.case.list_backbones().items()}
    models = [WORDS("model", type=found.model_type, parameters=found.parameters) for found in backbones.values()]
    tasks = [describe_task(finding.case) for finding in findings]
    return WORDS("ground", models=list(dict.fromkeys(models)), tasks=list(dict.fromkeys(tasks)))


def describe_task(case: Case) -> str:
    """Return a task's name, and whether its examples were made up."""
    study = case.whole_study
    made_up = bool(study.task_kind(case.task).origin)
    return WORDS("task", made_up=made_up, name=case.task, split=study.headline(case.task))


def describe_accepted(claim: Claim) -> str:
    """Return in words when a claim counts as met."""
    limits = [describe_limits(test) for test in claim.tests]
    if len(limits) == 1:
        return limits[0]
    named = zip(claim.tests, limits, strict=True)
    return "; ".join(WORDS("half", "accepted", quantity=name_quantity(test), words=words) for test, words in named)


def describe_limits(test: Test) -> str:
    """Return in words when a test counts as met."""
    expected = test.expected
    if expected.beats:
        return WORDS("accepted", "better", by=expected.by, repetitions=expected.repetitions)
    low, high = (test.measures.write(limit) if isfinite(limit) else "" for limit in expected.limits)
    return WORDS("accepted", "between" if low and high else "from" if low else "up_to", low=low, high=high)


def describe_part(part: Part, numbered: bool = True) -> list[str]:
    """Return the figures of one test: what decides it first, then the study's own where it does not.

    Args:
        part: the test with its findings.
        numbered: whether methods go by their numbers, which are those of the report's own study.
    """
    own = describe_figures(part.findings, part.test.measures, numbered)
    for_information = bool(own) and all(finding.verdict is ClaimVerdict.NOT_TESTABLE for finding in part.findings)
    lines = [WORDS("heading", "information"), *own] if for_information else own
    counted = describe_figures(part.counted, part.test.measures, numbered=False)
    return [WORDS("heading", "arithmetic"), *counted, *lines] if counted else lines


def describe_figures(findings: list[Finding], quantity: Quantity, numbered: bool) -> list[str]:
    """Return the measured figures of those that decide, else of all: a line for each case or, of many, their range."""
    known = [finding for finding in findings if finding.measured is not None]
    found = [finding for finding in known if finding.verdict is not ClaimVerdict.NOT_TESTABLE] or known
    if len(found) > LINES_SHOWN:
        return [describe_range([finding.measured.value for finding in found if finding.measured], quantity)]
    alone = len(found) == 1
    names = [describe_case(one.case, with_title=alone) if numbered else name_case(one.case) for one in found]
    return [describe_line(name, one.measured, quantity) for name, one in zip(names, found, strict=True) if one.measured]


def describe_line(name: str, measured: Measurement, quantity: Quantity) -> str:
    """Return one case's figure."""
    note = WORDS("note", measured.note.outcome, **measured.note.values) if measured.note else ""
    described = {"case": name, "figure": write_figure(measured, quantity), "unit": quantity.unit, "note": note}
    return WORDS("figure", "noted" if note else "alone", **described)


def describe_range(values: list[float], quantity: Quantity) -> str:
    """Return smallest and largest of many figures."""
    low, high = quantity.write(min(values)), quantity.write(max(values))
    return WORDS("range", low=low, high=high, unit=quantity.unit, cases=len(values))


def describe_case(case: Case, with_title: bool) -> str:
    """Return a case by its methods' numbers, a single one with its title too, and where there are several its task."""
    study = case.whole_study
    return WORDS(
        "case",
        "numbered",
        methods=[study.numbers[method] for method in case.methods],
        title=case.title(case.first) if with_title and case.second is None else "",
        task=case.task if len(study.tasks) > 1 else "",
    )


def name_case(case: Case) -> str:
    """Return a case by its methods' titles."""
    return WORDS("case", "titled", methods=[case.title(method) for method in case.methods])


def write_figure(measured: Measurement, quantity: Quantity) -> str:
    """Write a figure with its interval."""
    value = quantity.write(measured.value)
    if measured.interval is None:
        return value
    low, high = (quantity.write(limit) for limit in measured.interval)
    return WORDS("with_interval", value=value, low=low, high=high)


def tie(lines: list[str]) -> list[str]:
    """Return lines in which a number and its unit stay together; one that says so where there are none."""
    return [formats.tie_units(line) for line in lines] or [formats.NOT_MEASURED]
