"""Section 7's sentences on serving: what adapters spare and what they cost, whichever way the measurements fall."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fineprint.core import formats
from fineprint.reporting.serving.data import EXTRAPOLATED, WAYS, WHOLE, ServingResults, meeting

Write = Callable[[float | None], str]
WORKED = (2, 10)  # the numbers of tasks that the assignment asks for


def compare(value: float, base: float, write: Write, more: str = "more", less: str = "less") -> str:
    """Return a value beside a base, and by what factor or share it differs, in words that follow the data."""
    if value == base:
        return f"{write(value)}, the same"
    if value > base:
        factor = formats.times(value / base) if value >= 1.5 * base else f"{formats.percent(value / base - 1)}"
        return f"{write(value)} against {write(base)} ({factor}{' as much' if value >= 1.5 * base else f' {more}'})"
    return f"{write(value)} against {write(base)} ({formats.percent(1 - value / base)} {less})"


def find_pair(part: ServingResults) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """Return whole models in memory and adapters switched, each with its method, or None if one is missing."""
    whole, shared = part.find(("resident",)), part.find(("switched",))
    return (whole, shared) if whole and shared else None


def figure_at(part: ServingResults, pair: tuple[str, str], key: str, count: int) -> tuple[float, str] | None:
    """Return a figure at a number of tasks and how it was come by: measured, or by the line through the measured."""
    row = part.served(*pair, count)
    if row is not None and row[key] is not None:
        return row[key], "measured"
    line = part.line(*pair, key) if key in EXTRAPOLATED else None
    if line is None:
        return None
    return line.at(count), f"extrapolated from {formats.join([str(number) for number in line.counts])} tasks"


def worked_sentences(part: ServingResults) -> list[str]:
    """Return disk, memory and start for the numbers of tasks that the assignment asks for."""
    pair = find_pair(part)
    if pair is None:
        return []
    whole, shared = pair
    sentences = []
    for count in WORKED:
        parts = []
        for key, what in EXTRAPOLATED.items():
            write = formats.duration if key.endswith("seconds") else formats.size
            small, large = figure_at(part, shared, key, count), figure_at(part, whole, key, count)
            if small is not None and large is not None:
                origin = "" if large[1] == small[1] == "measured" else f" [{large[1]}]"
                parts.append(f"{what} {compare(small[0], large[0], write)}{origin}")
        if parts:
            spare = count - len(part.tasks)
            copies = f", {spare} of them copies" if spare > 0 else ""
            names = f"{part.title(shared[1])} on one backbone beside {part.title(whole[1])}, a whole model per task"
            sentences.append(f"{formats.plural(count, 'task')}{copies}, {names}: {'; '.join(parts)}.")
    return sentences


def per_task_sentences(part: ServingResults) -> list[str]:
    """Return what a further task adds and from how many tasks on adapters take less; what does not grow along a line
    is told at the fewest and the most tasks measured."""
    pair = find_pair(part)
    if pair is None:
        return []
    return [sentence for key in EXTRAPOLATED if (sentence := tell_growth(part, pair, key))]


def tell_growth(part: ServingResults, pair: tuple[tuple[str, str], tuple[str, str]], key: str) -> str:
    """Return one figure's growth with the number of tasks."""
    write = formats.duration if key.endswith("seconds") else formats.size
    whole, shared = (part.line(*found, key) for found in pair)
    if whole is not None and shared is not None:
        counts = formats.join([str(count) for count in shared.counts])
        return (
            f"{EXTRAPOLATED[key].capitalize()}: a further task adds {write(max(shared.step, 0.0))} with adapters and "
            f"{write(max(whole.step, 0.0))} with whole models (lines through the figures measured at {counts} tasks); "
            f"{word_meeting(meeting(shared, whole))}."
        )
    large, small = (dict(part.points(*found, key)) for found in pair)
    both = sorted(set(large) & set(small))
    if not both:
        return ""
    told = [f"{count}: {compare(small[count], large[count], write)}" for count in dict.fromkeys((both[0], both[-1]))]
    return (
        f"{EXTRAPOLATED[key].capitalize()}, adapters against whole models by number of tasks: {'; '.join(told)}. It "
        "does not grow along a line, so none is drawn."
    )


def word_meeting(count: int | None) -> str:
    """Return from how many tasks on adapters take less."""
    if count is None:
        return "adapters never take less"
    return "adapters take less from the first task on" if count == 1 else f"adapters take less from {count} tasks on"


def speed_sentences(part: ServingResults) -> list[str]:
    """Return where sharing a backbone is quicker and where it is slower."""
    return [*switch_sentences(part), *stream_sentences(part), *merge_sentences(part)]


def switch_sentences(part: ServingResults) -> list[str]:
    """Return how long a switch takes, by way, for the fewest and the most tasks measured."""
    found = []
    for way, method in part.series:
        points = part.points(way, method, "switch_seconds_median")
        if points:
            (low, first), (high, last) = points[0], points[-1]
            later = f" ({formats.duration(last)} for {high})" if high > low else ""
            found.append((first, f"{WAYS[way][0].lower()} {formats.duration(first)}{later}"))
    if len(found) < 2:
        return []
    low = min(part.counts[1:], default=1)
    return [f"A switch among {low} tasks takes, the quickest first: {'; '.join(words for _, words in sorted(found))}."]


