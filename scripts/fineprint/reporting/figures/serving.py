"""Figures of section 7: what grows with the number of tasks, measured points and lines through them."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from fineprint.core import formats
from fineprint.reporting.figures.drawing import WORDS, Drawing, caption_figure, escape, panels
from fineprint.reporting.figures.style import COLOURS, GREY, MARKERS
from fineprint.reporting.serving.data import EXTRAPOLATED, WAYS, ServingResults
from fineprint.results.lookup import Study

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
    if not study.results.get("serving"):
        return None
    part = ServingResults(study)
    if not part.rows:
        return None
    figure, axes = panels(len(PANELS) + 1, 2, 2.35)
    for axis, key in zip(axes, PANELS, strict=False):
        draw_panel(axis, part, key)
    draw_key(axes[-1], part)
    extrapolated = sorted(PANELS[key][0].lower() for key in EXTRAPOLATED)
    return caption_figure(
        figure, "growth", data_rows(part), trained=len(part.tasks), extrapolated=extrapolated, ways=list_held(part)
    )


def look(part: ServingResults, pair: tuple[str, str]) -> dict[str, Any]:
    """Return colour and mark of a way."""
    place = part.series.index(pair)
    return {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}


def draw_panel(axis: Axes, part: ServingResults, key: str) -> None:
    """Draw one figure for every way."""
    title, write = PANELS[key]
    axis.set(xscale="log", yscale="log", xlabel="Tasks")
    axis.set_title(title)
    for pair in part.series:
        points = part.points(*pair, key)
        if not points:
            continue
        axis.plot(*zip(*points, strict=True), linestyle="-", linewidth=0.9, markersize=4.5, **look(part, pair))
        draw_line(axis, part, pair, key)
    ticks = part.counts if len(part.counts) <= 6 else part.counts[::2]
    axis.minorticks_off()
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: escape(write(value))))


def draw_line(axis: Axes, part: ServingResults, pair: tuple[str, str], key: str) -> None:
    """Draw the line through a figure's values from the last measured one on."""
    line = part.line(*pair, key) if key in EXTRAPOLATED else None
    if line is None:
        return
    ends = (line.counts[-1], BEYOND * part.counts[-1])
    values = [line.at(end) for end in ends]
    if min(values) > 0:
        axis.plot(ends, values, linestyle="--", linewidth=0.9, color=look(part, pair)["color"])


def draw_key(axis: Axes, part: ServingResults) -> None:
    """Draw the key of ways."""
    axis.axis("off")
    handles = [
        plt.Line2D([], [], linestyle="-", linewidth=0.9, markersize=5, label=name_pair(part, pair), **look(part, pair))
        for pair in part.series
    ]
    handles.append(plt.Line2D([], [], linestyle="--", linewidth=0.9, color=GREY, label="line through the marks"))
    axis.legend(handles=handles, loc="center left", fontsize=7.5, borderaxespad=0)


def name_pair(part: ServingResults, pair: tuple[str, str]) -> str:
    """Return a way's name, with the method where a way has several."""
    way, method = pair
    several = sum(other == way for other, _ in part.series) > 1
    return escape(f"{WAYS[way][0]} ({part.title(method)})" if several else WAYS[way][0])


def list_held(part: ServingResults) -> str:
    """Return the memory that each way holds for the fewest and the most tasks measured."""
    told = []
    for way, method in part.series:
        points = part.points(way, method, "held_bytes")
        if points:
            (fewest, first), (most, last) = points[0], points[-1]
            values = {"first": first, "fewest": fewest, "last": last, "most": most}
            told.append(WORDS("growth", "way", way=WAYS[way][0], **values))
    return "; ".join(told)


def data_rows(part: ServingResults) -> list[dict[str, Any]]:
    """Return the measured values, a row per way and number of tasks."""
    return [
        {"way": row["way"], "method": row["method"], "tasks": row["tasks"], **{key: row[key] for key in PANELS}}
        for row in part.rows
    ]
