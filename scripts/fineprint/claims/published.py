"""Published figures beside ours: report/published.yaml, and whether they may be compared with this study's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from fineprint.claims.cases import Remark
from fineprint.core.records import OK, TaskMean
from fineprint.core.settings import Settings, SettingsError, read_model
from fineprint.results.matching import matches
from fineprint.results.study import Study


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
class Beside:
    """A published figure beside this study's methods.

    Attributes:
        entry: the figure.
        task: the one that it is about or, if none is, the study's first.
        methods: those that stand beside it.
        decisive: what makes the two incomparable.
        lesser: what limits the comparison.
    """

    entry: Published
    task: str
    methods: list[str]
    decisive: list[Remark]
    lesser: list[Remark]

    @property
    def comparable(self) -> Literal["yes", "in part", "no"]:
        """Whether the two may be compared."""
        if self.decisive or not self.methods:
            return "no"
        return "in part" if self.lesser else "yes"


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
        raise SettingsError("Invalid published figures:\n" + "\n".join(f"  - {p}" for p in problems))
    return found


def set_beside(study: Study, entry: Published) -> Beside:
    """Return a published figure beside this study's methods."""
    fitting = [task for task in study.tasks if task_kind(study, task) in entry.comparable_if.tasks]
    task = (fitting or study.tasks)[0]
    methods = [method for method in study.methods if matches(study, method, entry.match)]
    decisive = [*quote(entry.differs), *differences(study, task, methods, entry.comparable_if)]
    lesser = [*quote(entry.caveats), *lesser_differences(study, task, methods, entry)]
    return Beside(entry, task, methods, decisive, lesser)


def quote(reasons: tuple[str, ...]) -> list[Remark]:
    """Return reasons that the entry itself gives."""
    return [Remark("quoted", {"words": words}) for words in reasons]


def task_kind(study: Study, task: str) -> str:
    """Return a task's kind."""
    return study.results.tasks[task].settings["kind"]


def choose_split(study: Study, task: str, method: str, entry: Published) -> tuple[str, TaskMean | None]:
    """Return the wanted split and the mean score there, or the headline split where there is none."""
    wanted = entry.comparable_if.split
    mean = study.mean(task, method, wanted) if wanted else None
    if wanted and mean is not None:
        return wanted, mean
    return study.headline(task), study.mean(task, method)


def differences(study: Study, task: str, methods: list[str], wanted: Conditions) -> list[Remark]:
    """Return what forbids the comparison: other examples, another size of model, random weights."""
    found = []
    if task_kind(study, task) not in wanted.tasks:
        found.append(Remark("other_examples", {"generated": bool(study.task_kind(task).origin), "task": task}))
    for name in dict.fromkeys(study.settings(method)["backbone"] for method in methods):
        size = study.results.backbones[name].parameters
        if wanted.parameters and (size is None or not wanted.parameters[0] <= size <= wanted.parameters[1]):
            found.append(Remark("other_size", {"backbone": name, "parameters": size}))
        if not study.backbone_kind(name).pretrained:
            found.append(Remark("random_weights", {"backbone": name}))
    return found


def lesser_differences(study: Study, task: str, methods: list[str], entry: Published) -> list[Remark]:
    """Return what limits the comparison: another share of training examples, other splits, methods that cannot be
    ranked."""
    found, wanted = [], entry.comparable_if
    share = study.config["tasks"][task].get("train_fraction")
    if wanted.train_fraction is not None and share is not None and abs(share - wanted.train_fraction) > 0.001:
        found.append(Remark("other_share", {"share": share}))
    if wanted.split and any(choose_split(study, task, method, entry)[0] != wanted.split for method in methods):
        found.append(Remark("one_split", {"split": study.headline(task)}))
    off = [str(study.numbers[method]) for method in methods if study.status(task, method) != OK]
    return [*found, Remark("not_ranked", {"numbers": off})] if off else found
