"""How long one batch of one task takes once it is ready. The ways take turns, so that a busy moment hits all alike."""

from __future__ import annotations

import functools
import math
import statistics
from typing import Any

from fineprint.core.records import Latency
from fineprint.serving.clock import time_call
from fineprint.serving.entries import Entry
from fineprint.serving.ways import Merged, Mixed, Resident, Switched, Way
from fineprint.study.serving_schema import ServingSettings

FEWEST_FOR_AN_INTERVAL = 6
WARM_UP = 3  # rounds that are not counted


def time_batches(entries: dict[str, Entry], settings: ServingSettings) -> list[Latency]:
    """Return median times of a batch of one row and of a full batch, by way.

    Args:
        entries: the same task by each method.
        settings: how many rounds are timed, and how large a full batch is.
    """
    ready = [(method, get_ready(way, entry), entry) for method, entry in entries.items() for way in list_ways(entry)]
    found = []
    for rows in dict.fromkeys((1, settings.batch_size)):
        seconds: list[list[float]] = [[] for _ in ready]
        for turn in range(WARM_UP + settings.repeats):
            for place, (_, way, entry) in enumerate(ready):
                taken = time_call(functools.partial(answer_ready, way, entry, rows))
                if turn >= WARM_UP:
                    seconds[place].append(taken)
        found += [
            summarize_times(way.name, method, rows, taken)
            for (method, way, _), taken in zip(ready, seconds, strict=True)
        ]
    return found


def list_ways(entry: Entry) -> list[Way]:
    """Return the ways whose forward pass differs, as far as the adapter's abilities allow them."""
    adapter = entry.method.adapter
    return [Resident()] * adapter.saves_whole_model + ([Switched(), Mixed(), Merged()] if adapter.can_mix else [])


def get_ready(way: Way, entry: Entry) -> Way:
    """Load one task in a way and switch to it."""
    way.add(entry)
    way.switch(entry.name)
    return way


def answer_ready(way: Way, entry: Entry, rows: int) -> Any:
    """Answer rows of the task that is ready; a way that has nothing to switch is told the task by row."""
    examples = entry.examples[:rows]
    return way.run(examples) if way.switches else way.answer([(entry.name, example) for example in examples])


def summarize_times(way: str, method: str, rows: int, seconds: list[float]) -> Latency:
    """Return the median with its 95 % interval, which rests on the order of the values only: fewer than six have none,
    for even all of them hold the median less often."""
    ordered, count = sorted(seconds), len(seconds)
    # 1.96 · √(n · ½ · ½): how far the number of values below the median strays from n / 2.
    spread = 0.98 * math.sqrt(count)
    low, high = max(0, math.floor(count / 2 - spread)), min(count - 1, math.ceil(count / 2 + spread))
    return Latency(
        way=way,
        method=method,
        rows=rows,
        seconds_median=statistics.median(ordered),
        seconds_low=ordered[low] if count >= FEWEST_FOR_AN_INTERVAL else None,
        seconds_high=ordered[high] if count >= FEWEST_FOR_AN_INTERVAL else None,
        repeats=count,
    )
