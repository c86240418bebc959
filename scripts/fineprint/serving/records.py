"""The records of this part. What was not measured is `None`; sizes are bytes, times seconds."""

from __future__ import annotations

from typing import Any, TypedDict


class Served(TypedDict):
    """One way of serving one number of tasks."""

    way: str
    method: str
    tasks: int
    trained: bool  # False: beyond the trained tasks, copies of them under other names
    reason: str | None  # why nothing was measured; every figure is then None
    disk_bytes: int | None  # read off the disk: the backbone's weights, once, and what training saved for each task
    held_bytes: int | None  # distinct tensors in memory with all tasks ready
    peak_allocated_bytes: int | None  # on a GPU, while switching and answering
    resident_bytes: int | None  # on a CPU: growth of the process since before the first task was loaded
    first_answer_seconds: float | None  # from nothing loaded: load everything that is kept, answer one row
    add_task_seconds: float | None  # to make the last of the tasks available; None where it is loaded when asked for
    switch_seconds_median: float | None
    switch_seconds_p99: float | None  # of a hundred switches or more
    switches: int | None
    switch_tasks: int | None  # among how many they were timed: fewer, where reading from the disk was timed once
    rows_per_second: float | None  # on a stream of rows of all tasks in random order: the median of the rounds
    rows_per_second_low: float | None  # the slowest round
    rows_per_second_high: float | None
    rounds: int | None
    rows_answered: int | None  # in all rounds


class Check(TypedDict):
    """Whether a way answers as each task served alone does."""

    way: str
    method: str
    rows: int
    same_labels: int  # as the run's own predictions
    undecided_labels: int  # others, where the task alone is nearer to a tie than rounding can move the logits
    largest_difference: float  # of a logit, in the row that comes nearest to its tolerance
    tolerance: float  # of that row
    equal: bool
    control_rows: int  # answered by another task than their own …
    control_apart: int  # … and how many of them the check told from their own task's answers: it must be able to fail


class Latency(TypedDict):
    """How long one batch of one task takes once it is ready."""

    way: str
    method: str
    rows: int
    seconds_median: float
    seconds_low: float | None  # 95 % interval of the median; None where there are too few repeats for one
    seconds_high: float | None
    repeats: int


class ServingRecord(TypedDict):
    """What `serve_tasks` leaves."""

    settings: dict[str, Any]
    tasks: dict[str, dict[str, Any]]  # name → labels, bytes saved by each method
    rows: list[Served]
    checks: list[Check]
    latency: list[Latency]
    merging: list[dict[str, Any]]  # drift of the backbone's weights after many merges, by method
    backbone: list[dict[str, Any]]  # hashes of a shared backbone before and after serving, by method
    peft_alone: list[dict[str, Any]]  # what PEFT says to these heads in one batch, by method
    phases: dict[str, Any]
    environment: dict[str, Any]


class Combined(TypedDict):
    """One combination of adapters, or none, on one task's test rows."""

    way: str  # "separate", "average", "concatenation", "pooled"
    method: str
    of: list[str]
    task: str
    split: str
    rows: int
    correct: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    difference: float | None  # to the task's own adapter, with its interval and McNemar's p-value
    difference_low: float | None
    difference_high: float | None
    p_value: float | None
    p_value_holm: float | None  # corrected for the number of rows in the table


class CombiningRecord(TypedDict):
    """What `combine_tasks` leaves."""

    settings: dict[str, Any]
    scores: list[Combined]
    training: list[dict[str, Any]]  # of one adapter on all tasks, by method; with hashes of the frozen backbone
    environment: dict[str, Any]


class ForgettingRecord(TypedDict):
    """What `measure_forgetting` leaves: the first task before and after the second was learnt."""

    settings: dict[str, Any]
    first: str
    second: str
    split: str
    scores: list[dict[str, Any]]  # by method, "before" and "after": accuracy with interval; the paired difference
    backbone: list[dict[str, Any]]  # hashes before and after, by method
    training: list[dict[str, Any]]
    environment: dict[str, Any]
