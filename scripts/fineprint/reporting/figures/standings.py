"""The summary's figure: the ranked methods by their mean, the best on top."""

from __future__ import annotations

import matplotlib.pyplot as plt

from fineprint.core.records import TaskMean
from fineprint.reporting.figures.drawing import Drawing, caption_figure, name_lines, name_method
from fineprint.reporting.figures.style import COLORS, GRAY, INK, WIDTH
from fineprint.reporting.sections.standings import Rivals, sort_rivals, write_mean
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("standings")
# Group of methods → color and marker, by what comparing with the best concludes.
LOOKS = {
    "best": (COLORS[0], "D"),
    "as_good": (COLORS[2], "o"),
    "undecided": (COLORS[1], "s"),
    "worse": (GRAY, "o"),
}


def draw_standings(study: Study, task: str) -> Drawing | None:
    """Draw the mean accuracy on the headline split with its interval, and that of each seed."""
    ranked = study.ranked(task)
    if len(ranked) < 2:
        return None
    rivals = sort_rivals(study, task)
    figure, axis = plt.subplots(figsize=(WIDTH, 0.65 + 0.14 * len(ranked)), layout="constrained")
    groups = [find_group(rivals, method) for method, _ in ranked]
    for line, ((_, mean), group) in enumerate(zip(ranked, groups, strict=True)):
        color, marker = LOOKS[group]
        limits = [[mean.mean - mean.interval.low], [mean.interval.high - mean.mean]]
        label = WORDS("group", group) if group not in groups[:line] else None
        axis.errorbar(
            [mean.mean], [line], xerr=limits, fmt=marker, color=color, markersize=5, elinewidth=1.6, label=label
        )
        if len(mean.by_seed) > 1:
            axis.scatter(mean.by_seed, [line + 0.28] * len(mean.by_seed), s=5, color=color, linewidths=0)
    split = study.headline(task)
    baseline = study.majority_rate(task, split)
    if baseline is not None:
        axis.axvline(baseline, color=INK, linestyle="--", linewidth=1, label=WORDS("group", "majority"))
    name_lines(axis, study, [method for method, _ in ranked])
    axis.set(xlabel=WORDS("axis", split=split))
    axis.grid(axis="y", visible=False)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, handletextpad=0.4, columnspacing=1.2)
    return caption_figure(
        figure,
        "standings",
        [standings_row(study, mean, group) for (_, mean), group in zip(ranked, groups, strict=True)],
        task=task,
        split=split,
        best=f"{study.title(ranked[0][0])} {write_mean(ranked[0][1])}",
        worst=f"{study.title(ranked[-1][0])} {write_mean(ranked[-1][1])}",
        undecided=len(rivals.undecided) + len(rivals.as_good),
        seeds=len(study.seeds),
    )


def find_group(rivals: Rivals, method: str) -> str:
    """Return what comparing a method with the best concludes."""
    groups = {"worse": rivals.worse, "as_good": rivals.as_good, "undecided": rivals.undecided}
    return next((group for group, methods in groups.items() if method in methods), "best")


def standings_row(study: Study, mean: TaskMean, group: str) -> dict[str, object]:
    """Return one row of the figure's data."""
    return {
        **name_method(study, mean.method),
        "split": mean.split,
        "examples": mean.examples,
        "accuracy": mean.mean,
        "accuracy_low": mean.interval.low,
        "accuracy_high": mean.interval.high,
        "by_seed": " ".join(f"{value:.4f}" for value in mean.by_seed),
        "against_the_best": group.replace("_", " "),
    }
