"""The workflow as a graph: what each rule leaves, and which rules it waits for. A test compares it with Snakemake's own
graph, so it cannot grow old unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from fineprint.reporting import formats
from fineprint.reporting.drawing import Drawing
from fineprint.reporting.study import Study
from fineprint.reporting.style import GREY, INK, LIGHT, WIDTH


@dataclass(frozen=True)
class Step:
    """One rule: what it leaves, and the rules whose outputs it reads."""

    rule: str
    leaves: str
    after: tuple[str, ...] = ()


SERVED = (
    *("prepare_task", "fetch_backbone", "write_run_config", "train_method", "predict_labels"),
    "write_multitask_settings",
)
STEPS = (
    Step("check_access", "the commits of everything on the hub"),
    Step("fetch_source", "a model's or data set's files and their hashes", ("check_access",)),
    Step("write_task_settings", "a task's settings"),
    Step("prepare_task", "rows by split, the held-out part cut off", ("fetch_source", "write_task_settings")),
    Step("write_backbone_settings", "a backbone's settings"),
    Step("fetch_backbone", "a model folder", ("fetch_source", "write_backbone_settings")),
    Step("write_run_config", "the settings of one run"),
    Step(
        "train_method",
        "what was trained, its history and its model card",
        ("prepare_task", "fetch_backbone", "write_run_config"),
    ),
    Step(
        "predict_labels",
        "answers to the test rows",
        ("prepare_task", "fetch_backbone", "write_run_config", "train_method"),
    ),
    Step("score_predictions", "scores with intervals", ("prepare_task", "predict_labels")),
    Step("write_multitask_settings", "the settings of many tasks on one backbone"),
    Step("serve_tasks", "every way to serve several tasks, measured", SERVED),
    Step("combine_tasks", "scores of combined adapters", SERVED),
    Step("measure_forgetting", "the first task before and after the second", SERVED),
    Step("write_study_config", "the study's settings"),
    Step(
        "collect_results",
        "all records in one file, and the table",
        (
            *("prepare_task", "fetch_backbone", "train_method", "predict_labels", "score_predictions"),
            *("serve_tasks", "combine_tasks", "measure_forgetting", "write_study_config"),
        ),
    ),
    Step("plot_figures", "figures and their data", ("collect_results",)),
    Step("render_report", "the page and the PDF", ("collect_results", "plot_figures")),
)
COLLECTING = "collect_results"  # times are read while it runs: what its own file and later ones say is an earlier run's
BOX_WIDTH, BOX_HEIGHT, LEVEL_HEIGHT, BOX_SPACING = 1.0, 0.62, 0.62, 1.1
NAME_LENGTH = 18  # letters that a box has room for in one line


def list_steps(study: Study) -> list[Step]:
    """Return the rules that made this study, in data-flow order: all where no times are known."""
    ran = {job["rule"] for job in list_jobs(study)}
    return [step for step in STEPS if not ran or step.rule in ran | late_rules()]


def late_rules() -> set[str]:
    """Return the rules that run after the times were read."""
    return {COLLECTING, *followers(COLLECTING)}


def list_jobs(study: Study) -> list[dict[str, Any]]:
    """Return the jobs that came before collecting, with their times; none where no times were kept."""
    return [job for job in study.results["provenance"].get("jobs") or [] if job["rule"] not in late_rules()]


def followers(rule: str, steps: Sequence[Step] = STEPS) -> set[str]:
    """Return all rules among `steps` that wait for a rule, directly or not."""
    direct = {step.rule for step in steps if rule in step.after}
    return direct.union(*(followers(name, steps) for name in direct))


def direct_arrows(steps: list[Step]) -> list[tuple[str, str]]:
    """Return (earlier, later) pairs, without those that follow from others."""
    shown = {step.rule for step in steps}
    return [
        (before, step.rule)
        for step in steps
        for before in step.after
        if before in shown and not followers(before, steps).intersection(step.after)
    ]


def place_steps(steps: list[Step]) -> dict[str, int]:
    """Return the level of each rule, 0 on top: below all it waits for, and right above the first that waits for it."""
    levels: dict[str, int] = {}
    for step in steps:  # in data-flow order: what a rule waits for comes before it
        levels[step.rule] = max((levels[name] + 1 for name in step.after if name in levels), default=0)
    for step in reversed(steps):
        later = [levels[other.rule] for other in steps if step.rule in other.after]
        if later and not step.after:
            levels[step.rule] = min(later) - 1
    return levels


def summarise_jobs(study: Study) -> dict[str, dict[str, Any]]:
    """Return number, sum and longest of the jobs of each rule, and the highest memory sampled."""
    found: dict[str, list[dict[str, Any]]] = {}
    for job in list_jobs(study):
        found.setdefault(job["rule"], []).append(job)
    return {rule: summarise(jobs) for rule, jobs in found.items()}


def summarise(jobs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is told of one rule's jobs."""
    longest = max(jobs, key=lambda job: job["seconds"])
    peaks = [job["peak_resident_bytes"] for job in jobs if job["peak_resident_bytes"] is not None]
    return {
        "jobs": len(jobs),
        "seconds": sum(job["seconds"] for job in jobs),
        "longest_seconds": longest["seconds"],
        "longest_job": longest["job"],
        "peak_resident_bytes": max(peaks, default=None),
    }


