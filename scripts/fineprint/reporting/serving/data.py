"""The chapter's data: many tasks on one backbone, asked by way, method and number of tasks, and lines through them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from fineprint.core import formats
from fineprint.core.records import COST_ONLY, BackboneRecord, Comparison, Latency, Served, ServingRecord, TaskMean
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("serving")
OnTask = TypeVar("OnTask", TaskMean, Comparison)
FULL_MODELS = ("resident", "reloaded")  # the ways that keep a full model per task
STRAIGHT = 0.15  # a line that misses a measured value by a larger share is no line
# What is extrapolated to more tasks along a line, and how it is written.
EXTRAPOLATED = {
    "disk_bytes": formats.size,
    "held_bytes": formats.size,
    "first_answer_seconds": formats.duration,
}


class Series(NamedTuple):
    """A way of serving with the method whose models or adapters it serves."""

    way: str
    method: str

    @property
    def name(self) -> str:
        """What the way is called."""
        return WORDS("way", self.way)


@dataclass(frozen=True)
class Line:
    """A straight line through measured points: `start` at no task, `step` for each."""

    start: float
    step: float
    counts: tuple[int, ...]

    def at(self, count: float) -> float:
        """Return the value at a number of tasks."""
        return self.start + self.step * count


class ServingResults(Study):
    """The part as a study of its own, its methods on its tasks, with look-ups for ways of serving them. Made only where
    the study has the part."""

    def __init__(self, study: Study) -> None:
        found = study.results.serving
        assert found is not None
        self.study, self.record = study, found
        self.serving: dict[str, Any] = study.config["serving"]
        methods = list(self.serving["methods"].values())
        run = {"tasks": list(self.serving["tasks"]), "methods": methods, "seeds": [found.seed]}
        super().__init__(
            replace(
                study.results,
                study={**study.config, "run": run},
                tasks=found.tasks,
                runs=found.runs,
                means=keep_both(study, study.results.means, found.means),
                comparisons=keep_both(study, study.results.comparisons, found.comparisons),
            )
        )
        self.ways = found.ways or ServingRecord(settings={})
        self.rows = self.ways.rows

    @cached_property
    def has_accuracy(self) -> bool:
        """Whether accuracies mean anything on every task: not with random weights or random labels."""
        return all(run.status != COST_ONLY for run in self.results.runs)

    @property
    def backbone(self) -> BackboneRecord:
        """The backbone that tasks share."""
        return self.results.backbones[self.serving["backbone"]]

    def count_copies(self, count: int) -> int:
        """Return how many of so many served tasks are copies of the trained ones."""
        return max(0, count - len(self.tasks))

    @cached_property
    def series(self) -> list[Series]:
        """Return each way with its method, in the order of measurement."""
        return list(dict.fromkeys(Series(row.way, row.method) for row in self.rows))

    @cached_property
    def counts(self) -> list[int]:
        """Return the numbers of tasks that were served."""
        return sorted({row.tasks for row in self.rows})

    @cached_property
    def served(self) -> dict[tuple[str, str, int], Served]:
        """Return what was measured, or why nothing was, by way, method and number of tasks."""
        return {(row.way, row.method, row.tasks): row for row in self.rows}

    def points(self, series: Series, key: str) -> dict[int, float]:
        """Return a figure's measured values by number of tasks."""
        rows = [row for row in self.rows if (row.way, row.method) == series]
        return {row.tasks: value for row in rows if (value := getattr(row, key)) is not None}

    def line(self, series: Series, key: str) -> Line | None:
        """Return the least-squares line through a figure's measured values; None of fewer than two, and where the
        values do not lie on a line."""
        points = self.points(series, key)
        if len(points) < 2:
            return None
        step, start = np.polyfit(list(points), list(points.values()), 1)
        line = Line(float(start), float(step), tuple(points))
        straight = all(abs(line.at(count) - value) <= STRAIGHT * value for count, value in points.items())
        return line if straight else None

    def find(self, way: str) -> Series | None:
        """Return a way with its first method, where it was measured."""
        measured = [Series(row.way, row.method) for row in self.rows if row.reason is None]
        return next((series for series in self.series if series.way == way and series in measured), None)

    def find_pair(self) -> tuple[Series, Series] | None:
        """Return full models in memory and adapters switched, or None if one was not measured."""
        whole, shared = self.find("resident"), self.find("switched")
        return (whole, shared) if whole and shared else None

    def switch_time(self, way: str) -> float | None:
        """Return the median of a way's switch among the fewest tasks among which there is one to switch."""
        series = self.find(way)
        row = self.served.get((*series, self.counts[1])) if series and len(self.counts) > 1 else None
        return row.switch_seconds_median if row else None

    @cached_property
    def latency(self) -> dict[tuple[str, str, int], Latency]:
        """Return the time of a batch of one task by way, method and number of examples."""
        return {(row.way, row.method, row.rows): row for row in self.ways.latency}

    @cached_property
    def batch_sizes(self) -> list[int]:
        """Return the sizes of the timed batches."""
        return sorted({size for *_, size in self.latency})

    def batch_time(self, way: str) -> Latency | None:
        """Return the time of the largest batch."""
        series, sizes = self.find(way), self.batch_sizes
        return self.latency.get((*series, sizes[-1])) if series and sizes else None


def keep_both(study: Study, own: list[OnTask], further: list[OnTask]) -> list[OnTask]:
    """Return what the comparison of methods found on its tasks, over all its seeds, and what this part found on further
    tasks."""
    return [*own, *(found for found in further if found.task not in study.tasks)]


def meeting(small: Line, large: Line) -> int | None:
    """Return the smallest number of tasks at which `small` lies below `large`, or None if it never does."""
    if small.at(1) < large.at(1):
        return 1
    if small.step >= large.step:
        return None
    crossing = (small.start - large.start) / (large.step - small.step)
    return math.floor(crossing) + 1
