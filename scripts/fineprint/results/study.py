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
    COLLAPSED,
    COST_ONLY,
    FAILED,
    NOT_MADE,
    NOT_RUN,
    OK,
    AdapterKind,
    BackboneKind,
    Comparison,
    Machine,
    ReadoutKind,
    Results,
    Run,
    Score,
    TaskKind,
    TaskMean,
    Verdict,
    make_record,
    read_record,
)
from fineprint.scoring.ranking import Standing, rank_methods
from fineprint.tasks._rows import HELD_OUT, POOLED, TRAIN, list_test_splits

TRAIN_SPLITS = (TRAIN, HELD_OUT)
AS_GOOD = (Verdict.EQUIVALENT, Verdict.NOT_INFERIOR)


def open_results(results: Results | Mapping[str, Any] | Path) -> Results:
    """Return results as records, whether they are records already, plain data or a file.

    Raises:
        SettingsError: they were made by another version of Fineprint.
    """
    if isinstance(results, Path):
        return read_record(results, Results)
    return make_record(results, Results, "results.json")


@dataclass(frozen=True)
class Sweep:
    """What became of a method whose settings were swept: a method for each value.

    Attributes:
        method: its name in the config.
        title: of that method.
        rows: by the name of each method it was expanded to, the swept keys with their values.
    """

    method: str
    title: str
    rows: dict[str, dict[str, Any]]

    @property
    def keys(self) -> list[str]:
        """The paths of the swept keys, such as adapter.rank."""
        return list(next(iter(self.rows.values())))


