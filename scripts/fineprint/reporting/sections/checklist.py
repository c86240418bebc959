"""The assignment's parts and where each is answered. The parts are data: report/checklist.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fineprint.core.records import COST_ONLY
from fineprint.reporting.table import clean_identifier
from fineprint.results.lookup import Study
from fineprint.results.matching import matches


@dataclass(frozen=True)
class Part:
    """One part of the assignment: where it is answered, and by which methods of this study."""

    part: str
    question: str
    link: str
    section: str
    evidence: list[tuple[str, str]]
    methods: list[str]
    answer: str


def read_parts(path: Path, study: Study, sections: dict[str, str]) -> list[Part]:
    """Return the parts with the methods of the study that match them.

    Args:
        path: checklist.yaml.
        study: the study.
        sections: number and title of each section, by the name that a part's `link` gives.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["parts"]
    return [make_part(entry, study, sections) for entry in entries]


def make_part(entry: dict[str, Any], study: Study, sections: dict[str, str]) -> Part:
    """Match one part; a part that asks for no method is answered by its section."""
    wanted = entry.get("match")
    methods = [method for method in study.methods if wanted and matches(study, method, wanted)]
    titles = [f"{study.numbers[method]} {study.title(method)}" for method in methods]
    return Part(
        str(entry["part"]),
        entry["question"],
        entry["link"],
        sections[entry["link"]],
        list_evidence(study, entry.get("evidence") or {}) if methods or not wanted else [],
        titles,
        answer(study, methods, wanted, entry),
    )


def list_evidence(study: Study, places: dict[str, str]) -> list[tuple[str, str]]:
    """Return words and identifier of the tables that answer a part, on every task of the study."""
    found = []
    for words, place in places.items():
        for task in study.tasks if "{task}" in place else study.tasks[:1]:
            named = f"{words}, {task}" if "{task}" in place and len(study.tasks) > 1 else words
            found.append((named, clean_identifier(place.format(task=task, split=study.headline(task)))))
    return found


def answer(study: Study, methods: list[str], wanted: dict[str, Any] | None, entry: dict[str, Any]) -> str:
    """Return whether the part is answered, and if not why."""
    if wanted is None and entry.get("needs"):
        return "answered" if study.results.get(entry["needs"]) else entry["without"]
    if wanted is None:
        unmeasured = entry.get("rests_on_accuracy") and not any(map(study.measures_accuracy, study.tasks))
        return "cost answered; accuracy not measured" if unmeasured else entry.get("note", "answered")
    if not methods:
        return "not in this study: no method of it has these choices"
    statuses = {study.status(task, method) for task in study.tasks for method in methods}
    if statuses == {COST_ONLY}:
        return "cost answered; accuracy not measured"
    if statuses == {"ok"}:
        return "answered"
    return (
        "answered, but not by every run: " + ", ".join(sorted(statuses - {"ok"}))
        if "ok" in statuses
        else ", ".join(sorted(statuses))
    )
