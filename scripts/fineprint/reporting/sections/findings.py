"""What stands out in the answers, as headings and sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fineprint.core import formats
from fineprint.core.records import (
    AgreementFinding,
    DominanceFinding,
    Finding,
    LabelFinding,
    MissedFinding,
    SeedsFinding,
    SubsetFinding,
)
from fineprint.findings.chance import RULE_ALPHA
from fineprint.reporting.sections.standings import name_methods
from fineprint.reporting.words import Words
from fineprint.results.study import Study

SHOWN = 8  # findings; a reader who wants more unfolds the rest
FEW_NAMES = 3  # methods or labels; more are counted, not named
SMALL, LARGE = 0.1, 10  # an expected number of examples is written in tenths only in between

WORDS = Words("findings")


@dataclass(frozen=True)
class Wording:
    """Which heading and which sentences tell of a finding, and the values that they use."""

    heading: str
    detail: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Item:
    """A finding as the report shows it."""

    heading: str
    sentences: list[str]


def describe_findings(study: Study, task: str) -> dict[str, Any]:
    """Return what stands out on a task: the first few findings, and the others."""
    items = [write_finding(study, finding) for finding in study.results.findings if finding.task == task]
    introduction = WORDS(
        "introduction",
        "found" if items else "none",
        split=study.headline(task),
        several_seeds=len(study.seeds) > 1,
        alpha=f"{RULE_ALPHA:g}",
    )
    more = WORDS("more", number=len(items) - SHOWN) if len(items) > SHOWN else ""
    return {"introduction": introduction, "shown": items[:SHOWN], "more": more, "others": items[SHOWN:]}


def write_finding(study: Study, finding: Finding) -> Item:
    """Return one finding in words."""
    wording = WRITERS[finding.kind](study, finding)
    values = {"split": finding.split, "all_examples": finding.examples_in_split, **wording.values}
    elsewhere = [WORDS("elsewhere", other.outcome, split=other.split) for other in finding.elsewhere]
    return Item(WORDS("heading", wording.heading, **values), [WORDS("detail", wording.detail, **values), *elsewhere])


def write_subset(study: Study, finding: SubsetFinding) -> Wording:
    """Return which words tell of a subset."""
    examples = finding.examples_in_split
    worst = max(finding.counts, key=lambda count: count.errors / count.all_errors)
    outcome = "subset_most" if worst.holds_most else "subset_below"
    values = {
        "place": WORDS("place", tag=finding.tag, value=finding.value),
        "examples": finding.subset_examples,
        "share": finding.subset_examples / examples,
        "who": write_who(study, finding.methods, finding.methods_compared),
        "inside": write_range([count.accuracy for count in finding.counts], examples),
        "outside": write_range([count.accuracy_elsewhere for count in finding.counts], examples),
        "worst": study.title(worst.method),
        "errors": worst.errors,
        "all_errors": worst.all_errors,
        "errors_share": worst.errors / worst.all_errors,
        "seeds": worst.seeds,
        # Of one method alone the figures are there already.
        "best": study.title(finding.best) if finding.methods != [finding.best] else "",
        "best_accuracy": formats.accuracy(finding.best_accuracy, examples),
    }
    return Wording(outcome, outcome, values)


def write_who(study: Study, methods: Sequence[str], compared: int) -> str:
    """Return methods by name where they are few, else their number."""
    outcome = "named" if len(methods) <= FEW_NAMES else "all" if len(methods) == compared else "some"
    return WORDS("who", outcome, methods=name_methods(study, methods), number=len(methods), compared=compared)


def write_range(accuracies: Sequence[float], examples: int) -> str:
    """Return the lowest and the highest of some accuracies."""
    low, high = (formats.accuracy(value, examples) for value in (min(accuracies), max(accuracies)))
    return WORDS("range", "one" if low == high else "several", low=low, high=high)


def write_labels(study: Study, finding: LabelFinding) -> Wording:
    """Return which words tell of labels that are left out."""
    examples, number = finding.examples_in_split, len(finding.labels)
    shown = [WORDS("label", label=label) for label in finding.labels[:FEW_NAMES]]
    labels = WORDS("labels", "few" if number <= FEW_NAMES else "many", labels=shown, number=number)
    reached = [
        WORDS(
            "reached",
            "ceiling" if count.at_ceiling else "below",
            method=study.title(count.method),
            accuracy=formats.accuracy(count.accuracy, examples),
            labels=labels,
            recall=formats.accuracy(count.recall, examples),
        )
        for count in finding.counts
    ]
    values = {
        "methods": name_methods(study, finding.methods),
        "several": len(finding.methods) > 1,
        "labels": labels,
        "one": number == 1,
        "examples": finding.label_examples,
        "ceiling": formats.accuracy(finding.ceiling, examples),
        "reached": "; ".join(reached),
    }
    answered = any(count.answered for count in finding.counts)
    return Wording("label_rarely" if answered else "label_never", "label", values)


def write_dominance(study: Study, finding: DominanceFinding) -> Wording:
    """Return which words tell of a method that another makes redundant."""
    first, second = (study.title(method) for method in finding.methods)
    outcome = "several" if len(finding.by_seed) > 1 else "one"
    second_only = sum(seed.second_only for seed in finding.by_seed)
    ratios = [
        WORDS("ratio", outcome, first_only=seed.first_only, second_only=seed.second_only, seed=seed.seed)
        for seed in finding.by_seed
    ]
    values = {
        "first": WORDS("label", label=first),
        "second": WORDS("label", label=second),
        "first_errors": finding.first_errors,
        "second_only": second_only,
        "seeds": len(finding.by_seed),
        "expected": write_expected(finding.expected),
        "ratios": formats.join(ratios),
    }
    return Wording("dominance_hardly" if second_only else "dominance_never", "dominance", values)


def write_expected(number: float) -> str:
    """Return how many examples would be expected."""
    return WORDS("expected", "few" if number < SMALL else "some" if number < LARGE else "many", number=number)


def write_agreement(study: Study, finding: AgreementFinding) -> Wording:
    """Return which words tell of two methods that agree less, or more, than their scores suggest."""
    outcome = "agreement_less" if finding.less else "agreement_more"
    values = {
        "methods": name_methods(study, finding.methods),
        "difference": abs(finding.difference),
        "disagreement": finding.disagreement,
        "own_disagreement": finding.own_disagreement,
        "either_wrong": finding.either_wrong,
        "both_wrong": finding.both_wrong,
        "same_wrong": finding.same_wrong,
        "seeds": finding.seeds,
    }
    return Wording(outcome, outcome, values)


def write_missed(_: Study, finding: MissedFinding) -> Wording:
    """Return which words tell of examples that all runs miss."""
    places = [
        WORDS(
            "missed_place",
            place=WORDS("place", tag=place.tag, value=place.value),
            missed=place.missed,
            examples=place.examples,
        )
        for place in finding.places
    ]
    values = {
        "runs": finding.runs,
        "methods": len(finding.methods),
        "examples": finding.examples,
        "share": finding.examples / finding.examples_in_split,
        "expected": write_expected(finding.expected),
        "same_answer": finding.same_answer,
        "places": formats.join(places),
        "ids": finding.ids,
        "all_ids": len(finding.ids) == finding.examples,
    }
    return Wording("missed", "missed", values)


def write_unsteady(study: Study, finding: SeedsFinding) -> Wording:
    """Return which words tell of methods whose answers change with the seed."""
    shares = [
        WORDS(
            "seeds_differ",
            seeds=count.seeds,
            method=study.title(count.method),
            disagreement=count.disagreement,
            accuracies=write_range([count.accuracy_low, count.accuracy_high], finding.examples_in_split),
        )
        for count in finding.counts
    ]
    return Wording("seeds", "seeds", {"methods": name_methods(study, finding.methods), "shares": "; ".join(shares)})


WRITERS: dict[str, Callable[[Study, Any], Wording]] = {
    "subset": write_subset,
    "label": write_labels,
    "dominance": write_dominance,
    "agreement": write_agreement,
    "missed": write_missed,
    "seeds": write_unsteady,
}
