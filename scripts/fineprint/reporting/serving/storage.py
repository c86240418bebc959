"""Sentences on what adapters save in storage, memory and cold start, whichever way the measurements fall."""

from __future__ import annotations

from collections.abc import Callable

from fineprint.reporting.serving.data import EXTRAPOLATED, WORDS, Series, ServingResults, meeting

WORKED = (2, 10)  # the numbers of tasks that the assignment asks for
MANY_TIMES = 1.5  # from here on a larger value is told as a multiple


def compare(value: float, base: float, write: Callable[[float | None], str]) -> str:
    """Return a value against a base, and by what factor or share it differs, in words that follow the data."""
    ratio = value / base if base else 0.0
    outcome = "same" if value == base else "less" if value < base else "times" if ratio >= MANY_TIMES else "more"
    written = {"value": write(value), "base": write(base)}
    return WORDS("compared", outcome, ratio=ratio, more=ratio - 1, less=1 - ratio, **written)


def worked_sentences(part: ServingResults) -> list[str]:
    """Return disk, memory and cold start for the numbers of tasks that the assignment asks for."""
    pair = part.find_pair()
    if pair is None:
        return []
    whole, shared = (part.title(series.method) for series in pair)
    sentences = []
    for count in WORKED:
        figures = [figure for key in EXTRAPOLATED if (figure := work_out(part, *pair, key, count))]
        if figures:
            copies = part.count_copies(count)
            sentences.append(WORDS("worked", tasks=count, copies=copies, shared=shared, whole=whole, figures=figures))
    return sentences


def work_out(
    part: ServingResults, whole: Series, shared: Series, key: str, count: int
) -> tuple[str, str, list[str]] | None:
    """Return one figure of adapters against full models at a number of tasks, measured, or else on the line through
    what was measured at other numbers: its name, the comparison, and these numbers. None where there is neither."""
    small, large = figure_at(part, shared, key, count), figure_at(part, whole, key, count)
    if small is None or large is None:
        return None
    counts = [str(number) for number in large[1] or small[1]]
    return WORDS("figure", key), compare(small[0], large[0], EXTRAPOLATED[key]), counts


def figure_at(part: ServingResults, series: Series, key: str, count: int) -> tuple[float, tuple[int, ...]] | None:
    """Return a figure at a number of tasks, and the numbers that it was extrapolated from: none where it was
    measured."""
    measured = part.points(series, key)
    if count in measured:
        return measured[count], ()
    line = part.line(series, key)
    return (line.at(count), line.counts) if line else None


def per_task_sentences(part: ServingResults) -> list[str]:
    """Return what a further task adds and from how many tasks on adapters take less; what does not grow along a line
    is told at the fewest and the most tasks measured."""
    pair = part.find_pair()
    return [sentence for key in EXTRAPOLATED if pair and (sentence := tell_growth(part, *pair, key))]


def tell_growth(part: ServingResults, whole: Series, shared: Series, key: str) -> str:
    """Return one figure's growth with the number of tasks; nothing where it was not measured of both."""
    figure, write = WORDS("figure", key), EXTRAPOLATED[key]
    large, small = part.line(whole, key), part.line(shared, key)
    if large is not None and small is not None:
        count = meeting(small, large)
        met = WORDS("meeting", "never" if count is None else "first" if count == 1 else "later", count=count)
        steps = {"shared": write(max(small.step, 0.0)), "whole": write(max(large.step, 0.0))}
        counts = [str(number) for number in small.counts]
        return WORDS("growth", "linear", figure=figure, counts=counts, meeting=met, **steps)
    larger, smaller = part.points(whole, key), part.points(shared, key)
    both = sorted(set(larger) & set(smaller))
    ends = dict.fromkeys((*both[:1], *both[-1:]))
    figures = [(count, compare(smaller[count], larger[count], write)) for count in ends]
    return WORDS("growth", "other", figure=figure, figures=figures) if figures else ""
