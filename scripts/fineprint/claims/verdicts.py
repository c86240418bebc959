"""Claims against results: what a published solution states without measuring it, decided from the records.

A claim is an entry of report/claims.yaml: its words, its number, the quantity that tests it (see quantities.py), the
methods that it is about and what it requires. Another claim needs no code.
"""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from fineprint.claims.cases import Case, Measurement, NotMeasured, list_backbones
from fineprint.claims.quantities import QUANTITIES, Quantity
from fineprint.claims.requirements import Requirements, find_missing
from fineprint.core import formats
from fineprint.core.records import BackboneRecord
from fineprint.core.settings import Settings, SettingsError, read_model
from fineprint.results.matching import describe, find, matches
from fineprint.results.study import Study

SUPPORTED, NOT_SUPPORTED, NOT_TESTABLE = "supported", "not supported", "not testable here"
VERDICTS = (SUPPORTED, NOT_SUPPORTED, NOT_TESTABLE)


class Expected(Settings):
    """What a figure must be for the claim to hold: near a number, inside limits, or better by a paired test."""

    about: float | None = Field(None, gt=0)
    tolerance: float = Field(0.25, gt=0, lt=1)
    at_least: float | None = None
    at_most: float | None = None
    beats: Literal[True] | None = None

    @model_validator(mode="after")
    def check_form(self) -> Expected:
        """Refuse an expectation of no form, or of two."""
        forms = [self.about is not None, self.at_least is not None or self.at_most is not None, bool(self.beats)]
        if sum(forms) != 1:
            raise ValueError("one is wanted of `about` (with `tolerance`), `at_least` or `at_most`, and `beats: true`")
        return self

    @property
    def limits(self) -> tuple[float, float]:
        """The range inside which the claim holds."""
        if self.about is not None:
            return self.about * (1 - self.tolerance), self.about * (1 + self.tolerance)
        low = float("-inf") if self.at_least is None else self.at_least
        return low, float("inf") if self.at_most is None else self.at_most


class Claim(Settings):
    """A claim. `match` and `against` are dotted paths into a method's settings, as in checklist.yaml; the two methods
    of a comparison must agree on every path of `same`."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    part: str
    claim: str
    claimed: str
    quantity: str
    arguments: dict[str, Any] = {}
    match: dict[str, Any] = Field(min_length=1)
    against: dict[str, Any] | None = None
    same: tuple[str, ...] = ("backbone.entry",)
    expected: Expected
    requires: Requirements = Requirements()

    @model_validator(mode="after")
    def check_quantity(self) -> Claim:
        """Refuse an unknown quantity, wrong arguments, and a second method too many or too few."""
        if self.quantity not in QUANTITIES:
            raise ValueError(f"quantity '{self.quantity}' is unknown; accepted: {', '.join(sorted(QUANTITIES))}")
        check_arguments(QUANTITIES[self.quantity], self)
        return self


def check_arguments(quantity: Quantity, claim: Claim) -> None:
    """Refuse what does not fit a claim's quantity."""
    wanted = list(inspect.signature(quantity.measure).parameters)[1:]
    if sorted(claim.arguments) != sorted(wanted):
        raise ValueError(f"quantity '{claim.quantity}' takes the arguments {', '.join(wanted) or 'none'}")
    if quantity.compares != (claim.against is not None):
        words = "compares two methods: `against` is wanted" if quantity.compares else "is of one method: no `against`"
        raise ValueError(f"quantity '{claim.quantity}' {words}")
    if claim.expected.beats and claim.quantity != "accuracy_difference":
        raise ValueError("`beats` needs a paired test: the quantity 'accuracy_difference'")


@dataclass(frozen=True)
class Finding:
    """A claim on one case: the verdict, the figure where there is one, and what it looks like in a word."""

    case: Case
    verdict: str
    outcome: str
    reason: str = ""
    measured: Measurement | None = None


@dataclass(frozen=True)
class Assessment:
    """A claim with its verdict over all cases, and a sentence saying why."""

    claim: Claim
    verdict: str
    sentence: str
    findings: list[Finding]


