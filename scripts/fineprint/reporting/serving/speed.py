"""Sentences on switching and throughput: where sharing a backbone is quicker and where it is slower."""

from __future__ import annotations

import math
from operator import attrgetter, itemgetter

from fineprint.core.records import Latency, Served
from fineprint.reporting.serving.data import FULL_MODELS, WORDS, ServingResults

RATE = attrgetter("rows_per_second")


def speed_sentences(part: ServingResults) -> list[str]:
    """Return where sharing a backbone is quicker and where it is slower."""
    return [*switch_sentences(part), *stream_sentences(part), *merge_sentences(part)]


def switch_sentences(part: ServingResults) -> list[str]:
    """Return how long a switch takes, by way, for the fewest and the most tasks measured."""
    found = []
    for series in part.series:
        points = list(part.points(series, "switch_seconds_median").items())
        if points:
            (fewest, first), (most, last) = points[0], points[-1]
            found.append((first, series.name, last, most if most > fewest else None))
    if len(found) < 2:
        return []
    return [WORDS("switch", tasks=min(part.counts[1:], default=1), ways=sorted(found, key=itemgetter(0)))]


def stream_sentences(part: ServingResults) -> list[str]:
    """Return which way answers a mixed stream fastest, and what sharing costs or gains there."""
    sentences = []
    for count in dict.fromkeys((*part.counts[1:2], *part.counts[-1:])):
        rows = [row for row in part.rows if row.tasks == count and row.rows_per_second is not None]
        if len(rows) > 1:
            ordered = sorted(rows, key=RATE, reverse=True)
            ends = {"fastest": name_end(ordered, "fastest"), "slowest": name_end(ordered[::-1], "slowest")}
            told = [WORDS("stream", tasks=count, **ends), compare_with_full_models(rows)]
            sentences.append(" ".join(filter(None, told)))
    return sentences


def name_end(ordered: list[Served], which: str) -> str:
    """Return which way is at one end, or those whose rounds overlap with its own."""
    level = [row for row in ordered if row is ordered[0] or not rounds_apart(row, ordered[0])]
    return WORDS(which, "one" if len(level) == 1 else "several", rates=[tell_rate(row) for row in level])


def tell_rate(row: Served) -> str:
    """Return a way with its examples per second, and the range of its rounds."""
    low, high = row.rows_per_second_low, row.rows_per_second_high
    outcome = "alone" if low is None or high is None else "range"
    return WORDS("rate", outcome, way=WORDS("way", row.way), rate=row.rows_per_second, low=low, high=high)


def rounds_apart(first: Served, second: Served) -> bool:
    """Return whether the rounds of two ways at a stream are known not to overlap."""
    low, high = first.rows_per_second_low, first.rows_per_second_high
    return ranges_apart(low, high, second.rows_per_second_low, second.rows_per_second_high)


def is_apart(first: Latency, second: Latency) -> bool:
    """Return whether the intervals of two medians are known not to overlap."""
    return ranges_apart(first.seconds_low, first.seconds_high, second.seconds_low, second.seconds_high)


def ranges_apart(low: float | None, high: float | None, other_low: float | None, other_high: float | None) -> bool:
    """Return whether two ranges are known, and do not overlap."""
    if low is None or high is None or other_low is None or other_high is None:
        return False
    return low > other_high or other_low > high


def compare_with_full_models(rows: list[Served]) -> str:
    """Return how the best way that shares the backbone stands against full models in memory."""
    whole = next((row for row in rows if row.way == "resident"), None)
    shared = max((row for row in rows if row.way not in FULL_MODELS), key=RATE, default=None)
    if whole is None or shared is None:
        return ""
    ratio = RATE(shared) / RATE(whole)
    outcome = "level" if not rounds_apart(whole, shared) else "faster" if ratio > 1 else "slower"
    return WORDS("stream_compared", outcome, way=WORDS("way", shared.way), ratio=ratio)


def merge_sentences(part: ServingResults) -> list[str]:
    """Return what an adapter costs in a batch, what merging saves, and from how many batches on that pays off."""
    whole, switched, merged = (part.batch_time(way) for way in ("resident", "switched", "merged"))
    sentences = []
    if switched and whole:
        sentences.append(tell_latency("adapter_latency", switched, whole))
    if switched and merged:
        sentences += [tell_latency("merged_latency", merged, switched), *break_even(part, switched, merged)]
    return sentences


def tell_latency(key: str, new: Latency, base: Latency) -> str:
    """Return how long a batch takes in two ways; a difference is told only where the intervals lie apart."""
    value, other = new.seconds_median, base.seconds_median
    outcome = "level" if not is_apart(new, base) else "longer" if value > other else "shorter"
    return WORDS(key, outcome, examples=new.rows, value=value, base=other, difference=abs(value / other - 1))


def break_even(part: ServingResults, switched: Latency, merged: Latency) -> list[str]:
    """Return from how many batches per switch on merging pays for the slower switch."""
    slow, quick = part.switch_time("merged"), part.switch_time("switched")
    if slow is None or quick is None:
        return []
    if not is_apart(switched, merged):
        return [WORDS("merging", "unknown")]
    saved = switched.seconds_median - merged.seconds_median
    if saved <= 0:
        return [WORDS("merging", "never")]
    return [WORDS("merging", "pays", batches=max(1, math.ceil((slow - quick) / saved)), merged=slow, switched=quick)]
