"""The workflow as a graph: the steps that made a study, from top to bottom, with their times."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from fineprint.core import formats
from fineprint.reporting.figures.drawing import Drawing, caption_figure
from fineprint.reporting.figures.style import GRAY, INK, LIGHT, WIDTH
from fineprint.results.steps import RuleTimes, direct_arrows, list_steps, place_steps, summarize_jobs
from fineprint.results.study import Study

BOX_WIDTH, BOX_HEIGHT, LEVEL_HEIGHT, BOX_SPACING = 1.0, 0.62, 0.62, 1.1
NAME_LENGTH = 18  # letters that a box has room for in one line


def draw_workflow(study: Study) -> Drawing:
    """Draw the rules from top to bottom in data-flow order."""
    steps, times = list_steps(study), summarize_jobs(study)
    levels = place_steps(steps)
    places = spread(levels)
    figure, axis = plt.subplots(figsize=(WIDTH, LEVEL_HEIGHT * (max(levels.values()) + 1)), layout="constrained")
    axis.set_axis_off()
    widest = max(list(levels.values()).count(level) for level in levels.values())
    half = max(2.0, (BOX_SPACING * (widest - 1) + BOX_WIDTH) / 2)
    axis.set(xlim=(-half, half), ylim=(-max(levels.values()) - 0.4, 0.4))
    for earlier, later in direct_arrows(steps):
        draw_arrow(axis, places[earlier], places[later])
    for step in steps:
        draw_box(axis, places[step.rule], step.rule, describe_jobs(times.get(step.rule)))
    rows = [
        {"rule": step.rule, "leaves": step.leaves, "waits_for": " ".join(step.after)}
        | {key: getattr(times.get(step.rule), key, None) for key in ("jobs", "seconds")}
        for step in steps
    ]
    return caption_figure(figure, "workflow", rows, timed=bool(times), steps=steps)


def spread(levels: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Return the middle of each box: the rules of a level side by side."""
    places = {}
    for level in set(levels.values()):
        rules = [rule for rule, own in levels.items() if own == level]
        for position, rule in enumerate(rules):
            places[rule] = (BOX_SPACING * (position - (len(rules) - 1) / 2), float(-level))
    return places


def draw_arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow from the bottom of one box to the top of another."""
    axis.annotate(
        "",
        (end[0], end[1] + BOX_HEIGHT / 2),
        (start[0], start[1] - BOX_HEIGHT / 2),
        arrowprops={"arrowstyle": "-|>", "color": GRAY, "shrinkA": 0, "shrinkB": 0, "linewidth": 0.9},
    )


def draw_box(axis: Axes, place: tuple[float, float], rule: str, note: str) -> None:
    """Draw a box with a rule's name and a note below it."""
    corner = (place[0] - BOX_WIDTH / 2, place[1] - BOX_HEIGHT / 2)
    style = "round,pad=0,rounding_size=0.06"
    axis.add_patch(FancyBboxPatch(corner, BOX_WIDTH, BOX_HEIGHT, style, facecolor="white", edgecolor=LIGHT, zorder=2))
    name = break_name(rule)
    up = 0 if not note else 0.1 if name == rule else 0.08
    look = {"ha": "center", "va": "center", "color": INK, "zorder": 3}
    axis.text(place[0], place[1] + up, name, fontsize=7.5, weight="bold", linespacing=1.0, **look)
    axis.text(place[0], place[1] - (0.13 if name == rule else 0.2), note, fontsize=6.5, **look)


def break_name(rule: str) -> str:
    """Return a rule's name, one that is too long for a box on two lines: write_backbone_ / settings."""
    if len(rule) <= NAME_LENGTH:
        return rule
    breaks = [position + 1 for position, letter in enumerate(rule) if letter == "_"]
    middle = min(breaks, key=lambda position: abs(position - len(rule) / 2), default=len(rule))
    return f"{rule[:middle]}\n{rule[middle:]}".rstrip()


def describe_jobs(times: RuleTimes | None) -> str:
    """Write number of jobs and their time, or nothing where neither is known."""
    return f"{formats.plural(times.jobs, 'job')}, {formats.seconds(times.seconds)}" if times else ""
