"""What the methods answered to the examples of one split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from fineprint.scoring.variance import Groups, cluster_covariance

UNPARSEABLE = -1  # the answer names no label

Subset = tuple[str, str]  # a tag and one of its values


@dataclass(frozen=True)
class Answers:
    """The answers to one split, the examples in one order for all runs.

    Attributes:
        task: its name.
        split: its name.
        labels: of the task.
        ids: of the examples.
        golds: position of each example's label.
        subsets: for each tag and value, whether an example has it. Tags with one value only are left out.
        groups: of the examples.
        given: method → seed → position of each answer's label, or UNPARSEABLE.
    """

    task: str
    split: str
    labels: list[str]
    ids: list[str]
    golds: np.ndarray
    subsets: dict[Subset, np.ndarray]
    groups: Groups
    given: dict[str, dict[int, np.ndarray]]

    @property
    def examples(self) -> int:
        """The number of examples."""
        return len(self.golds)

    @cached_property
    def wrong(self) -> dict[str, np.ndarray]:
        """For each method whether an answer is wrong, shape (seeds, examples)."""
        return {method: self.answers(method) != self.golds for method in self.given}

    def answers(self, method: str, seeds: Sequence[int] | None = None) -> np.ndarray:
        """Return a method's answers, shape (seeds, examples)."""
        by_seed = self.given[method]
        return np.array([by_seed[seed] for seed in (by_seed if seeds is None else seeds)])

    def shared_seeds(self, first: str, second: str) -> list[int]:
        """Return the seeds that both methods were run with."""
        return [seed for seed in self.given[first] if seed in self.given[second]]

    def accuracy(self, method: str, subset: np.ndarray | None = None) -> float:
        """Return a method's accuracy over seeds, on all examples or on those of a subset."""
        wrong = self.wrong[method] if subset is None else self.wrong[method][:, subset]
        return float(1 - wrong.mean())

    def worth(self, values: np.ndarray) -> float:
        """Return what one example is worth in a count of `values`, at most 1: less where the values of a group go
        together (Rao and Scott 1992, doi 10.2307/2532311). Exact tests are made on counts times this.

        Args:
            values: one for each example, such as whether it was answered wrongly.
        """
        values = np.asarray(values, dtype=float)
        independent = values.var(ddof=1) / len(values)
        grouped = float(cluster_covariance(values[None], self.groups)[0, 0])
        return min(1.0, independent / grouped) if grouped > 0 else 1.0


def pair_disagreement(answers: np.ndarray) -> np.ndarray:
    """Return for each example the share of pairs of seeds that answer it differently; answers have shape (seeds ≥ 2,
    examples)."""
    return np.mean([first != second for first, second in combinations(answers, 2)], axis=0)


def make_answers(
    task: str, split: str, labels: list[str], entries: Mapping[tuple[str, int], list[dict[str, Any]]]
) -> Answers | None:
    """Return the answers of a split, or None where there is nothing to count: no run, or a single example.

    Args:
        task: its name.
        split: its name.
        labels: of the task.
        entries: by method and seed, as `core.records.read_predictions` returns them.
    """
    examples = next(iter(entries.values()), [])
    if len(examples) < 2:
        return None
    named = [entry["group"] for entry in examples]
    groups = named if len(set(named)) > 1 else None  # a single group has no variance: each example is its own
    given: dict[str, dict[int, np.ndarray]] = {}
    for (method, seed), found in entries.items():
        labeled = [UNPARSEABLE if entry["label"] is None else entry["label"] for entry in found]
        given.setdefault(method, {})[seed] = np.array(labeled)
    return Answers(
        task=task,
        split=split,
        labels=labels,
        ids=[entry["id"] for entry in examples],
        golds=np.array([entry["gold"] for entry in examples]),
        subsets=list_subsets([entry["tags"] for entry in examples]),
        groups=Groups.of(groups, len(examples)),
        given=given,
    )


def list_subsets(tags: Sequence[Mapping[str, str]]) -> dict[Subset, np.ndarray]:
    """Return for each tag and value whether an example has it; a tag that all examples share divides nothing."""
    pairs = dict.fromkeys(pair for tag in tags for pair in tag.items())
    found = {(tag, value): np.array([each.get(tag) == value for each in tags]) for tag, value in pairs}
    return {pair: subset for pair, subset in found.items() if not subset.all()}
