"""The figure of the comparison: how many times the assignment's speed, with the targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

OURS, OTHERS, WANTED = "#2a6f97", "#adb5bd", "#c1121f"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw the rows that have a ratio as bars, first row on top, and write them as SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "fineprint", "font.family": "DejaVu Sans", "font.size": 10}
    from matplotlib import pyplot

    known = [row for row in reversed(rows) if row["ratio"] is not None]
    figure, axes = pyplot.subplots(figsize=(9, 1.4 + 0.34 * len(known)), layout="constrained")
    places = range(len(known))
    ratios = [row["ratio"] for row in known]
    axes.barh(places, [max(ratio, 1.001) - 1 for ratio in ratios], left=1, height=0.62, color=list(map(color, known)))
    for place, row in zip(places, known, strict=True):
        label = f"{row['ratio']:.0f} ×" if row["ratio"] >= 20 else f"{row['ratio']:.1f} ×"
        end = max(row["ratio"], row["wanted"] or 1)
        axes.annotate(label, (end, place), (5, 0), textcoords="offset points", va="center")
    wanted = [(row["wanted"], place) for place, row in zip(places, known, strict=True) if row["wanted"]]
    for ratio, place in wanted:
        axes.plot([ratio, ratio], [place - 0.4, place + 0.4], color=WANTED, linewidth=2)
    axes.set_xscale("log")
    axes.set_xlim(1, max([*ratios, *(ratio for ratio, _ in wanted), 10]) * 1.8)
    axes.set_xticks([1, 2, 5, 10, 20, 50, 100, 200], ["1", "2", "5", "10", "20", "50", "100", "200"])
    axes.set_xticks([], minor=True)
    axes.set_yticks(places, [row["work"].replace("`", "") for row in known])
    axes.set_xlabel("times the speed of the assignment's way (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    handles = [
        matplotlib.patches.Patch(color=OURS, label="Fineprint"),
        matplotlib.patches.Patch(color=OTHERS, label="what users pick instead"),
        matplotlib.lines.Line2D([], [], color=WANTED, linewidth=2, label="target"),
    ]
    axes.legend(handles=handles, loc="lower right", frameon=False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def color(row: dict[str, Any]) -> str:
    """Return a bar's color: rows without a wanted ratio are what others offer."""
    return OURS if row["wanted"] else OTHERS
