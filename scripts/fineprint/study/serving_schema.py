"""What a study asks for of many tasks on one backbone, as settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fineprint.core.settings import Distinct, Settings

TaskCount = Annotated[int, Field(ge=1, le=10_000)]


class ServingSettings(Settings):
    """Several tasks on one backbone, each by each kind of adapter, and how serving them is measured.

    Attributes:
        backbone: a name under `backbones`.
        tasks: names under `tasks`; the first is the one whose forgetting is measured when the second is learned.
        adapters: kinds; each stands for the method of the run that has it on this backbone, with a head.
        methods: which method stands for a kind, where several would fit. Filled in when the config is read.
        task_counts: numbers of tasks served at once; beyond the trained ones, copies of them under other names.
        requests: rows in the mixed stream, of all tasks in random order.
        batch_size: requests that are answered together.
        switches: changes from one task to another.
        repeats: timed batches for the latency.
        rounds: in each of which every way answers the mixed stream once. A way so slow that one batch takes longer than
            all its rounds should does two.
        seconds_per_measurement: after which a way's round at the stream ends; the record says how far it came.
        seconds_for_switches: after which switching is stopped. Where it means reading a task from the disk, which does
            not depend on how many there are, it is timed once.
        checked_rows: of each task, whose answers are compared with those of the task served alone.
        memory_limit_mb: for full models held at once; task counts that would need more are left out, and said to be.
        real_size: results.json of a study at the models' real size, whose figures the report shows beside its own, if
            it is there; None shows none.
    """

    backbone: str
    tasks: tuple[str, ...] = Field(min_length=2)
    adapters: tuple[str, ...] = Field(min_length=1)
    methods: dict[str, str] = {}
    task_counts: Annotated[tuple[TaskCount, ...], Distinct] = Field((1, 2, 3, 10, 20, 50), min_length=1)
    requests: int = Field(512, ge=1, le=1_000_000)
    batch_size: int = Field(32, ge=1, le=100_000)
    switches: int = Field(200, ge=1, le=1_000_000)
    repeats: int = Field(50, ge=1, le=1_000_000)
    rounds: int = Field(5, ge=1, le=1_000)
    seconds_per_measurement: float = Field(2.0, gt=0, le=3600)
    seconds_for_switches: float = Field(60.0, gt=0, le=36_000)
    checked_rows: int = Field(200, ge=1, le=1_000_000)
    memory_limit_mb: int = Field(4000, ge=1)
    real_size: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """Return every (task, method) that must be trained."""
        return [(task, method) for task in self.tasks for method in self.methods.values()]
