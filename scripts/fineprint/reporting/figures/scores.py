"""Figures on accuracy: intervals by split, confusion matrices, scores by tag."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from fineprint.core import formats
from fineprint.core.records import Score
from fineprint.reporting.figures.drawing import Drawing, draw_shades, escape, label, panel_title, panels, style_grid
from fineprint.reporting.figures.style import COLOURS, GREY, INK, MARKERS, WIDTH
from fineprint.results.lookup import Study
from fineprint.tasks._rows import POOLED

FEW_LABELS = 4  # up to here confusion matrices fit five to a row

MOST_WITH_INTERVALS = 9  # methods side by side; more leave no room for intervals in the cells


def draw_accuracy(study: Study, task: str) -> Drawing | None:
    """Draw accuracy with its interval for every scored method and split."""
    splits = study.splits(task)
    methods = [method for method in study.methods if any(study.score(task, method, split) for split in splits)]
    if not methods:
        return None
    figure, axis = plt.subplots(
        figsize=(WIDTH, 0.75 + (0.16 + 0.09 * len(splits)) * len(methods)), layout="constrained"
    )
    for position, split in enumerate(splits):
        draw_split(axis, study, task, split, position, methods)
    axis.set_yticks(range(len(methods)), [label(study, method) for method in methods])
    axis.set(xlabel="Accuracy (95 % Wilson interval)", ylim=(len(methods) - 0.45, -0.55))
    axis.grid(axis="y", visible=False)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(4, len(splits) + 1))
    rows = [
        accuracy_row(study, task, method, split)
        for method in methods
        for split in splits
        if study.score(task, method, split)
    ]
    caption = (
        f"Accuracy on “{task}”, every method on the same rows. Hollow grey: collapsed, not ranked. Dashed: always "
        f"the most frequent label of {study.headline(task)}."
    )
    return Drawing(figure, f"Accuracy on {task}", caption, describe_accuracy(study, task), rows)


def draw_split(axis: Axes, study: Study, task: str, split: str, position: int, methods: list[str]) -> None:
    """Draw one split's points; splits lie beside each other within a method's band."""
    splits = study.splits(task)
    shift = (position - (len(splits) - 1) / 2) * 0.24
    colour, marker = COLOURS[position % len(COLOURS)], MARKERS[position % len(MARKERS)]
    for line, method in enumerate(methods):
        score = study.score(task, method, split)
        if score:
            fine = study.status(task, method) == "ok"
            ink = colour if fine else GREY
            limits = [[score["accuracy"] - score["accuracy_low"]], [score["accuracy_high"] - score["accuracy"]]]
            style = {
                "color": ink,
                "markerfacecolor": ink if fine else "white",
                "markersize": 5,
                "elinewidth": 1.6,
                "capsize": 2.5,
            }
            axis.errorbar([score["accuracy"]], [line + shift], xerr=limits, fmt=marker, **style)
    axis.errorbar([], [], xerr=[], fmt=marker, color=colour, markersize=5, label=escape(split))
    scored = study.scored(task, split)
    if position == 0 and scored:
        axis.axvline(scored[0][1]["majority_rate"], color=INK, linestyle="--", linewidth=1, label="most frequent label")


def accuracy_row(study: Study, task: str, method: str, split: str) -> dict[str, object]:
    """Return one row of the figure's data."""
    score = study.score(task, method, split)
    assert score is not None
    figures = {key: score[key] for key in ("rows", "accuracy", "accuracy_low", "accuracy_high", "majority_rate")}
    return {
        "number": study.numbers[method],
        "method": study.title(method),
        "split": split,
        "status": study.status(task, method),
        **figures,
    }


def describe_accuracy(study: Study, task: str) -> str:
    """Return the figure in words."""
    ranked = study.ranked(task)
    if not ranked:
        return f"Accuracies on {study.headline(task)}; no run can be ranked."
    (best, high), (last, low) = ranked[0], ranked[-1]
    return (
        f"Dot plot of accuracies with intervals. On {study.headline(task)} from {study.title(best)} "
        f"{formats.with_interval(high)} down to {study.title(last)} {formats.with_interval(low)}."
    )


def draw_confusion(study: Study, task: str, split: str) -> Drawing | None:
    """Draw one confusion matrix per method, as shares of each gold label's rows."""
    scored = study.scored(task, split)
    if not scored:
        return None
    labels = study.results["tasks"][task]["labels"]
    unparseable = any(score["unparseable"] for _, score in scored)
    names = [escape(name[:3]) for name in labels] + (["none"] if unparseable else [])
    few = len(labels) <= FEW_LABELS
    columns, height = (5 if len(scored) > 4 else 4, 1.45) if few else (3, 0.8 + 0.17 * len(labels))
    figure, axes, _ = panels(len(scored), columns, height)
    for axis, (method, score) in zip(axes, scored, strict=True):
        draw_matrix(axis, np.array(score["confusion"])[:, : len(names)], 6.8 if few else 5.6)
        axis.set_title(panel_title(study, method, 21 if few else 36), fontsize=7)
        axis.set_xticks(range(len(names)), names, fontsize=7 if few else 6)
        axis.set_yticks(range(len(labels)), [escape(name[:3]) for name in labels], fontsize=7 if few else 6)
    figure.supxlabel("Predicted label", fontsize=8.5)
    figure.supylabel("Gold label", fontsize=8.5)
    everything = " (all test rows)" if split == POOLED else ""
    caption = (
        f"Confusion on {split}{everything} of “{task}”: numbers of rows, shaded by the share of the gold label's rows; "
        "diagonal: right. Labels: "
        f"{', '.join(f'{name[:3]} = {name}' for name in labels)}{'; none = unparseable answer' if unparseable else ''}."
    )
    rows = [row for method, score in scored for row in confusion_rows(study, task, method, score)]
    return Drawing(
        figure, f"Confusion on {split} of {task}", caption, describe_confusion(study, task, scored, labels), rows
    )


