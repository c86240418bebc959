"""Section 7's data: many tasks on one backbone, asked by way, method and number of tasks, and lines through them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from markupsafe import Markup

from fineprint.core.records import COST_ONLY, Run
from fineprint.reporting.table import code
from fineprint.results.lookup import Difference, Study

# What each way is called, and what it does.
WAYS = {
    "resident": ("Whole models in memory", "a model per task, all loaded; a switch only picks another"),
    "reloaded": ("Whole model, reloaded", "a model per task on the disk, one loaded; a switch loads another"),
    "switched": (
        "Adapters, switched",
        Markup("one backbone, all adapters loaded; a switch activates another ({})").format(code("set_adapter")),
    ),
    "mixed": (
        "Adapters, mixed batch",
        Markup("the same; each row of a batch has its own adapter ({})").format(code("adapter_names")),
    ),
    "merged": ("Adapters, merged", "the same; a switch takes one adapter off the weights and adds another to them"),
    "swapped": (
        "Adapter, hot-swapped",
        "one backbone, one adapter; a switch reads another from the disk into its place",
    ),
}
WHOLE = ("resident", "reloaded")
STRAIGHT = 0.15  # a line that misses a measured value by a larger share is no line
EXTRAPOLATED = {"disk_bytes": "disk", "held_bytes": "memory", "first_answer_seconds": "start"}


@dataclass(frozen=True)
class Line:
    """A straight line through measured points: `start` at no task, `step` for each."""

    start: float
    step: float
    counts: tuple[int, ...]

    def at(self, count: float) -> float:
        """Return the value at a number of tasks."""
        return self.start + self.step * count


class ServingResults:
    """The part's records with look-ups. Made only where the study has the part."""

    def __init__(self, study: Study) -> None:
        found = study.results.get("serving")
        assert found is not None
        self.study, self.data = study, found
        self.settings: dict[str, Any] = study.config["serving"]
        self.tasks: list[str] = list(self.settings["tasks"])
        self.methods: list[str] = list(self.settings["methods"].values())
        self.ways: dict[str, Any] | None = found["ways"]

    @cached_property
    def scored(self) -> bool:
        """Whether accuracies mean anything here: not with random weights or random labels."""
        return all(run["status"] != COST_ONLY for run in self.data["runs"])

    @cached_property
    def runs(self) -> dict[tuple[str, str], Run]:
        """Runs by task and method."""
        return {(run["task"], run["method"]): run for run in self.data["runs"]}

    def title(self, method: str) -> str:
        """Return what a method is called."""
        return next((run["title"] for run in self.data["runs"] if run["method"] == method), self.study.title(method))

    def split(self, task: str) -> str:
        """Return a task's first test split."""
        return next(name for name in self.data["tasks"][task]["splits"] if name not in ("train", "held_out"))

    def labels(self, task: str) -> list[str]:
        """Return a task's labels."""
        return self.data["tasks"][task]["labels"]

    def difference(self, task: str, first: str, second: str) -> Difference | None:
        """Return the paired comparison of two methods on a task, signed first − second."""
        for pair in self.data.comparisons:
            if pair.task == task and pair.split == self.split(task):
                if (pair.first, pair.second) == (first, second):
                    return Difference.of(pair)
                if (pair.first, pair.second) == (second, first):
                    return Difference.of(pair).turned
        return None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return every way at every number of tasks."""
        return self.ways["rows"] if self.ways else []

    @cached_property
    def series(self) -> list[tuple[str, str]]:
        """Return each way with its method, in the order of measurement."""
        return list(dict.fromkeys((row["way"], row["method"]) for row in self.rows))

    @cached_property
    def counts(self) -> list[int]:
        """Return the numbers of tasks that were served."""
        return sorted({row["tasks"] for row in self.rows})

    def served(self, way: str, method: str, count: int) -> dict[str, Any] | None:
        """Return a way at a number of tasks, measured or not."""
        wanted = (way, method, count)
        return next((row for row in self.rows if (row["way"], row["method"], row["tasks"]) == wanted), None)

    def points(self, way: str, method: str, key: str) -> list[tuple[int, float]]:
        """Return a figure's measured values by number of tasks."""
        rows = [row for row in self.rows if (row["way"], row["method"]) == (way, method)]
        return [(row["tasks"], row[key]) for row in rows if row[key] is not None]

    def line(self, way: str, method: str, key: str) -> Line | None:
        """Return the least-squares line through a figure's measured values; None of fewer than two, and where the
        values do not lie on a line."""
        points = self.points(way, method, key)
        if len(points) < 2:
            return None
        step, start = np.polyfit([count for count, _ in points], [value for _, value in points], 1)
        line = Line(float(start), float(step), tuple(count for count, _ in points))
        straight = all(abs(line.at(count) - value) <= STRAIGHT * value for count, value in points)
        return line if straight else None

    def find(self, ways: tuple[str, ...]) -> tuple[str, str] | None:
        """Return the first way of these that was measured, with its method."""
        measured = {(row["way"], row["method"]) for row in self.rows if row["reason"] is None and row["way"] in ways}
        return next((pair for way in ways for pair in self.series if pair in measured and pair[0] == way), None)

    def latency(self, way: str, method: str, rows: int) -> dict[str, Any] | None:
        """Return the time of a batch of so many rows of one task: the median with its interval."""
        found = self.ways["latency"] if self.ways else []
        wanted = (way, method, rows)
        return next((row for row in found if (row["way"], row["method"], row["rows"]) == wanted), None)

    def batch_sizes(self) -> list[int]:
        """Return the sizes of the timed batches."""
        return sorted({row["rows"] for row in self.ways["latency"]}) if self.ways else []


def meeting(small: Line, large: Line) -> int | None:
    """Return the smallest number of tasks at which `small` lies below `large`, or None if it never does."""
    if small.at(1) < large.at(1):
        return 1
    if small.step >= large.step:
        return None
    crossing = (small.start - large.start) / (large.step - small.step)
    return math.floor(crossing) + 1
