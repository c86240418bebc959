"""Published figures beside ours: report/published.yaml, and whether they may be compared with this study's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from fineprint.claims.requirements import is_pretrained
from fineprint.core import formats
from fineprint.core.records import COST_ONLY, Score
from fineprint.core.settings import Settings, SettingsError, read_model
from fineprint.results.lookup import Study, class_variable
from fineprint.results.matching import matches
from fineprint.scoring.statistics import wilson_interval

YES, IN_PART, NO = "yes", "in part", "no"


class Source(Settings):
    """Where a figure was published."""

    words: str
    number: str = ""
    link: str = ""


class Conditions(Settings):
    """What a study must have for a published figure to be comparable with its own."""

    tasks: tuple[str, ...]
    train_fraction: float | None = None
    parameters: tuple[float, float] | None = None
    split: str | None = None


class Published(Settings):
    """A published figure."""

    method: str
    figure: float = Field(gt=0, lt=1)
    spread: float | None = None
    rows: str
    counted_rows: int | None = None
    training: str
    runs: str
    source: Source
    match: dict[str, Any]
    comparable_if: Conditions
    differs: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublishedRow:
    """A published figure as the report shows it."""

    method: str
    source: Source
    conditions: str
    figure: str
    ours: list[str]
    comparable: str
    reasons: str


def read_published(path: Path) -> list[Published]:
    """Return the published figures of a file.

    Raises:
        SettingsError: every mistake found, a sentence each, naming the entry.
    """
    problems: list[str] = []
    entries = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("published") or []
    found = [
        read_model(Published, entry, f"{path.name}, figure {position} ({entry.get('method', 'no method')})", problems)
        for position, entry in enumerate(entries, start=1)
    ]
    if problems:
        raise SettingsError("The published figures cannot be used:\n" + "\n".join(f"  - {p}" for p in problems))
    return found


def published_rows(study: Study, entries: list[Published]) -> list[PublishedRow]:
    """Return every published figure beside this study's own."""
    return [published_row(study, entry) for entry in entries]


def published_row(study: Study, entry: Published) -> PublishedRow:
    """Return one figure. Ours is of the task that the figure is about or, if none is, of the first."""
    task = choose_task(study, entry)
    methods = [method for method in study.methods if matches(study, method, entry.match)]
    comparable, reasons = compare(study, task, methods, entry)
    return PublishedRow(
        entry.method,
        entry.source,
        formats.tie_units(f"rows: {entry.rows}; training: {entry.training}; runs: {entry.runs}"),
        write_figure(entry),
        [describe_ours(study, task, method, entry) for method in methods] or ["no such method in this study"],
        comparable,
        reasons,
    )


def choose_task(study: Study, entry: Published) -> str:
    """Return the study's task that a figure stands beside."""
    fitting = [task for task in study.tasks if task_kind(study, task) in entry.comparable_if.tasks]
    return (fitting or study.tasks)[0]


def task_kind(study: Study, task: str) -> str:
    """Return a task's kind."""
    return study.results["tasks"][task]["settings"]["kind"]


def write_figure(entry: Published) -> str:
    """Write a published figure, with its source's ± or the interval of the rows that it was counted on."""
    figure = f"{entry.figure:.3f}"
    if entry.spread is not None:
        return f"{figure} ± {entry.spread:.3f}"
    if entry.counted_rows is not None:
        low, high = wilson_interval(round(entry.figure * entry.counted_rows), entry.counted_rows)
        return f"{figure} ({low:.2f}–{high:.2f}, computed here)"
    return figure


def choose_split(study: Study, task: str, method: str, entry: Published) -> tuple[str, Score | None]:
    """Return the wanted split and its score, or the headline split where there is no such score."""
    wanted = entry.comparable_if.split
    score = study.score(task, method, wanted) if wanted else None
    if wanted and score is not None:
        return wanted, score
    return study.headline(task), study.score(task, method, study.headline(task))


def describe_ours(study: Study, task: str, method: str, entry: Published) -> str:
    """Return this study's figure: method, accuracy with interval, rows."""
    split, score = choose_split(study, task, method, entry)
    name = f"No. {study.numbers[method]}, {study.title(method)}"
    if score is None:
        status = study.status(task, method)
        return f"{name}: {'accuracy not measured' if status == COST_ONLY else status}"
    flag = " (collapsed)" if study.status(task, method) == "collapsed" else ""
    return f"{name}: {formats.with_interval(score)} on {formats.count(score['rows'])} rows of “{task}” ({split}){flag}"


def compare(study: Study, task: str, methods: list[str], entry: Published) -> tuple[str, str]:
    """Return whether a figure may be compared with ours, and why."""
    if not methods:
        return NO, "No method of this study stands beside it."
    decisive = [*entry.differs, *differences(study, task, methods, entry.comparable_if)]
    lesser = [*entry.caveats, *lesser_differences(study, task, methods, entry)]
    verdict = NO if decisive else IN_PART if lesser else YES
    reasons = "; ".join([*decisive, *lesser]) or "the same rows, share of training rows and size of model"
    return verdict, f"{reasons[0].upper()}{reasons[1:]}."


def differences(study: Study, task: str, methods: list[str], wanted: Conditions) -> list[str]:
    """Return what forbids the comparison: other rows, another size of model, random weights."""
    found = []
    if task_kind(study, task) not in wanted.tasks:
        made_up = class_variable("tasks", task_kind(study, task), "origin")
        found.append(f"our rows are {'generated' if made_up else 'of another source'} (“{task}”)")
    for name in dict.fromkeys(study.settings(method)["backbone"] for method in methods):
        record = study.results["backbones"].get(name, {})
        size = record.get("parameters")
        if wanted.parameters and (size is None or not wanted.parameters[0] <= size <= wanted.parameters[1]):
            found.append(f"our “{name}” has {formats.short_count(size)} parameters")
        if not (pretrained := is_pretrained(record)):
            reason = "has random weights" if pretrained is False else "has weights of a source that is not known"
            found.append(f"our “{name}” {reason}")
    return found


def lesser_differences(study: Study, task: str, methods: list[str], entry: Published) -> list[str]:
    """Return what limits the comparison: another share of training rows, other splits, runs that cannot be ranked."""
    found, wanted = [], entry.comparable_if
    share = study.config["tasks"][task].get("train_fraction")
    if wanted.train_fraction is not None and share is not None and abs(share - wanted.train_fraction) > 0.001:
        found.append(f"ours was trained on {formats.percent(share)} of the rows")
    if wanted.split and any(choose_split(study, task, method, entry)[0] != wanted.split for method in methods):
        found.append(f"ours is on {study.headline(task)} alone")
    off = [f"No. {study.numbers[method]}" for method in methods if study.status(task, method) != "ok"]
    if off:
        found.append(f"{formats.join(off)} cannot be ranked")
    return found