def read_claims(path: Path) -> list[Claim]:
    """Return the claims of a file.

    Raises:
        SettingsError: every mistake found, a sentence each, naming the entry.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = content.get("claims") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise SettingsError(f"{path.name}: a list of claims under the key `claims` is wanted.")
    problems: list[str] = []
    claims = [read_claim(entry, f"{path.name}, claim {n}", problems) for n, entry in enumerate(entries, start=1)]
    names = [claim.name for claim in claims if claim]
    problems += [f"{path.name}: the name '{name}' is used twice." for name in set(names) if names.count(name) > 1]
    if problems:
        raise SettingsError("The claims cannot be used:\n" + "\n".join(f"  - {problem}" for problem in problems))
    return [claim for claim in claims if claim]


def read_claim(entry: Any, where: str, problems: list[str]) -> Claim | None:
    """Return one claim, or None with its mistakes noted."""
    if not isinstance(entry, dict):
        problems.append(f"{where}: a mapping with the keys {', '.join(Claim.model_fields)} is wanted.")
        return None
    return read_model(Claim, entry, f"{where} ({entry.get('name', 'without a name')})", problems)


def assess_claims(study: Study, claims: list[Claim]) -> list[Assessment]:
    """Decide every claim."""
    return [assess_claim(study, claim) for claim in claims]


def assess_claim(study: Study, claim: Claim) -> Assessment:
    """Decide one claim: it is supported if every case that can be tested supports it."""
    findings = [assess_case(claim, case) for case in list_cases(study, claim)]
    tested = {finding.verdict for finding in findings if finding.verdict != NOT_TESTABLE}
    verdict = NOT_TESTABLE if not tested else SUPPORTED if tested == {SUPPORTED} else NOT_SUPPORTED
    return Assessment(claim, verdict, explain(study, claim, findings), findings)


def list_cases(study: Study, claim: Claim) -> list[Case]:
    """Return every task, seed and method, or pair of methods, that the claim is about."""
    firsts = [method for method in study.methods if matches(study, method, claim.match)]
    pairs: list[tuple[str, str | None]] = [(first, None) for first in firsts]
    if claim.against is not None:
        seconds = [method for method in study.methods if matches(study, method, claim.against)]
        pairs = [(a, b) for a in firsts for b in seconds if a != b and agree(study, a, b, claim.same)]
    once = QUANTITIES[claim.quantity].per_study
    tasks, seeds = (study.tasks[:1], study.seeds[:1]) if once else (study.tasks, study.seeds)
    return [Case(study, task, seed, *pair) for task in tasks for pair in pairs for seed in seeds]


def agree(study: Study, first: str, second: str, paths: tuple[str, ...]) -> bool:
    """Return whether two methods have the same settings at some dotted paths."""
    ones, others = describe(study, first), describe(study, second)
    return all(find(ones, path) == find(others, path) for path in paths)


def assess_case(claim: Claim, case: Case) -> Finding:
    """Decide a claim on one case; a figure that cannot decide it is kept, to be shown as this study's own."""
    try:
        measured = QUANTITIES[claim.quantity].measure(case, **claim.arguments)
    except NotMeasured as error:
        return Finding(case, NOT_TESTABLE, "untested", str(error))
    missing = find_missing(claim.requires, case)
    if missing:
        return Finding(case, NOT_TESTABLE, "untested", " ".join(missing), measured)
    outcome = assess_test(measured) if claim.expected.beats else assess_range(measured, *claim.expected.limits)
    verdict = SUPPORTED if outcome in ("within", "better") else NOT_SUPPORTED
    return Finding(case, verdict, name_outcome(outcome, claim.expected), measured=measured)


def name_outcome(outcome: str, expected: Expected) -> str:
    """Return an outcome, with the one limit named where a claim has only one: there is no inside then."""
    one_sided = {"at least": expected.at_least, "at most": expected.at_most}
    limits = [name for name, limit in one_sided.items() if limit is not None]
    return limits[0] if outcome == "within" and len(limits) == 1 else outcome


def assess_test(measured: Measurement) -> str:
    """Return what a paired test allows to be said."""
    if not measured.is_confirmed:
        return "tied"
    return "better" if measured.value > 0 else "worse"


def assess_range(measured: Measurement, lowest: float, highest: float) -> str:
    """Return where a figure, with its whole interval if it has one, lies."""
    low = measured.value if measured.low is None else measured.low
    high = measured.value if measured.high is None else measured.high
    if high < lowest:
        return "below"
    if low > highest:
        return "above"
    return "within" if lowest <= low and high <= highest else "open"


OUTCOMES = {
    "within": "inside what was claimed",
    "at least": "at least what was claimed",
    "at most": "no more than was claimed",
    "below": "below what was claimed",
    "above": "above what was claimed",
    "open": "the interval reaches beyond what was claimed, which leaves it open",
    "better": "the paired test confirms it",
    "worse": "the paired test confirms the opposite",
    "tied": "the two cannot be told apart",
}


def explain(study: Study, claim: Claim, findings: list[Finding]) -> str:
    """Return why a claim got its verdict, in sentences."""
    if not findings:
        both = " of these choices on one backbone" if claim.against else " with these choices"
        return f"No {'pair of methods' if claim.against else 'method'}{both} is in this study."
    tested = [finding for finding in findings if finding.verdict != NOT_TESTABLE]
    reasons = list(dict.fromkeys(finding.reason for finding in findings if finding.reason))
    parts = [describe_outcomes(tested)] if tested else []
    if tested and QUANTITIES[claim.quantity].rests_on_accuracy:
        parts.append(describe_ground(tested))
    return " ".join([*parts, *reasons])


def describe_outcomes(findings: list[Finding]) -> str:
    """Return how the tested cases came out, as one sentence."""
    outcomes = list(dict.fromkeys(finding.outcome for finding in findings))
    if len(outcomes) == 1:
        words = OUTCOMES[outcomes[0]]
        return f"{words[0].upper()}{words[1:]}{f' ({len(findings)} cases)' if len(findings) > 1 else ''}."
    counts = Counter(finding.outcome for finding in findings)
    parts = [f"{counts[outcome]} of {len(findings)} cases: {OUTCOMES[outcome]}" for outcome in outcomes]
    return f"{'; '.join(parts)}."


def describe_ground(findings: list[Finding]) -> str:
    """Return on what models and rows accuracies were compared."""
    study = findings[0].case.study
    backbones = {record.name: record for finding in findings for record in list_backbones(finding.case)}
    tasks = list(dict.fromkeys(finding.case.task for finding in findings))
    models = [describe_backbone(study, record) for record in backbones.values()]
    rows = [describe_rows(study, task) for task in tasks]
    return f"Tested with {formats.join(list(dict.fromkeys(models)))}, on {formats.join(rows)}."


def describe_backbone(study: Study, record: BackboneRecord) -> str:
    """Return a model's type, size and whether it was made here."""
    size = formats.short_count(record.parameters)
    made = study.backbone_kind(record.name).origin
    kind = f"a “{record.model_type}”" if record.model_type else "a model"
    return f"{kind} of {size} parameters{' made by this workflow' if made else ''}"


def describe_rows(study: Study, task: str) -> str:
    """Return a task's name and whether its rows were made up."""
    made_up = study.task_kind(task).origin
    return f"{'generated rows of ' if made_up else ''}“{task}” ({study.headline(task)})"
