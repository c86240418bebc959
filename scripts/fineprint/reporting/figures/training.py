"""Figures on training: losses and held-out accuracy by epoch, one small panel per method."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from fineprint.core import formats
from fineprint.reporting.figures.drawing import Drawing, panel_title, panels
from fineprint.reporting.figures.style import COLOURS, INK, LIGHT
from fineprint.results.lookup import Study, is_trained


def trained_runs(study: Study, task: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the training records that have epochs, in the config's order."""
    runs = [(method, study.run(task, method)) for method in study.methods]
    return [
        (method, dict(run["train"]))
        for method, run in runs
        if is_trained(run) and run and run["train"] and run["train"]["epochs"]
    ]


def draw_losses(study: Study, task: str) -> Drawing | None:
    """Draw the training loss by step, and the held-out loss at the end of each epoch."""
    runs = trained_runs(study, task)
    if not runs:
        return None
    figure, axes, _ = panels(len(runs), 4, 1.55)
    rows: list[dict[str, object]] = []
    for axis, (method, record) in zip(axes, runs, strict=True):
        draw_loss(axis, record)
        axis.set_title(panel_title(study, method), fontsize=7)
        rows += loss_rows(study, method, record)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    figure.supxlabel("Optimizer step", fontsize=8.5)
    figure.supylabel("Loss (cross-entropy)", fontsize=8.5)
    caption = (
        f"Learning curves on “{task}”. Line: training loss; squares: loss on held-out rows after each epoch; "
        "vertical line: the epoch that was kept. A loss over answer tokens (generation) and one over labels "
        "(heads) are on different scales."
    )
    best = [
        f"{study.title(method)}: epoch {record['best_epoch']} of {len(record['epochs'])} kept"
        for method, record in runs
    ]
    return Drawing(
        figure, f"Learning curves on {task}", caption, f"Training and held-out loss by step. {'; '.join(best)}.", rows
    )


def epoch_ends(record: dict[str, Any]) -> list[float]:
    """Return at which step each epoch ended; without steps, the epochs' own numbers."""
    epochs = len(record["epochs"])
    last = record["steps"][-1]["step"] if record["steps"] else epochs
    return [last * (position + 1) / epochs for position in range(epochs)]


def draw_loss(axis: Axes, record: dict[str, Any]) -> None:
    """Draw one method's losses."""
    steps, ends = record["steps"], epoch_ends(record)
    axis.plot(
        [step["step"] for step in steps],
        [step["loss"] for step in steps],
        color=COLOURS[0],
        linewidth=1,
        label="training",
    )
    held_out = [epoch["held_out_loss"] for epoch in record["epochs"]]
    axis.plot(ends, held_out, "s--", color=COLOURS[1], markersize=3.5, linewidth=0.8, label="held out")
    best = record["best_epoch"]
    if best:
        axis.axvline(ends[best - 1], color=INK, linewidth=0.9, linestyle=":", label="epoch kept")
    axis.set_ylim(bottom=0)
    axis.tick_params(labelsize=7)


def loss_rows(study: Study, method: str, record: dict[str, Any]) -> list[dict[str, object]]:
    """Return one method's curve as data."""
    start = {"number": study.numbers[method], "method": study.title(method)}
    curve: list[dict[str, object]] = [
        {**start, "part": "training", "step": step["step"], "loss": step["loss"]} for step in record["steps"]
    ]
    ends = zip(epoch_ends(record), record["epochs"], strict=True)
    return curve + [{**start, "part": "held out", "step": end, "loss": epoch["held_out_loss"]} for end, epoch in ends]


def draw_held_out(study: Study, task: str) -> Drawing | None:
    """Draw held-out accuracy by epoch: each method before the grey lines of all others."""
    runs = trained_runs(study, task) if study.measures_accuracy(task) else []
    if not runs:
        return None
    figure, axes, _ = panels(len(runs), 4, 1.45, sharex=True, sharey=True)
    for axis, (method, record) in zip(axes, runs, strict=True):
        for _, other in runs:
            axis.plot(*accuracy_curve(other), color=LIGHT, linewidth=1)
        axis.plot(*accuracy_curve(record), "o-", color=COLOURS[0], markersize=3.5, linewidth=1.3)
        if record["best_epoch"]:
            numbers, values = accuracy_curve(record)
            axis.plot(
                [record["best_epoch"]],
                [values[numbers.index(record["best_epoch"])]],
                "o",
                markersize=7,
                markerfacecolor="none",
                color=INK,
            )
        axis.set_title(panel_title(study, method), fontsize=7)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.tick_params(labelsize=7, labelbottom=True)
    figure.supxlabel("Epoch", fontsize=8.5)
    figure.supylabel("Held-out accuracy", fontsize=8.5)
    rows = [
        {"number": study.numbers[method], "method": study.title(method), **epoch}
        for method, record in runs
        for epoch in record["epochs"]
    ]
    caption = (
        f"Accuracy on held-out training rows of “{task}” after each epoch; ringed: the epoch kept; grey: the other "
        "methods. Test rows play no part in this choice."
    )
    return Drawing(figure, f"Held-out accuracy on {task}", caption, describe_held_out(study, runs), rows)


def accuracy_curve(record: dict[str, Any]) -> tuple[list[int], list[float]]:
    """Return epochs and held-out accuracies."""
    return [epoch["epoch"] for epoch in record["epochs"]], [epoch["held_out_accuracy"] for epoch in record["epochs"]]


def describe_held_out(study: Study, runs: list[tuple[str, dict[str, Any]]]) -> str:
    """Return first and best accuracy of each method in words."""
    parts = []
    for method, record in runs:
        _, values = accuracy_curve(record)
        parts.append(
            f"{study.title(method)} from {formats.accuracy(values[0])} to at best {formats.accuracy(max(values))}"
        )
    return "Held-out accuracy by epoch. " + "; ".join(parts) + "."
