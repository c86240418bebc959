"""What most tables are about, a method on a task, and the two columns that name it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from fineprint.core.records import COLLAPSED, NOT_MADE, Run, Score, TaskMean
from fineprint.reporting.columns import Column
from fineprint.reporting.table import Cell, text
from fineprint.results.study import Study

FLAGGED = (COLLAPSED, *NOT_MADE)


@dataclass(frozen=True)
class MethodOnTask:
    """A method on a task, with its run of the first seed where there is one."""

    study: Study
    task: str
    method: str

    @cached_property
    def run(self) -> Run | None:
        """The run; None where the method was not run on this task."""
        return self.study.run(self.task, self.method)

    @property
    def status(self) -> str:
        """What became of its runs."""
        return self.study.status(self.task, self.method)

    @property
    def collapsed_seeds(self) -> list[int]:
        """The seeds on which it collapsed."""
        return self.study.collapsed_seeds(self.task, self.method)

    def mean(self, split: str) -> TaskMean | None:
        """Return the mean score over seeds on a split."""
        return self.study.mean(self.task, self.method, split)

    def score(self, split: str) -> Score | None:
        """Return that run's score on a split."""
        return self.study.score(self.task, self.method, split)


def list_methods(study: Study, task: str, methods: Iterable[str] | None = None) -> list[MethodOnTask]:
    """Return methods on a task as subjects of a table's rows: all that the study runs, in the config's order, or those
    named."""
    return [MethodOnTask(study, task, method) for method in (study.methods if methods is None else methods)]


def number_cell(entry: MethodOnTask) -> Cell:
    """Return the number that stands for a method in figures."""
    position = entry.study.numbers[entry.method]
    return text(position, sort=position, style="ordinal")


def title_cell(entry: MethodOnTask) -> Cell:
    """Return a method's title, linked to where it is described; a collapsed or missing run is marked."""
    style = "flagged" if entry.status in FLAGGED else ""
    return text(entry.study.title(entry.method), style=style, link=f"#method-{entry.method}")


METHOD = [Column("No.", number_cell), Column("Method", title_cell)]
