"""The assignment's parts and where each is answered. The parts are data: report/checklist.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fineprint.core.records import COST_ONLY, OK, Scope, Verdict
from fineprint.reporting.sections.setting import any_accuracy
from fineprint.reporting.table import clean_identifier
from fineprint.reporting.words import Words
from fineprint.results.matching import matches
from fineprint.results.study import Study

WORDS = Words("checklist")
UNDECIDED = (Verdict.INCONCLUSIVE, Verdict.NOT_SUPERIOR)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of checklist.yaml; its head explains the keys."""

    part: str
    question: str
    link: str
    evidence: dict[str, str] = field(default_factory=dict)
    match: dict[str, Any] | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    needs: str | None = None
    without: str = ""
    rests_on_accuracy: bool = False
    rests_on: str = ""


@dataclass(frozen=True)
class Part:
    """One part of the assignment: where it is answered, and by which methods of this study (their numbers)."""

    entry: Entry
    section: str
    evidence: list[tuple[str, str]]
    methods: list[str]
    answer: str


def read_parts(path: Path, study: Study, sections: dict[str, str]) -> list[Part]:
    """Return the parts with the methods of the study that match them; one that asks for no method is answered by its
    section.

    Args:
        path: checklist.yaml.
        study: the study.
        sections: number of each section, by the name that a part's `link` gives.
    """
    found = []
    for entry in (Entry(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["parts"]):
        methods = [method for method in study.methods if entry.match and matches(study, method, entry.match)]
        evidence = list_evidence(study, entry.evidence) if methods or not entry.match else []
        numbers = [str(study.numbers[method]) for method in methods]
        answer = find_status(study, methods) if entry.match else find_status_of_section(study, entry)
        found.append(Part(entry, sections[entry.link], evidence, numbers, answer))
    return found


def count_answered(parts: list[Part]) -> str:
    """Return how many parts are answered in full."""
    answered = sum(part.answer == WORDS("status", "answered") for part in parts)
    return WORDS("finding", "all" if answered == len(parts) else "some", answered=answered, parts=len(parts))


def list_evidence(study: Study, places: dict[str, str]) -> list[tuple[str, str]]:
    """Return words and identifier of the tables that answer a part, on every task of the study."""
    found = []
    for table, place in places.items():
        several = "{task}" in place and len(study.tasks) > 1
        for task in study.tasks if several else study.tasks[:1]:
            named = WORDS("evidence", table=table, task=task) if several else table
            found.append((named, clean_identifier(place.format(task=task, split=study.headline(task)))))
    return found


def find_status_of_section(study: Study, entry: Entry) -> str:
    """Return whether a part that asks for no method is answered."""
    if entry.needs:
        return WORDS("status", "answered") if getattr(study.results, entry.needs) else entry.without
    if entry.rests_on_accuracy and not any_accuracy(study):
        return WORDS("status", "cost")
    limited = LIMITS[entry.rests_on](study) if entry.rests_on else ""
    return limited or WORDS("status", "answered")


def limit_conclusions(study: Study) -> str:
    """Return what the study could not conclude about methods; empty where it could."""
    standings = [study.standings(task) for task in study.tasks if study.measures_accuracy(task)]
    if not all(standings):
        return WORDS("conclusions", "none")
    gaps = [found.gap for ranked in standings for found in ranked if found.gap]
    if any(gap.scope == Scope.TRAINED_MODEL for gap in gaps):
        return WORDS("conclusions", "models")
    undecided = [gap for gap in gaps if gap.outcome in UNDECIDED]
    return WORDS("conclusions", "undecided", undecided=len(undecided), compared=len(gaps)) if undecided else ""


def limit_memory(study: Study) -> str:
    """Return what is not known of memory; empty where the peaks of training and inference were measured."""
    runs = [run for run in study.results.runs if run.predict]
    peaks = [run.gpu_peak(phase) for run in runs for phase in ("training", "prediction") if run.phase(phase)]
    return "" if peaks and None not in peaks else WORDS("memory", "counted")


LIMITS = {"conclusions": limit_conclusions, "memory": limit_memory}


def find_status(study: Study, methods: list[str]) -> str:
    """Return whether a part is answered by the runs of its methods, and if not why."""
    statuses = {study.status(task, method) for task in study.tasks for method in methods}
    if statuses <= {OK}:
        return WORDS("status", "answered" if statuses else "not_here")
    if statuses == {COST_ONLY}:
        return WORDS("status", "cost")
    return WORDS("status", "some" if OK in statuses else "none", others=", ".join(sorted(statuses - {OK})))
