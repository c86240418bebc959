"""A study's results, asked the way the report asks: by task, method, split and seed.

The one door for `results.json`: from here on there are records, no raw data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fineprint.core.records import (
    COST_ONLY,
    NOT_RUN,
    OK,
    AdapterKind,
    BackboneKind,
    Machine,
    Pair,
    ReadoutKind,
    Results,
    Run,
    Score,
    TaskKind,
    make_record,
    read_record,
)
from fineprint.tasks._rows import HELD_OUT, POOLED, TRAIN

SIGNIFICANCE = 0.05
TRAIN_SPLITS = (TRAIN, HELD_OUT)


def open_results(results: Results | Mapping[str, Any] | Path) -> Results:
    """Return results as records, whether they are records already, plain data or a file.

    Raises:
        SettingsError: they were made by another version of Fineprint.
    """
    if isinstance(results, Path):
        return read_record(results, Results)
    return make_record(results, Results, "results.json")


@dataclass(frozen=True)
class Difference:
    """Two methods on the same rows, seen from the first: `value` is first − second, with its 95 % interval."""

    value: float
    low: float
    high: float
    p_value_holm: float
    first_only: int  # rows that only the first answers rightly
    second_only: int

    @property
    def is_real(self) -> bool:
        """Whether the difference is significant after correction for the number of pairs."""
        return self.p_value_holm < SIGNIFICANCE

    @classmethod
    def of(cls, pair: Pair) -> Difference:
        """Return a recorded pair as it stands."""
        interval = (pair.difference, pair.difference_low, pair.difference_high)
        return cls(*interval, pair.p_value_holm, pair.first_only, pair.second_only)

    @property
    def turned(self) -> Difference:
        """The same, seen from the second."""
        return Difference(-self.value, -self.high, -self.low, self.p_value_holm, self.second_only, self.first_only)


class Study:
    """Results with look-ups. Tables and figures show the first seed; further seeds are averaged apart."""

    def __init__(self, results: Results | Mapping[str, Any] | Path) -> None:
        """Take a study's results, as records, as plain data or in their file."""
        self.results = open_results(results)
        self.config = self.results.study
        self.methods: list[str] = list(self.config["run"]["methods"])
        self.left_out = [name for name in self.config["methods"] if name not in self.methods]
        self.tasks: list[str] = list(self.config["run"]["tasks"])
        self.seeds: list[int] = list(self.config["run"]["seeds"])
        self.seed = self.seeds[0]
        self.numbers = {name: number for number, name in enumerate(self.methods, start=1)}

    @cached_property
    def runs(self) -> dict[tuple[str, str, int], Run]:
        """Runs by task, method and seed."""
        return {(run.task, run.method, run.seed): run for run in self.results.runs}

    @cached_property
    def differences(self) -> dict[tuple[str, str, int, str, str], Difference]:
        """Paired comparisons by task, split, seed, first and second method, in both directions."""
        found = {}
        for pair in self.results.comparisons:
            where, difference = (pair.task, pair.split, pair.seed), Difference.of(pair)
            found[(*where, pair.first, pair.second)] = difference
            found[(*where, pair.second, pair.first)] = difference.turned
        return found

    def run(self, task: str, method: str, seed: int | None = None) -> Run | None:
        """Return a run, by default of the first seed."""
        return self.runs.get((task, method, self.seed if seed is None else seed))

    def status(self, task: str, method: str) -> str:
        """Return "ok", "collapsed", "cost only" or "not run"."""
        run = self.run(task, method)
        return run.status if run else NOT_RUN

    def measures_accuracy(self, task: str) -> bool:
        """Return whether accuracy can be spoken of: False where weights or labels are random in every run made."""
        made = {self.status(task, method) for method in self.methods} - {NOT_RUN}
        return made != {COST_ONLY}

    def reasons(self, task: str, status: str) -> list[str]:
        """Return the different reasons of the runs that have a status."""
        runs = [self.run(task, method) for method in self.methods if self.status(task, method) == status]
        return list(dict.fromkeys(run.reason for run in runs if run and run.reason))

    def title(self, method: str) -> str:
        """Return what a method is called in text and tables."""
        titles = [run.title for run in self.results.runs if run.method == method and run.title]
        return titles[0] if titles else self.settings(method).get("title") or method

    def settings(self, method: str) -> dict[str, Any]:
        """Return a method as the config resolves it."""
        return self.config["methods"][method]

    def adapter(self, method: str) -> AdapterKind:
        """Return what a method's kind of adapter says of itself."""
        return self.results.kinds.adapters[self.settings(method)["adapter"]["kind"]]

    def readout(self, method: str) -> ReadoutKind:
        """Return what a method's kind of readout says of itself."""
        return self.results.kinds.readouts[self.settings(method)["readout"]["kind"]]

    def task_kind(self, task: str) -> TaskKind:
        """Return what a task's kind says of itself."""
        return self.results.kinds.tasks[self.results.tasks[task].settings["kind"]]

    def backbone_kind(self, name: str) -> BackboneKind:
        """Return what a backbone's kind says of itself."""
        return self.results.kinds.backbones[self.results.backbones[name].settings["kind"]]

    def splits(self, task: str) -> list[str]:
        """Return the test splits, the headline split first."""
        return [split for split in self.results.tasks[task].splits if split not in TRAIN_SPLITS]

    def splits_and_pooled(self, task: str) -> list[str]:
        """Return the test splits and, where there are several, "pooled" for all their rows."""
        splits = self.splits(task)
        return [*splits, POOLED] if len(splits) > 1 else splits

    def split_rows(self, task: str, split: str) -> int:
        """Return how many rows a split, or all splits together, has."""
        counted = self.splits(task) if split == POOLED else [split]
        return sum(self.results.tasks[task].splits[name].rows for name in counted)

    def headline(self, task: str) -> str:
        """Return the split that methods are ranked on: the task's first test split."""
        return self.splits(task)[0]

    def score(self, task: str, method: str, split: str, seed: int | None = None) -> Score | None:
        """Return a method's score on a split, or None if there is none."""
        run = self.run(task, method, seed)
        return run.score(split) if run else None

    def scored(self, task: str, split: str | None = None) -> list[tuple[str, Score]]:
        """Return methods with a score, collapsed ones included, in the config's order."""
        split = split or self.headline(task)
        found = [(method, self.score(task, method, split)) for method in self.methods]
        return [(method, score) for method, score in found if score is not None]

    def ranked(self, task: str, split: str | None = None) -> list[tuple[str, Score]]:
        """Return methods whose run is ok, the most accurate first. Collapsed runs are never ranked."""
        fitting = [(method, score) for method, score in self.scored(task, split) if self.status(task, method) == OK]
        return sorted(fitting, key=lambda item: -item[1].accuracy)

    def difference(
        self, task: str, first: str, second: str, split: str | None = None, seed: int | None = None
    ) -> Difference | None:
        """Return the paired comparison of two methods, signed first − second; by default on the headline split, of the
        first seed."""
        where = (task, split or self.headline(task), self.seed if seed is None else seed)
        return self.differences.get((*where, first, second))

    def ranking(self, task: str, split: str | None = None) -> list[list[str]]:
        """Return ranks of methods, the best first; methods that cannot be told apart stand on one rank.

        The most accurate method opens the first rank. Every further one, in order of accuracy, joins the first rank
        whose opener it cannot be told apart from, or opens a new one. "Cannot be told apart" is no equality: two
        methods on one rank may differ from each other by more than each does from the opener.
        """
        ranks: list[list[str]] = []
        for method, _ in self.ranked(task, split):
            for rank in ranks:
                difference = self.difference(task, rank[0], method, split)
                if difference is not None and not difference.is_real:
                    rank.append(method)
                    break
            else:
                ranks.append([method])
        return ranks

    def rank(self, task: str, method: str) -> int | None:
        """Return a method's rank on the headline split, counted from 1, or None if it is not ranked."""
        return next((number for number, rank in enumerate(self.ranking(task), start=1) if method in rank), None)

    def leaders(self, task: str) -> list[str]:
        """Return the best method and those that cannot be told apart from it on the headline split."""
        return next(iter(self.ranking(task)), [])

    def seed_scores(self, task: str, method: str, split: str) -> list[float]:
        """Return the accuracies of the seeds whose run is ok."""
        runs = [run for seed in self.seeds if (run := self.run(task, method, seed)) and run.status == OK]
        return [score.accuracy for run in runs if (score := run.score(split))]

    def environments(self) -> list[Machine]:
        """Return the distinct machines that jobs ran on."""
        return self.results.provenance.hardware
