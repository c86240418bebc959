"""Figures on training: losses and held-out accuracy by epoch, one small panel per method."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from fineprint.core.records import TrainRecord, as_mapping
from fineprint.reporting.figures.drawing import Drawing, caption_figure, method_panels, name_method
from fineprint.reporting.figures.style import COLORS, INK, LIGHT
from fineprint.results.study import Study


def trained_runs(study: Study, task: str) -> list[tuple[str, TrainRecord]]:
    """Return the training records that have epochs, in the config's order."""
    runs = [(method, study.run(task, method)) for method in study.methods]
    return [(method, run.trained) for method, run in runs if run and run.trained and run.trained.epochs]


def draw_losses(study: Study, task: str) -> Drawing | None:
    """Draw the training loss by step, and the held-out loss at the end of each epoch."""
    runs = trained_runs(study, task)
    if not runs:
        return None
    figure, axes = method_panels(study, [method for method, _ in runs], 4, 1.55)
    for axis, (_, record) in zip(axes, runs, strict=True):
        draw_loss(axis, record)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    figure.supxlabel("Optimizer step")
    figure.supylabel("Loss (cross-entropy)")
    rows = [row for method, record in runs for row in loss_rows(study, method, record)]
    last = sum(record.best_epoch == len(record.epochs) for _, record in runs)
    return caption_figure(figure, "losses", rows, task=task, runs=name_runs(study, runs), last=last)


def name_runs(study: Study, runs: list[tuple[str, TrainRecord]]) -> list[tuple[str, TrainRecord]]:
    """Return training records with the methods' titles."""
    return [(study.title(method), record) for method, record in runs]


def epoch_ends(record: TrainRecord) -> list[float]:
    """Return at which step each epoch ended; without steps, the epochs' own numbers."""
    epochs = len(record.epochs)
    last = record.steps[-1].step if record.steps else epochs
    return [last * (position + 1) / epochs for position in range(epochs)]


def draw_loss(axis: Axes, record: TrainRecord) -> None:
    """Draw one method's losses."""
    steps, ends = record.steps, epoch_ends(record)
    losses = [step.loss for step in steps]
    axis.plot([step.step for step in steps], losses, color=COLORS[0], linewidth=1, label="training")
    held_out = [epoch.held_out_loss for epoch in record.epochs]
    axis.plot(ends, held_out, "s--", color=COLORS[1], markersize=3.5, linewidth=0.8, label="held out")
    best = record.best_epoch
    if best:
        axis.axvline(ends[best - 1], color=INK, linewidth=0.9, linestyle=":", label="selected epoch")
    axis.set_ylim(bottom=0)
    axis.tick_params(labelsize=7)


def loss_rows(study: Study, method: str, record: TrainRecord) -> list[dict[str, Any]]:
    """Return one method's curve as data."""
    training = [("training", step.step, step.loss) for step in record.steps]
    losses = [epoch.held_out_loss for epoch in record.epochs]
    held_out = [("held out", end, loss) for end, loss in zip(epoch_ends(record), losses, strict=True)]
    start = name_method(study, method)
    return [{**start, "part": part, "step": step, "loss": loss} for part, step, loss in training + held_out]


def draw_held_out(study: Study, task: str) -> Drawing | None:
    """Draw held-out accuracy by epoch: each method before the gray lines of all others."""
    runs = trained_runs(study, task) if study.measures_accuracy(task) else []
    if not runs:
        return None
    figure, axes = method_panels(study, [method for method, _ in runs], 4, 1.45, sharex=True, sharey=True)
    for axis, (_, record) in zip(axes, runs, strict=True):
        for _, other in runs:
            axis.plot(*accuracy_curve(other), color=LIGHT, linewidth=1)
        draw_curve(axis, record)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.tick_params(labelsize=7, labelbottom=True)
    figure.supxlabel("Epoch")
    figure.supylabel("Held-out accuracy")
    rows = [{**name_method(study, method), **as_mapping(epoch)} for method, record in runs for epoch in record.epochs]
    named = name_runs(study, runs)
    reached = [(title, max(accuracy_curve(record)[1])) for title, record in named]
    highest = max(reached, key=lambda found: found[1])
    return caption_figure(figure, "held_out", rows, task=task, runs=named, highest=highest)


def draw_curve(axis: Axes, record: TrainRecord) -> None:
    """Draw one method's accuracies with a circle around the selected epoch's."""
    numbers, values = accuracy_curve(record)
    axis.plot(numbers, values, "o-", color=COLORS[0], markersize=3.5, linewidth=1.3)
    best = record.best_epoch
    if best:
        axis.plot([best], [values[numbers.index(best)]], "o", markersize=7, markerfacecolor="none", color=INK)


def accuracy_curve(record: TrainRecord) -> tuple[list[int], list[float]]:
    """Return epochs and held-out accuracies."""
    return [epoch.epoch for epoch in record.epochs], [epoch.held_out_accuracy for epoch in record.epochs]