def draw_matrix(axis: Axes, table: np.ndarray, size: float) -> None:
    """Draw one matrix with its counts."""
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    draw_shades(axis, shares, size, lambda place: str(table[place]))
    axis.grid(visible=False)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def confusion_rows(study: Study, task: str, method: str, score: Score) -> list[dict[str, object]]:
    """Return one method's matrix row by row."""
    labels = study.results["tasks"][task]["labels"]
    predicted = [*labels, "unparseable"]
    return [
        {"number": study.numbers[method], "method": study.title(method), "gold": gold, "predicted": name, "rows": count}
        for gold, line in zip(labels, score["confusion"], strict=True)
        for name, count in zip(predicted, line, strict=True)
    ]


def describe_confusion(study: Study, task: str, scored: list[tuple[str, Score]], labels: list[str]) -> str:
    """Return the most frequent mistake of each method in words."""
    found = []
    for method, score in scored:
        mistakes = [
            (count, gold, name)
            for gold, line in enumerate(score["confusion"])
            for name, count in enumerate(line)
            if name != gold
        ]
        count, gold, name = max(mistakes)
        found.append(f"{study.title(method)}: {labels[gold]} taken for {[*labels, 'unparseable'][name]} {count} times")
    return "Confusion matrices. Most frequent mistake by method: " + "; ".join(found) + "."


def draw_tags(study: Study, task: str, tag: str) -> Drawing | None:
    """Draw accuracy by a tag's values as a table of shades with numbers; all splits that have the tag together."""
    columns = [(split, value) for split in study.splits(task) for value in tag_values(study, task, split, tag)]
    methods = [
        method
        for method in study.methods
        if any((study.score(task, method, s) or {}).get("by_tag", {}).get(tag) for s in study.splits(task))
    ]
    if not columns or not methods:
        return None
    rows = [
        row for method in methods for split, value in columns for row in tag_row(study, task, method, split, tag, value)
    ]
    cells = {(row["number"], row["split"], row["value"]): row for row in rows}
    table = [[cells.get((study.numbers[m], split, value)) for m in methods] for split, value in columns]
    grid = np.array([[row["accuracy"] if row else np.nan for row in line] for line in table], dtype=float)
    figure, axis = plt.subplots(figsize=(WIDTH, 0.7 + 0.2 * len(columns)), layout="constrained")
    wide = len(methods) <= MOST_WITH_INTERVALS
    size = 6.6 if wide else min(7.5, 130 / len(methods))
    draw_shades(axis, grid, size, lambda place: write_share(table[place[0]][place[1]], wide))
    sizes = {(row["split"], row["value"]): row["rows"] for row in rows}
    several = len({split for split, _ in columns}) > 1
    axis.set_yticks(
        range(len(columns)), [f"{escape(f'{s} · {v}' if several else v)} ({sizes[s, v]})" for s, v in columns]
    )
    axis.set_xticks(range(len(methods)), [str(study.numbers[method]) for method in methods])
    axis.set(xlabel="Method (number as in the tables)")
    style_grid(
        axis, [position for position in range(1, len(columns)) if columns[position][0] != columns[position - 1][0]]
    )
    caption = (
        f"Accuracy on “{task}” by {tag}; rows of each in brackets. "
        f"{'±: half the width of the 95 % Wilson interval' if wide else 'Intervals stand in the data'}; with few rows "
        "differences of a few points are noise. Methods by number."
    )
    return Drawing(figure, f"Accuracy by {tag} on {task}", caption, describe_tags(tag, rows), rows)


def write_share(row: dict[str, object] | None, with_interval: bool) -> str:
    """Write an accuracy, and how far its interval reaches to either side on average: 0.92 ±.03."""
    if row is None:
        return ""
    half = (float(row["accuracy_high"]) - float(row["accuracy_low"])) / 2  # type: ignore[arg-type]
    return f"{row['accuracy']:.2f}" + (f" ±{half:.2f}".replace("±0.", "±.") if with_interval else "")


def tag_values(study: Study, task: str, split: str, tag: str) -> list[str]:
    """Return a tag's values on a split."""
    found = dict.fromkeys(value for _, score in study.scored(task, split) for value in score["by_tag"].get(tag, {}))
    return list(found)


def tag_row(study: Study, task: str, method: str, split: str, tag: str, value: str) -> list[dict[str, object]]:
    """Return one row of the figure's data, or none."""
    score = study.score(task, method, split)
    found = score["by_tag"].get(tag, {}).get(value) if score else None
    if not found:
        return []
    return [
        {
            "number": study.numbers[method],
            "method": study.title(method),
            "split": split,
            "value": value,
            **found,
            "rows": int(found["rows"]),
        }
    ]


def describe_tags(tag: str, rows: list[dict[str, object]]) -> str:
    """Return the hardest value of the tag, by mean over methods, in words."""
    by_value: dict[str, list[float]] = {}
    for row in rows:
        by_value.setdefault(str(row["value"]), []).append(float(row["accuracy"]))  # type: ignore[arg-type]
    means = {value: sum(shares) / len(shares) for value, shares in by_value.items()}
    hardest, easiest = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    return (
        f"Accuracy by {tag} and method. Averaged over methods, {easiest} is easiest ({means[easiest]:.2f}) and "
        f"{hardest} hardest ({means[hardest]:.2f})."
    )