def stream_sentences(part: ServingResults) -> list[str]:
    """Return which way answers a mixed stream fastest, and what sharing costs or gains there."""
    sentences = []
    for count in dict.fromkeys((*part.counts[1:2], *part.counts[-1:])):
        rows = [row for row in part.rows if row["tasks"] == count and row["rows_per_second"] is not None]
        if len(rows) < 2:
            continue
        ordered = sorted(rows, key=lambda row: -row["rows_per_second"])
        ends = f"{name_end(ordered, 'fastest')}; {name_end(ordered[::-1], 'slowest')}"
        sentences.append(f"A stream of {count} tasks in random order: {ends}.{against_whole(rows)}")
    return sentences


def name_end(ordered: list[dict[str, Any]], which: str) -> str:
    """Return which way is at one end, or those whose rounds overlap with its own."""
    level = [row for row in ordered if row is ordered[0] or not ranges_apart(row, ordered[0])]
    if len(level) == 1:
        return f"{which} is {tell_rate(level[0])}"
    return (
        f"which is {which} cannot be told, for the rounds of {formats.join([tell_rate(row) for row in level])} overlap"
    )


def tell_rate(row: dict[str, Any]) -> str:
    """Return a way with its rows per second, and the range of its rounds."""
    low, high = row.get("rows_per_second_low"), row.get("rows_per_second_high")
    spread = "" if low is None or high is None else f", {formats.rate(low)} to {formats.rate(high)}"
    return f"{WAYS[row['way']][0].lower()} ({formats.rate(row['rows_per_second'])} rows/s{spread})"


def ranges_apart(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Return whether the ranges of two ways' rounds at a stream are known and do not overlap."""
    ranges = [(row.get("rows_per_second_low"), row.get("rows_per_second_high")) for row in (first, second)]
    (low, high), (other_low, other_high) = ranges
    if low is None or high is None or other_low is None or other_high is None:
        return False
    return low > other_high or other_low > high


def against_whole(rows: list[dict[str, Any]]) -> str:
    """Return how the best way that shares the backbone stands against whole models in memory."""
    whole = next((row for row in rows if row["way"] == "resident"), None)
    shared = max((row for row in rows if row["way"] not in WHOLE), key=lambda row: row["rows_per_second"], default=None)
    if whole is None or shared is None:
        return ""
    name, ratio = WAYS[shared["way"]][0].lower(), shared["rows_per_second"] / whole["rows_per_second"]
    if not ranges_apart(whole, shared):
        return (
            f" Adapters and whole models cannot be told apart here: the rounds of their best way ({name}) overlap with "
            "those of whole models."
        )
    if ratio > 1:
        return (
            f" Adapters win here: their best way ({name}) reaches {formats.times(ratio)} the rows of whole models in "
            "memory."
        )
    return (
        f" Adapters lose here: their best way ({name}) reaches {formats.percent(ratio)} of the rows of whole models in "
        "memory."
    )


def merge_sentences(part: ServingResults) -> list[str]:
    """Return what an adapter costs in a batch, what merging spares, and from how many batches on that pays."""
    pair, merged = find_pair(part), part.find(("merged",))
    plain = part.find(("switched",))
    if not part.batch_sizes() or plain is None:
        return []
    size = part.batch_sizes()[-1]
    times = [part.latency(*found, size) if found else None for found in (pair[0] if pair else None, plain, merged)]
    sentences = []
    if times[0] and times[1]:
        sentences.append(tell_latency(times[1], times[0], "an adapter that is not merged", "the whole model"))
    if times[1] and times[2]:
        sentences.append(tell_latency(times[2], times[1], "a merged adapter", "one that is not"))
        sentences += break_even(part, times[1], times[2])
    return sentences


def tell_latency(new: dict[str, Any], base: dict[str, Any], name: str, other: str) -> str:
    """Return how a batch takes in two ways; a difference is told only where the intervals lie apart."""
    batch = f"A batch of {formats.plural(new['rows'], 'row')} of one task that is ready"
    if is_apart(new, base):
        beside = compare(new["seconds_median"], base["seconds_median"], formats.duration, "longer", "shorter")
        return f"{batch} takes {beside} with {name}, beside {other}."
    return (
        f"{batch} takes {formats.duration(new['seconds_median'])} with {name} and "
        f"{formats.duration(base['seconds_median'])} with {other}: no difference can be shown."
    )


def is_apart(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Return whether the intervals of two medians do not overlap; without intervals that cannot be said."""
    if first["seconds_low"] is None or second["seconds_low"] is None:
        return False
    return first["seconds_low"] > second["seconds_high"] or second["seconds_low"] > first["seconds_high"]


def break_even(part: ServingResults, plain: dict[str, Any], merged: dict[str, Any]) -> list[str]:
    """Return from how many batches per switch on merging pays for the slower switch."""
    switches = [
        row["switch_seconds_median"]
        for way in ("merged", "switched")
        for pair in [part.find((way,))]
        for row in [part.served(*pair, part.counts[1]) if pair and len(part.counts) > 1 else None]
        if row is not None and row["switch_seconds_median"] is not None
    ]
    spared = plain["seconds_median"] - merged["seconds_median"]
    if len(switches) < 2:
        return []
    if not is_apart(plain, merged):
        return ["So no number of batches can be given from which merging pays for its slower switch."]
    if spared <= 0:
        return ["Merging never pays here: a merged batch is not quicker."]
    batches = max(1, math.ceil((switches[0] - switches[1]) / spared))
    noun = "batch" if batches == 1 else "batches"
    return [
        f"Merging pays from {formats.count(batches)} {noun} of one task between two switches on (a switch costs "
        f"{formats.duration(switches[0])} instead of {formats.duration(switches[1])})."
    ]
