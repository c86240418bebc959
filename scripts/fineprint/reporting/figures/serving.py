"""Figures of section 7: what grows with the number of tasks, measured points and lines through them."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from fineprint.core import formats
from fineprint.reporting.figures.drawing import Drawing, caption_figure, escape, panels
from fineprint.reporting.figures.style import COLORS, GRAY, MARKERS
from fineprint.reporting.serving.data import EXTRAPOLATED, Series, ServingResults
from fineprint.results.study import Study

PANELS: dict[str, tuple[str, Any]] = {
    "disk_bytes": ("Disk", formats.size),
    "held_bytes": ("Memory held", formats.size),
    "first_answer_seconds": ("Time to the first answer", formats.duration),
    "switch_seconds_median": ("Time of a switch", formats.duration),
    "rows_per_second": ("Examples per second, mixed stream", formats.rate),
}
BEYOND = 2  # lines are drawn up to so many times the largest number of tasks


def draw_growth(study: Study) -> Drawing | None:
    """Draw each figure against the number of tasks, on logarithmic axes; the last panel is the key."""
    if study.results.serving is None:
        return None
    part = ServingResults(study)
    if not part.rows:
        return None
    figure, axes = panels(len(PANELS) + 1, 2, 2.35)
    for axis, key in zip(axes, PANELS, strict=False):
        draw_panel(axis, part, key)
    draw_key(axes[-1], part)
    held = [
        (series.name, points[0], points[-1])
        for series in part.series
        if (points := list(part.points(series, "held_bytes").items()))
    ]
    extrapolated = sorted(PANELS[key][0].lower() for key in EXTRAPOLATED)
    smallest, largest = (choose(held, key=lambda way: way[2][1], default=None) for choose in (min, max))
    return caption_figure(
        figure,
        "growth",
        data_rows(part),
        trained=len(part.tasks),
        extrapolated=extrapolated,
        held=held,
        smallest=smallest,
        largest=largest,
    )


def look(part: ServingResults, series: Series) -> dict[str, Any]:
    """Return color and mark of a way."""
    place = part.series.index(series)
    return {"color": COLORS[place % len(COLORS)], "marker": MARKERS[place % len(MARKERS)]}


def draw_panel(axis: Axes, part: ServingResults, key: str) -> None:
    """Draw one figure for every way."""
    title, write = PANELS[key]
    axis.set(xscale="log", yscale="log", xlabel="Tasks")
    axis.set_title(title)
    for series in part.series:
        points = part.points(series, key)
        if points:
            axis.plot(*zip(*points.items(), strict=True), "-", linewidth=0.9, markersize=4.5, **look(part, series))
            draw_line(axis, part, series, key)
    ticks = part.counts if len(part.counts) <= 6 else part.counts[::2]
    axis.minorticks_off()
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: escape(write(value))))


def draw_line(axis: Axes, part: ServingResults, series: Series, key: str) -> None:
    """Draw the line through a figure's values from the last measured one on."""
    line = part.line(series, key) if key in EXTRAPOLATED else None
    if line is None:
        return
    ends = (line.counts[-1], BEYOND * part.counts[-1])
    values = [line.at(end) for end in ends]
    if min(values) > 0:
        axis.plot(ends, values, linestyle="--", linewidth=0.9, color=look(part, series)["color"])


def draw_key(axis: Axes, part: ServingResults) -> None:
    """Draw the key of ways."""
    axis.axis("off")
    line: dict[str, Any] = {"linewidth": 0.9, "markersize": 5}
    for series in part.series:
        axis.plot([], [], "-", label=name_series(part, series), **line, **look(part, series))
    axis.plot([], [], "--", color=GRAY, label="line through the marks", **line)
    axis.legend(loc="center left", fontsize=7.5, borderaxespad=0)


def name_series(part: ServingResults, series: Series) -> str:
    """Return a way's name, with the method where a way has several."""
    several = sum(other.way == series.way for other in part.series) > 1
    return escape(f"{series.name} ({part.title(series.method)})" if several else series.name)


def data_rows(part: ServingResults) -> list[dict[str, Any]]:
    """Return the measured values, a row per way and number of tasks."""
    return [
        {"way": row.way, "method": row.method, "tasks": row.tasks, **{key: getattr(row, key) for key in PANELS}}
        for row in part.rows
    ]
