"""Figures on accuracy: intervals by split, confusion matrices, scores by tag."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from fineprint.core.records import Score, TaskMean
from fineprint.reporting.figures.drawing import (
    Drawing,
    caption_figure,
    draw_shades,
    escape,
    method_panels,
    name_lines,
    name_method,
    strip_frame,
    style_grid,
)
from fineprint.reporting.figures.style import COLORS, GRAY, INK, MARKERS, WIDTH
from fineprint.reporting.sections.standings import write_mean
from fineprint.results.study import Study
from fineprint.tasks._rows import POOLED

SEED_SHIFT = 0.12  # below the mean, in lines
FEW_LABELS = 4  # up to here confusion matrices fit five to a row
ACCURACY = ("rows", "accuracy", "accuracy_low", "accuracy_high")  # of a figure's data
UNPARSEABLE = "unparseable"  # the last column of a confusion matrix
MOST_WITH_INTERVALS = 9  # methods side by side; more leave no room for intervals in the cells


def draw_accuracy(study: Study, task: str) -> Drawing | None:
    """Draw the mean accuracy of every scored method on every split with its interval, and that of each seed."""
    splits = study.splits(task)
    scored = [method for method in study.methods if any(study.mean(task, method, split) for split in splits)]
    ranked_first = [method for method, _ in study.ranked(task)]
    methods = [*ranked_first, *(method for method in scored if method not in ranked_first)]
    if not methods:
        return None
    height = 0.75 + (0.16 + 0.09 * len(splits)) * len(methods)
    figure, axis = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    for position, split in enumerate(splits):
        draw_split(axis, study, task, split, position, methods)
    name_lines(axis, study, methods)
    axis.set(xlabel="Accuracy (mean, 95 % interval)")
    axis.grid(axis="y", visible=False)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(4, len(splits) + 1))
    rows = [
        accuracy_row(study, task, mean)
        for method in methods
        for split in splits
        if (mean := study.mean(task, method, split))
    ]
    ranked = [f"{study.title(method)} {write_mean(mean)}" for method, mean in study.ranked(task)]
    return caption_figure(
        figure,
        "accuracy",
        rows,
        task=task,
        split=study.headline(task),
        seeds=len(study.seeds),
        collapsed="collapsed" in {row["status"] for row in rows},
        best=ranked[0] if ranked else None,
        worst=ranked[-1] if ranked else None,
    )


def draw_split(axis: Axes, study: Study, task: str, split: str, position: int, methods: list[str]) -> None:
    """Draw one split's points; splits lie beside each other within a method's band."""
    splits = study.splits(task)
    shift = (position - (len(splits) - 1) / 2) * 0.24
    color, marker = COLORS[position % len(COLORS)], MARKERS[position % len(MARKERS)]
    for line, method in enumerate(methods):
        mean = study.mean(task, method, split)
        if mean:
            fine = study.status(task, method) == "ok"
            ink = color if fine else GRAY
            limits = [[mean.mean - mean.interval.low], [mean.interval.high - mean.mean]]
            look = {"color": ink, "markerfacecolor": ink if fine else "white", "markersize": 5}
            look |= {"elinewidth": 1.6, "capsize": 2.5}
            axis.errorbar([mean.mean], [line + shift], xerr=limits, fmt=marker, **look)
            if len(mean.by_seed) > 1:
                places = [line + shift + SEED_SHIFT] * len(mean.by_seed)
                axis.scatter(mean.by_seed, places, s=5, color=ink, linewidths=0, alpha=0.8)
    axis.errorbar([], [], xerr=[], fmt=marker, color=color, markersize=5, label=escape(split))
    baseline = study.majority_rate(task, split)
    if position == 0 and baseline is not None:
        axis.axvline(baseline, color=INK, linestyle="--", linewidth=1, label="majority-class baseline")


def accuracy_row(study: Study, task: str, mean: TaskMean) -> dict[str, Any]:
    """Return one row of the figure's data."""
    return {
        **name_method(study, mean.method),
        "split": mean.split,
        "status": study.status(task, mean.method),
        "examples": mean.examples,
        "accuracy": mean.mean,
        "accuracy_low": mean.interval.low,
        "accuracy_high": mean.interval.high,
        "by_seed": " ".join(f"{value:.4f}" for value in mean.by_seed),
        "majority_rate": study.majority_rate(task, mean.split),
    }


def draw_confusion(study: Study, task: str, split: str) -> Drawing | None:
    """Draw one confusion matrix per method, as shares of each gold label's rows."""
    scored = study.scored(task, split)
    if not scored:
        return None
    labels = study.results.tasks[task].labels
    unparseable = any(score.unparseable for _, score in scored)
    names = [escape(name[:3]) for name in labels] + (["none"] if unparseable else [])
    few = len(labels) <= FEW_LABELS
    columns, height = (5 if len(scored) > 4 else 4, 1.45) if few else (3, 0.8 + 0.17 * len(labels))
    figure, axes = method_panels(study, [method for method, _ in scored], columns, height, 21 if few else 36)
    for axis, (_, score) in zip(axes, scored, strict=True):
        draw_matrix(axis, np.array(score.confusion)[:, : len(names)], 6.8 if few else 5.6)
        axis.set_xticks(range(len(names)), names, fontsize=7 if few else 6)
        axis.set_yticks(range(len(labels)), [escape(name[:3]) for name in labels], fontsize=7 if few else 6)
    figure.supxlabel("Predicted label")
    mistakes = [(study.title(method), *find_mistake(score, labels)) for method, score in scored]
    figure.supylabel("Gold label")
    return caption_figure(
        figure,
        "confusion",
        [row for method, score in scored for row in confusion_rows(study, labels, method, score)],
        task=task,
        split=split,
        pooled=split == POOLED,
        labels=", ".join(f"{name[:3]} = {name}" for name in labels),
        unparseable=unparseable,
        mistakes=mistakes,
        most=find_most_frequent(study, task, scored, labels),
    )


