"""What the runs of two studies cost, and which of them came out the same."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fineprint.core.records import ComparedCost, IdenticalRuns, Run
from fineprint.results.replication.pair import Pair


class Quantity(NamedTuple):
    """A figure of cost; `phase` is the one whose memory it is, where it is memory."""

    name: str
    measure: Callable[[Run], float | None]
    phase: str = ""


QUANTITIES = [
    Quantity("training time", lambda run: run.seconds("training") if run.is_trained else None),
    Quantity("prediction time", lambda run: run.seconds("prediction")),
    Quantity("training memory", lambda run: run.peak_memory("training").bytes if run.is_trained else None, "training"),
    Quantity("prediction memory", lambda run: run.peak_memory("prediction").bytes, "prediction"),
    Quantity("checkpoint size", lambda run: run.trained.checkpoint_bytes if run.trained else None),
]


def compare_costs(pair: Pair) -> Iterator[ComparedCost]:
    """Yield every figure of cost that a study has, the median over seeds."""
    for task, method, quantity in itertools.product(pair.tasks, pair.methods, QUANTITIES):
        runs = [study.runs_of(task, method) for study in (pair.first, pair.second)]
        first, second = (find_median([quantity.measure(run) for run in part]) for part in runs)
        if first is None and second is None:
            continue
        yield ComparedCost(
            task=task,
            method=method,
            quantity=quantity.name,
            first=first,
            second=second,
            kinds=[run.peak_memory(quantity.phase).kind for part in runs for run in part[:1] if quantity.phase],
        )


def find_median(values: list[float | None]) -> float | None:
    """Return the median of what was measured."""
    measured = [value for value in values if value is not None]
    return statistics.median(measured) if measured else None


def count_identical(pair: Pair) -> IdenticalRuns:
    """Return how many runs of one task, method and seed gave the same answers, and saved the same weights."""
    shared = [
        (run, other)
        for run in pair.first.results.runs
        if run.task in pair.tasks and (other := pair.second.runs.get((run.task, run.method, run.seed)))
    ]
    scored = [
        [(run.score(split), other.score(split)) for split in pair.splits(run.task)]
        for run, other in shared
        if run.scores and run.scores.splits and other.scores and other.scores.splits
    ]
    tables = [[(one.confusion, other.confusion) for one, other in splits if one and other] for splits in scored]
    saved = [(find_weights(run), find_weights(other)) for run, other in shared]
    weights = [(one, other) for one, other in saved if one and other]
    return IdenticalRuns(
        runs=len(tables),
        same_scores=sum(all(one == other for one, other in splits) for splits in tables),
        trained=len(weights),
        same_weights=sum(one == other for one, other in weights),
    )


def find_weights(run: Run) -> dict[str, str]:
    """Return the hash of every file of weights that a run saved."""
    files = run.train.saved_files if run.train else {}
    return {name: sha256 for name, sha256 in files.items() if name.endswith(".safetensors")}