class Study:
    """Results with look-ups. Means and comparisons are over all seeds; what one run shows is of the first seed."""

    def __init__(self, results: Results | Mapping[str, Any] | Path) -> None:
        """Take a study's results, as records, as plain data or in their file."""
        self.results = open_results(results)
        self.config = self.results.study
        self.methods: list[str] = list(self.config["run"]["methods"])
        self.left_out = [name for name in self.config["methods"] if name not in self.methods]
        self.tasks: list[str] = list(self.config["run"]["tasks"])
        self.seeds: list[int] = list(self.config["run"]["seeds"])
        self.seed = self.seeds[0]
        self.known_standings: dict[tuple[str, str], list[Standing]] = {}
        self.numbers = {name: number for number, name in enumerate(self.methods, start=1)}

    @cached_property
    def sweeps(self) -> list[Sweep]:
        """The sweeps of the study, in the config's order."""
        swept = self.config.get("sweeps") or {}
        return [Sweep(name, found["title"] or name, found["rows"]) for name, found in swept.items()]

    @cached_property
    def runs(self) -> dict[tuple[str, str, int], Run]:
        """Runs by task, method and seed."""
        return {(run.task, run.method, run.seed): run for run in self.results.runs}

    @cached_property
    def means(self) -> dict[tuple[str, str, str], TaskMean]:
        """Mean scores by task, split and method."""
        return {(mean.task, mean.split, mean.method): mean for mean in self.results.means}

    @cached_property
    def comparisons(self) -> dict[tuple[str, str, str, str], Comparison]:
        """Comparisons by task, split, first and second method, in both directions."""
        found = {}
        for pair in self.results.comparisons:
            found[pair.task, pair.split, pair.first, pair.second] = pair
            found[pair.task, pair.split, pair.second, pair.first] = pair.seen_from(pair.second)
        return found

    def run(self, task: str, method: str, seed: int | None = None) -> Run | None:
        """Return a run, by default of the first seed."""
        return self.runs.get((task, method, self.seed if seed is None else seed))

    def runs_of(self, task: str, method: str) -> list[Run]:
        """Return a method's runs in the order of the seeds; those that were not made are left out."""
        runs = [self.run(task, method, seed) for seed in self.seeds]
        return [run for run in runs if run is not None and run.status not in NOT_MADE]

    def status(self, task: str, method: str) -> str:
        """Return "ok", "collapsed", "cost only", "failed" or "not run": the first that is true of any seed."""
        statuses = {run.status for seed in self.seeds if (run := self.run(task, method, seed))}
        return next((status for status in (OK, COST_ONLY, COLLAPSED, FAILED) if status in statuses), NOT_RUN)

    def collapsed_seeds(self, task: str, method: str) -> list[int]:
        """Return the seeds on which a method collapsed. They are in its mean."""
        return [run.seed for run in self.runs_of(task, method) if run.status == COLLAPSED]

    def measures_accuracy(self, task: str) -> bool:
        """Return whether accuracy can be spoken of: False where weights or labels are random in every run made."""
        made = {self.status(task, method) for method in self.methods} - {*NOT_MADE}
        return made != {COST_ONLY}

    def reasons(self, task: str, status: str) -> list[str]:
        """Return the different reasons of the runs that have a status."""
        runs = [run for method in self.methods for seed in self.seeds if (run := self.run(task, method, seed))]
        return list(dict.fromkeys(run.reason for run in runs if run.status == status and run.reason))

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
        return list_test_splits(self.results.tasks[task])

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

    def mean(self, task: str, method: str, split: str | None = None) -> TaskMean | None:
        """Return a method's mean score over seeds and examples; by default on the headline split."""
        return self.means.get((task, split or self.headline(task), method))

    def comparison(self, task: str, first: str, second: str, split: str | None = None) -> Comparison | None:
        """Return what comparing two methods concludes, seen from the first; by default on the headline split."""
        return self.comparisons.get((task, split or self.headline(task), first, second))

    def standings(self, task: str, split: str | None = None) -> list[Standing]:
        """Return where the methods stand, the best mean first. Those that collapsed on every seed stand nowhere."""
        where = task, split or self.headline(task)
        if where not in self.known_standings:  # asked for every cell of a table
            self.known_standings[where] = self.find_standings(*where)
        return self.known_standings[where]

    def find_standings(self, task: str, split: str) -> list[Standing]:
        """Return where the methods stand on a split."""
        means = {
            method: mean.mean
            for method in self.methods
            if self.status(task, method) == OK and (mean := self.mean(task, method, split))
        }
        pairs = [pair for pair in self.results.comparisons if (pair.task, pair.split) == (task, split)]
        return rank_methods(means, pairs)

    def ranked(self, task: str, split: str | None = None) -> list[tuple[str, TaskMean]]:
        """Return the methods that stand somewhere with their means, the best first."""
        split = split or self.headline(task)
        return [(found.method, self.means[task, split, found.method]) for found in self.standings(task, split)]

    def rank(self, task: str, method: str, split: str | None = None) -> int | None:
        """Return 1 + the number of methods that are significantly better, or None if a method is not ranked."""
        return next((found.rank for found in self.standings(task, split) if found.method == method), None)

    def leaders(self, task: str, split: str | None = None) -> list[str]:
        """Return the method with the best mean and those that are not significantly worse."""
        return [found.method for found in self.standings(task, split) if found.is_in_best_group]

    def as_good(self, task: str, split: str | None = None) -> list[str]:
        """Return the method with the best mean and those equivalent or not inferior to it: where cost decides."""
        return [
            found.method for found in self.standings(task, split) if found.gap is None or found.gap.outcome in AS_GOOD
        ]

    def is_blind(self, task: str, method: str) -> bool:
        """Return whether a method is a control that is shown a part of each example only, or loads no model."""
        run = self.run(task, method)
        return bool(self.settings(method).get("fields")) or (run is not None and run.loads_no_model)

    def majority_rate(self, task: str, split: str) -> float | None:
        """Return what always giving a split's most frequent label scores; None where nothing was scored."""
        return next((score.majority_rate for _, score in self.scored(task, split)), None)

    def environments(self) -> list[Machine]:
        """Return the distinct machines that jobs ran on."""
        return self.results.provenance.hardware