def draw_workflow(study: Study) -> Drawing:
    """Draw the rules from top to bottom in data-flow order."""
    steps, times = list_steps(study), summarise_jobs(study)
    levels = place_steps(steps)
    places = spread(levels)
    figure, axis = plt.subplots(figsize=(WIDTH, LEVEL_HEIGHT * (max(levels.values()) + 1)), layout="constrained")
    axis.set_axis_off()
    widest = max(list(levels.values()).count(level) for level in levels.values())
    half = max(2.0, (BOX_SPACING * (widest - 1) + BOX_WIDTH) / 2)
    axis.set_xlim(-half, half)
    axis.set_ylim(-max(levels.values()) - 0.4, 0.4)
    for earlier, later in direct_arrows(steps):
        draw_arrow(axis, places[earlier], places[later])
    for step in steps:
        draw_box(axis, places[step.rule], step.rule, describe_jobs(times.get(step.rule)))
    rows = [
        {"rule": step.rule, "leaves": step.leaves, "waits_for": " ".join(step.after), **job_columns(times, step.rule)}
        for step in steps
    ]
    return Drawing(figure, "How the study was made", write_caption(times), write_alt(steps), rows)


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
        arrowprops={"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0, "linewidth": 0.9},
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


def describe_jobs(times: dict[str, Any] | None) -> str:
    """Write number of jobs and their time, or nothing where neither is known."""
    return f"{formats.plural(times['jobs'], 'job')}, {formats.seconds(times['seconds'])}" if times else ""


def job_columns(times: dict[str, dict[str, Any]], rule: str) -> dict[str, Any]:
    """Return a rule's jobs and seconds for the figure's data; empty where not known."""
    found = times.get(rule, {})
    return {"jobs": found.get("jobs"), "seconds": found.get("seconds")}


def write_caption(times: dict[str, dict[str, Any]]) -> str:
    """Write the caption: with times only where they are known."""
    words = (
        "The rules of the workflow, from top to bottom as data flow through them. An arrow leads from a rule to one "
        "that reads what it leaves; arrows that follow from others are left out."
    )
    known = " A box gives the number of jobs and their wall times added up, where these were there to be read."
    return words + (known if times else "")


def write_alt(steps: list[Step]) -> str:
    """Describe the graph in words."""
    waits = [f"{step.rule} waits for {formats.join(list(step.after))}" for step in steps if step.after]
    return f"Graph of {len(steps)} rules: {'; '.join(waits)}."