def draw_matrix(axis: Axes, table: np.ndarray, size: float) -> None:
    """Draw one matrix with its counts."""
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    draw_shades(axis, shares, size, lambda place: str(table[place]))
    strip_frame(axis)


def confusion_rows(study: Study, labels: list[str], method: str, score: Score) -> list[dict[str, Any]]:
    """Return one method's matrix row by row."""
    return [
        {**name_method(study, method), "gold": gold, "predicted": predicted, "rows": count}
        for gold, line in zip(labels, score.confusion, strict=True)
        for predicted, count in zip([*labels, UNPARSEABLE], line, strict=True)
    ]


def find_most_frequent(
    study: Study, task: str, scored: list[tuple[str, Score]], labels: list[str]
) -> tuple[str, str, str, int] | None:
    """Return the most frequent mistake of all models, with whose it is; None where no model answered."""
    answered = [(method, score) for method, score in scored if (run := study.run(task, method)) and run.has_model]
    mistakes = [(study.title(method), *find_mistake(score, labels)) for method, score in answered]
    return max(mistakes, key=lambda mistake: mistake[-1], default=None)


def find_mistake(score: Score, labels: list[str]) -> tuple[str, str, int]:
    """Return a method's most frequent mistake: the gold label, what was predicted instead, and how often."""
    counts = np.array(score.confusion)
    np.fill_diagonal(counts, -1)
    *_, place = np.flatnonzero(counts == counts.max())
    gold, predicted = np.unravel_index(place, counts.shape)
    return labels[gold], [*labels, UNPARSEABLE][predicted], counts[gold, predicted]


def draw_tags(study: Study, task: str, tag: str) -> Drawing | None:
    """Draw accuracy by a tag's values as a table of shades with numbers; all splits that have the tag together."""
    rows = [row for method in study.methods for row in tag_rows(study, task, method, tag)]
    if not rows:
        return None
    found = {(row["split"], row["value"]): row["rows"] for row in rows}
    places = [place for split in study.splits(task) for place in found if place[0] == split]
    numbers = list(dict.fromkeys(row["number"] for row in rows))
    cells = {(row["number"], row["split"], row["value"]): row for row in rows}
    table = [[cells.get((number, *place)) for number in numbers] for place in places]
    grid = np.array([[row["accuracy"] if row else np.nan for row in line] for line in table], dtype=float)
    figure, axis = plt.subplots(figsize=(WIDTH, 0.7 + 0.2 * len(places)), layout="constrained")
    wide = len(numbers) <= MOST_WITH_INTERVALS
    size = 6.6 if wide else min(7.5, 130 / len(numbers))
    draw_shades(axis, grid, size, lambda place: write_share(table[place[0]][place[1]], wide))
    name_places(axis, found, places)
    axis.set_xticks(range(len(numbers)), map(str, numbers))
    axis.set(xlabel="Method (number as in the tables)")
    return caption_figure(figure, "tags", rows, task=task, tag=tag, wide=wide, **compare_values(rows))


def name_places(axis: Axes, counts: dict[tuple[str, str], int], places: list[tuple[str, str]]) -> None:
    """Name a table's lines by split, where there are several, and value, with their numbers of examples."""
    several = len({split for split, _ in places}) > 1
    names = [escape(f"{split} · {value}" if several else value) for split, value in places]
    axis.set_yticks(
        range(len(places)), [f"{name} ({counts[place]})" for name, place in zip(names, places, strict=True)]
    )
    style_grid(axis, [line for line in range(1, len(places)) if places[line][0] != places[line - 1][0]])


def write_share(row: dict[str, Any] | None, with_interval: bool) -> str:
    """Write an accuracy, and how far its interval reaches to either side on average: 0.92 ±.03."""
    if row is None:
        return ""
    half = (row["accuracy_high"] - row["accuracy_low"]) / 2
    return f"{row['accuracy']:.2f}" + (f" ±{half:.2f}".replace("±0.", "±.") if with_interval else "")


def tag_rows(study: Study, task: str, method: str, tag: str) -> list[dict[str, Any]]:
    """Return a method's rows of the figure's data, one for each split and value of the tag."""
    scores = {split: study.score(task, method, split) for split in study.splits(task)}
    return [
        {**name_method(study, method), "split": split, "value": value, **{key: getattr(found, key) for key in ACCURACY}}
        for split, score in scores.items()
        if score
        for value, found in score.by_tag.get(tag, {}).items()
    ]


def compare_values(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the tag's easiest and hardest value and their accuracies, averaged over methods and splits."""
    by_value: dict[str, list[float]] = {}
    for row in rows:
        by_value.setdefault(row["value"], []).append(row["accuracy"])
    means = {value: sum(shares) / len(shares) for value, shares in by_value.items()}
    hardest, easiest = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    highest, lowest = f"{means[easiest]:.2f}", f"{means[hardest]:.2f}"
    return {"easiest": easiest, "highest": highest, "hardest": hardest, "lowest": lowest}
