"""A study's results, asked the way the report asks: by task, method, split and seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fineprint.core.records import (
    COST_ONLY,
    Parameters,
    PeakMemory,
    Phase,
    Results,
    Run,
    Score,
    make_record,
    read_record,
)
from fineprint.core.settings import SettingsError, find_settings
from fineprint.tasks._rows import HELD_OUT, POOLED, TRAIN

SIGNIFICANCE = 0.05
TRAIN_SPLITS = (TRAIN, HELD_OUT)


@dataclass(frozen=True)
class Difference:
    """Two methods on the same rows; `value` is first − second."""

    value: float
    low: float
    high: float
    p_value_holm: float

    @property
    def is_real(self) -> bool:
        """Whether the difference is significant after correction for the number of pairs."""
        return self.p_value_holm < SIGNIFICANCE


def open_results(results: Results | Mapping[str, Any] | Path) -> Results:
    """Return results as records.

    Raises:
        SettingsError: they were made by another version of Fineprint.
    """
    if isinstance(results, Path):
        return read_record(results, Results)
    return make_record(results, Results, "results.json")


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
        return {(run["task"], run["method"], run["seed"]): run for run in self.results["runs"]}

    @cached_property
    def differences(self) -> dict[tuple[str, str, int, str, str], Difference]:
        """Paired comparisons by task, split, seed, first and second method, in both directions."""
        found = {}
        for pair in self.results["comparisons"]:
            where = (pair["task"], pair["split"], pair["seed"])
            value, low, high = pair["difference"], pair["difference_low"], pair["difference_high"]
            found[(*where, pair["first"], pair["second"])] = Difference(value, low, high, pair["p_value_holm"])
            found[(*where, pair["second"], pair["first"])] = Difference(-value, -high, -low, pair["p_value_holm"])
        return found

    def run(self, task: str, method: str, seed: int | None = None) -> Run | None:
        """Return a run, by default of the first seed."""
        return self.runs.get((task, method, self.seed if seed is None else seed))

    def status(self, task: str, method: str) -> str:
        """Return "ok", "collapsed", "cost only" or "not run"."""
        run = self.run(task, method)
        return run["status"] if run else "not run"

    def measures_accuracy(self, task: str) -> bool:
        """Return whether accuracy can be spoken of: False where weights or labels are random in every run made."""
        made = {self.status(task, method) for method in self.methods} - {"not run"}
        return made != {COST_ONLY}

    def reasons(self, task: str, status: str) -> list[str]:
        """Return the different reasons of the runs that have a status."""
        runs = [self.run(task, method) for method in self.methods if self.status(task, method) == status]
        return list(dict.fromkeys(run["reason"] for run in runs if run and run["reason"]))

    def title(self, method: str) -> str:
        """Return what a method is called in text and tables."""
        titles = [run["title"] for run in self.results["runs"] if run["method"] == method and run["title"]]
        return titles[0] if titles else self.settings(method).get("title") or method

    def settings(self, method: str) -> dict[str, Any]:
        """Return a method as the config resolves it."""
        return self.config["methods"][method]

    def splits(self, task: str) -> list[str]:
        """Return the test splits, the headline split first."""
        return [split for split in self.results["tasks"][task]["splits"] if split not in TRAIN_SPLITS]

    def splits_and_pooled(self, task: str) -> list[str]:
        """Return the test splits and, where there are several, "pooled" for all their rows."""
        splits = self.splits(task)
        return [*splits, POOLED] if len(splits) > 1 else splits

    def split_rows(self, task: str, split: str) -> int:
        """Return how many rows a split, or all splits together, has."""
        wanted = self.splits(task) if split == POOLED else [split]
        return sum(self.results["tasks"][task]["splits"][name]["rows"] for name in wanted)

    def headline(self, task: str) -> str:
        """Return the split that methods are ranked on: the task's first test split."""
        return self.splits(task)[0]

    def score(self, task: str, method: str, split: str, seed: int | None = None) -> Score | None:
        """Return a method's score on a split, or None if there is none."""
        run = self.run(task, method, seed)
        return run["scores"]["splits"].get(split) if run and run["scores"] else None

    def scored(self, task: str, split: str | None = None) -> list[tuple[str, Score]]:
        """Return methods with a score, collapsed ones included, in the config's order."""
        split = split or self.headline(task)
        found = [(method, self.score(task, method, split)) for method in self.methods]
        return [(method, score) for method, score in found if score is not None]

    def ranked(self, task: str, split: str | None = None) -> list[tuple[str, Score]]:
        """Return methods whose run is ok, the most accurate first. Collapsed runs are never ranked."""
        fitting = [(method, score) for method, score in self.scored(task, split) if self.status(task, method) == "ok"]
        return sorted(fitting, key=lambda item: -item[1]["accuracy"])

    def difference(self, task: str, first: str, second: str, split: str | None = None) -> Difference | None:
        """Return the paired comparison of two methods, signed first − second."""
        return self.differences.get((task, split or self.headline(task), self.seed, first, second))

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
        found = [(self.run(task, method, seed), self.score(task, method, split, seed)) for seed in self.seeds]
        return [score["accuracy"] for run, score in found if run and score and run["status"] == "ok"]

    def environments(self) -> list[dict[str, Any]]:
        """Return the distinct machines that jobs ran on."""
        return self.results["provenance"].get("hardware") or []


def class_variable(package: str, kind: str, name: str, default: Any = "") -> Any:
    """Return a ClassVar such as `title` of a kind's Settings; `default` where this version has no such kind."""
    try:
        return getattr(find_settings(package, kind), name, default) or default
    except (SettingsError, ImportError):
        return default


# Temporary: what the readers that still ask by function need. `Run` has all of this.
def parameters(run: Run | None) -> Parameters | None:
    """Return a run's parameter counts: as trained, else as used for prediction."""
    return run.parameters if run else None


def is_trained(run: Run | None) -> bool:
    """Return whether the run trained anything."""
    return run is not None and run.is_trained


def phase(run: Run | None, name: str) -> Phase | None:
    """Return a phase; loading and training come from the training record, prediction from the other."""
    return run.phase(name) if run else None


def phase_seconds(run: Run | None, name: str) -> float | None:
    """Return how long a phase took."""
    return run.seconds(name) if run else None


def peak_memory(run: Run | None, name: str) -> PeakMemory:
    """Return a phase's headline figure in bytes and what it is: "allocated" on a GPU, "resident" on a CPU."""
    return run.peak_memory(name) if run else PeakMemory(None, "resident")


def phase_peak(found: Phase | None) -> PeakMemory:
    """Return the headline figure of a recorded phase in bytes, None where there is no phase, and what it is."""
    return found.memory.peak if found else PeakMemory(None, "resident")


def train_value(run: Run | None, name: str) -> Any:
    """Return a figure of the training record, or None."""
    return getattr(run.train, name) if run and run.is_trained else None


def trains_everything(run: Run | None) -> bool:
    """Return whether every weight was trained, so that what is saved is a whole model."""
    return run is not None and run.trains_everything
