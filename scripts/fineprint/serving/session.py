"""A session: one way of serving, or several that share what is in memory, measured while the tasks grow in number.

It has the machine's memory to itself. How fast a stream of all tasks is answered is measured apart, see `streams`.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from fineprint.core.progress import logger
from fineprint.core.records import Check, MergeDrift, Served
from fineprint.serving.checking import Reference, check_way
from fineprint.serving.clock import (
    clear_memory,
    distinct_bytes,
    median,
    peak_allocated,
    percentile,
    resident,
    time_call,
    time_calls,
)
from fineprint.serving.entries import Entry, copy_entries, draw_requests
from fineprint.serving.refusals import first_line, is_refusal
from fineprint.serving.ways import Way
from fineprint.study.serving_schema import ServingSettings


@dataclass
class Plan:
    """What the sessions of one method share.

    Attributes:
        method: the method's name.
        trained: its tasks.
        settings: how serving is measured.
        seed: of the requests.
        reference: the answers of each task served alone.
    """

    method: str
    trained: list[Entry]
    settings: ServingSettings
    seed: int
    reference: Reference


class Session:
    """Ways that share what is in memory, while the number of tasks grows."""

    def __init__(self, ways: list[Way], plan: Plan) -> None:
        self.ways, self.plan, self.settings = ways, plan, plan.settings
        self.refused: dict[str, str] = {}
        self.stopped: str | None = None
        self.seconds: list[float] = []
        self.cold: dict[str, float] = {}
        self.switches: dict[str, tuple[int, list[float]]] = {}
        self.checks: list[Check] = []
        self.notes: list[MergeDrift] = []
        clear_memory()
        self.start = resident()

    def run(self) -> list[Served]:
        """Return a record for every way and every number of tasks."""
        counts = sorted({*self.settings.task_counts, len(self.plan.trained)})
        return [row for count in counts for row in self.serve(count)]

    def serve(self, count: int) -> list[Served]:
        """Make more tasks available until there are `count`, then measure each way."""
        entries = copy_entries(self.plan.trained, count)
        reason = self.stopped or self.check_memory(count)
        if reason is None:
            reason = self.stopped = self.try_to_grow(entries)
        return [self.serve_one(way, entries, reason or self.refused.get(way.name)) for way in self.ways]

    def check_memory(self, count: int) -> str | None:
        """Return why so many tasks are not held at once: full models would take more than the limit."""
        way, limit = self.ways[0], self.settings.memory_limit_mb * 1_000_000
        held = distinct_bytes(way.modules()) if way.entries else 0
        wanted = held * count // max(1, len(way.entries))
        if way.shares_backbone or not way.keeps_all or wanted <= limit:
            return None
        return f"{count} full models would take {wanted} bytes, over the study's limit of {limit}"

    def try_to_grow(self, entries: list[Entry]) -> str | None:
        """Make the tasks available, and return why that was not possible, such as a full GPU, or None."""
        try:
            self.seconds += add_tasks(self.ways, entries)
        except Exception as error:
            if not is_refusal(error):
                raise
            return first_line(error)
        return None

    def serve_one(self, way: Way, entries: list[Entry], reason: str | None) -> Served:
        """Return one way's record, or one that says why there is none."""
        trained = len(entries) <= len(self.plan.trained)
        row = Served(way=way.name, method=self.plan.method, tasks=len(entries), trained=trained, reason=reason)
        if reason is not None:
            return row
        way.prepare()
        clear_memory()
        try:
            figures = self.measure(way, entries)
            if len(entries) == len(self.plan.trained):
                self.look_closer(way, entries)
            self.note(way, len(entries))
        except Exception as error:
            if not is_refusal(error):
                raise
            row.reason = self.refused[way.name] = first_line(error)
            return row
        log_figures(way, len(entries), figures)
        return replace(row, **figures)

    def look_closer(self, way: Way, entries: list[Entry]) -> None:
        """Check the answers, after all the switches."""
        self.checks.append(check_way(way, self.plan.method, entries, self.plan.reference, self.settings))

    def note(self, way: Way, count: int) -> None:
        """Let the way put back what it changed, and keep what it says about it."""
        noted = way.finish()
        if noted:
            self.notes.append(MergeDrift(way=way.name, method=self.plan.method, tasks=count, **noted))

    def measure(self, way: Way, entries: list[Entry]) -> dict[str, Any]:
        """Return the figures of one way."""
        # The newest task: its answer waits for all that was loaded.
        first = time_call(functools.partial(way.answer, [(entries[-1].name, entries[-1].examples[0])]))
        self.cold.setdefault(way.name, first)
        way.remember()
        held, size = distinct_bytes(way.modules()), resident()
        timed_with, switches = self.find_switches(way, entries)
        self.answer_batch(way, entries)
        shared = way.shares_backbone
        return {
            "disk_bytes": sum(entry.disk_bytes for entry in entries) + shared * entries[0].backbone_bytes,
            "held_bytes": held,
            "peak_allocated_bytes": peak_allocated(),
            # A process that has shrunk since says nothing of what tasks take.
            "resident_bytes": size - self.start if size and self.start and size > self.start else None,
            "first_answer_seconds": first + sum(self.seconds) if way.keeps_all else self.cold[way.name],
            "add_task_seconds": self.seconds[-1] if way.keeps_all and len(entries) > 1 else None,
            "switch_seconds_median": median(switches),
            "switch_seconds_p99": percentile(switches, 0.99),
            "switches": len(switches) or None,
            "switch_tasks": timed_with if switches else None,
        }

    def find_switches(self, way: Way, entries: list[Entry]) -> tuple[int, list[float]]:
        """Return among how many tasks switches were timed, and how long each took. Reading a task from the disk does
        not depend on how many there are: it is timed once."""
        if way.keeps_all or way.name not in self.switches:
            timed = len(entries), self.time_switches(way, entries)
            if not timed[1]:
                return timed
            self.switches[way.name] = timed
        return self.switches[way.name]

    def answer_batch(self, way: Way, entries: list[Entry]) -> None:
        """Answer a full batch, for the peak of memory; a way that has one task in memory, of one task."""
        asked = entries if way.keeps_all else entries[-1:]
        way.answer(draw_requests(asked, self.settings.batch_size, self.plan.seed))

    def time_switches(self, way: Way, entries: list[Entry]) -> list[float]:
        """Return how long each change to another task takes; none where nothing has to change."""
        if not way.switches or len(entries) < 2:
            return []
        drawn = random.Random(f"{self.plan.seed} switches")
        names, order = [entry.name for entry in entries], [entries[-1].name]
        while len(order) <= self.settings.switches:
            # Never the task that is ready: that would be no switch.
            order.append(drawn.choice([name for name in names if name != order[-1]]))
        way.switch(order[0])
        calls: list[Callable[[], Any]] = [functools.partial(way.switch, name) for name in order[1:]]
        return time_calls(calls, self.settings.seconds_for_switches)


def add_tasks(ways: list[Way], entries: list[Entry]) -> Iterator[float]:
    """Make the tasks available that are not yet, in ways that share what is in memory; yield how long each took."""
    first, *others = ways
    for entry in entries[len(first.entries) :]:
        yield time_call(functools.partial(first.add, entry))
        for way in others:
            way.shared = first.shared  # type: ignore[attr-defined]
            way.add(entry)


def log_figures(way: Way, count: int, figures: dict[str, Any]) -> None:
    """Log one way's figures as soon as they are known: a measurement that is stopped leaves those it had."""
    switch = figures["switch_seconds_median"]
    logger.info(
        "%s · %d tasks · %.3g s to the first answer · %s",
        *(way.name, count, figures["first_answer_seconds"]),
        "nothing to switch" if switch is None else f"{switch:.3g} s to switch",
    )
