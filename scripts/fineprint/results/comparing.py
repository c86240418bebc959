"""What methods score over seeds and examples, and how every two of them compare, from the predictions of their runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fineprint.core.records import COST_ONLY, Comparison, Run, TaskMean, as_mapping
from fineprint.results.predictions import read_run_predictions
from fineprint.scoring.inference import compare_methods
from fineprint.scoring.means import average_methods
from fineprint.scoring.scoring import join_splits
from fineprint.scoring.variance import MethodScores
from fineprint.tasks._rows import POOLED


class Compared(NamedTuple):
    """All means and comparisons of a study, or of a part of it."""

    means: list[TaskMean]
    comparisons: list[Comparison]


class Answered(NamedTuple):
    """One example as one run answered it."""

    group: str
    is_right: bool


Answers = dict[str, list[Answered]]  # of one run, by split, in the order of the task's examples


def compare_runs(folder: Path, runs: Sequence[Run], margin: float) -> Compared:
    """Average every method over its seeds and compare every two methods, on each task and each of its splits.

    Args:
        folder: the study's results folder.
        runs: all runs; those without scores, or whose accuracy would mean nothing, are left out.
        margin: the difference that does not matter, in percentage points.
    """
    found = Compared([], [])
    scored = [run for run in runs if run.scores and run.scores.splits and run.status != COST_ONLY]
    for task in dict.fromkeys(run.task for run in scored):
        part = [run for run in scored if run.task == task]
        answers = {
            method: [join_splits(read_answers(folder, run)) for run in part if run.method == method]
            for method in dict.fromkeys(run.method for run in part)
        }
        varying = {run.method for run in part if run.predict and run.predict.varies_by_seed}
        means, comparisons = compare_answers(task, answers, varying, margin)
        found.means.extend(means)
        found.comparisons.extend(comparisons)
    return found


def compare_answers(
    task: str, answers: Mapping[str, Sequence[Answers]], varying: Collection[str], margin: float
) -> Compared:
    """Average and compare the methods of one task.

    Args:
        task: its name.
        answers: of each method and each of its seeds.
        varying: the methods that another seed could let answer otherwise.
        margin: the difference that does not matter, in percentage points.
    """
    found = Compared([], [])
    for split, answered in next(iter(answers.values()))[0].items():
        if len(answered) < 2:
            continue  # a single example has no variance
        named = [example.group for example in answered]
        groups = named if len(set(named)) > 1 else None  # nor has a single group: each example is its own
        methods = [
            MethodScores(method, gather_scores(seeds, split), varies_by_seed=method in varying)
            for method, seeds in answers.items()
        ]
        where = {"task": task, "split": split}
        found.means.extend(TaskMean(**where, **as_mapping(mean)) for mean in average_methods(methods, groups))
        pairs = compare_methods(methods, groups, margin / 100)
        found.comparisons.extend(Comparison(**where, **as_mapping(pair)) for pair in pairs)
    return found


def gather_scores(seeds: Sequence[Answers], split: str) -> np.ndarray:
    """Return which examples a method answered rightly, shape (seeds, examples)."""
    return np.array([[example.is_right for example in answers[split]] for answers in seeds])


def read_answers(folder: Path, run: Run) -> Answers:
    """Return how a run answered each example of each split."""
    splits = [split for split in run.scores.splits if split != POOLED] if run.scores else []
    return {split: list_answers(entries) for split, entries in read_run_predictions(folder, run, splits).items()}


def list_answers(entries: Iterable[Mapping[str, Any]]) -> list[Answered]:
    """Return predictions as what comparing needs of them."""
    return [Answered(entry["group"], entry["label"] == entry["gold"]) for entry in entries]
