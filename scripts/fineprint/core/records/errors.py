"""Where methods err alike, where they err most, and what all of them miss; and every test example with its answers."""

from __future__ import annotations

from dataclasses import dataclass

from fineprint.core.records.base import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOverlap(Record):
    """How alike two methods answer, over the seeds that both were run with."""

    first: str
    second: str
    agreement: float  # share of examples with the same answer
    overlap: float | None  # share that both miss of the examples that either misses; None where neither misses any


@dataclass(frozen=True, slots=True, kw_only=True)
class HardSubset(Record):
    """A subset of the examples, and how it is answered. Accuracies are means over seeds."""

    tag: str
    value: str
    examples: int
    accuracy: float  # mean over methods
    best: str  # the method with the highest accuracy there
    best_accuracy: float
    missed: int  # examples that every run misses


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedExample(Record):
    """An example that every run misses."""

    id: str
    texts: dict[str, str]
    gold: str
    answer: str | None  # the commonest answer; None: one that names no label
    runs: int  # that give it


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskErrors(Record):
    """The errors of a task's methods on its headline split; controls and collapsed runs are left out."""

    task: str
    split: str
    methods: list[str]
    examples: int
    runs: int
    pairs: list[PairOverlap]
    hardest: list[HardSubset]
    missed: int  # examples that every run misses
    shown: list[MissedExample]  # the first of them


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodAnswers(Record):
    """What a method answered to each example of a set, with its first seed that has predictions."""

    title: str
    number: int
    seed: int
    answers: list[int]  # positions in the set's labels; -1: the answer names no label
    confidences: list[int | None]  # in per cent: the probability of the answer; None where it is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleSet(Record):
    """A test split with all answers. Lists have an entry for each example."""

    task: str
    split: str
    labels: list[str]
    fields: list[str]
    ids: list[str]
    texts: list[list[str]]  # by field
    golds: list[int]
    tags: list[dict[str, str]]
    methods: list[MethodAnswers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples(Record):
    """`results/{study}/examples.json`: what the page of examples is made from."""

    title: str
    created: str
    sets: list[ExampleSet]
