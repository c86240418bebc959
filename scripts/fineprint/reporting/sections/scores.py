"""Ranks, scores, per-class reports, merged variants."""

from __future__ import annotations

from dataclasses import replace

from fineprint.core import formats
from fineprint.core.records import COST_ONLY, Run, Score
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Cell, Table, blank, number, numeric, plain, text
from fineprint.results.lookup import Study
from fineprint.scoring.statistics import BOOTSTRAP_DRAWS
from fineprint.tasks._rows import POOLED

LABELS_PER_TABLE = 3
SPLITS_PER_TABLE = 3
STATUS_STYLES = {"ok": "", "collapsed": "flag", "not run": "missing", COST_ONLY: "missing"}


def scores_tables(study: Study, task: str) -> list[Table]:
    """Return rank and accuracy of every method, three splits to a table so that all fit on a page."""
    splits = study.splits_and_pooled(task)
    parts = [splits[start : start + SPLITS_PER_TABLE] for start in range(0, len(splits), SPLITS_PER_TABLE)]
    return [scores_table(study, task, part, position) for position, part in enumerate(parts)]


def scores_table(study: Study, task: str, splits: list[str], position: int) -> Table:
    """Return rank, and accuracy with its interval of every method on some splits."""
    rows = []
    for method in study.methods:
        cells = [cell for split in splits for cell in accuracy_cells(study.score(task, method, split))]
        status = study.status(task, method)
        flag = text(status, style=STATUS_STYLES.get(status, ""))
        rows.append([*marked_name(study, task, method), rank_cell(study, task, method), *cells, flag])
    rows += [left_out_row(study, method, 1 + 2 * len(splits)) for method in study.left_out]
    headline = study.headline(task)
    caption = (
        f"All approaches on “{task}”, on the same rows, with 95 % Wilson intervals over rows. Methods that cannot be "
        f"told apart on {headline} share a rank (the most accurate method opens a rank, every further one joins the "
        "first rank from whose opener the paired test does not tell it apart). Bold: rank 1. Together: the rows of all "
        "test splits."
    )
    columns = [
        *plain("No.", "Method"),
        *numeric("Rank", *["Accuracy", "95 % interval"] * len(splits)),
        *plain("Status"),
    ]
    groups = [("", 3), *((f"{split} ({rows_of(study, task, split)} rows)", 2) for split in splits), ("", 1)]
    identifier = f"scores-{task}-{position}" if position else f"scores-{task}"
    return Table(identifier, caption, columns, rows, groups=groups, style="compact")


def left_out_row(study: Study, method: str, figures: int) -> list[Cell]:
    """Return the row of a method that the config defines and the study does not run."""
    cells = [blank("not run")] * figures
    return [blank("not run"), text(study.title(method)), *cells, text("not run", style=STATUS_STYLES["not run"])]


def rows_of(study: Study, task: str, split: str) -> str:
    """Return the number of a split's rows, written out."""
    return formats.count(study.split_rows(task, split))


def rank_cell(study: Study, task: str, method: str) -> Cell:
    """Return a method's rank; a dash where it has none."""
    rank = study.rank(task, method)
    return blank("not ranked") if rank is None else number(rank, formats.count)


def accuracy_cells(score: Score | None) -> list[Cell]:
    """Return accuracy and its interval."""
    if score is None:
        return [number(None, formats.accuracy)] * 2
    rows = score["rows"]
    limits = formats.interval(score["accuracy_low"], score["accuracy_high"], rows)
    counted = f"{score['correct']} of {rows} rows"
    return [
        number(score["accuracy"], lambda value: formats.accuracy(value, rows), note=counted),
        text(limits, sort=score["accuracy_low"]),
    ]


def macro_f1_table(study: Study, task: str) -> Table:
    """Return macro-F1 with its interval of every method on every split."""
    splits = study.splits_and_pooled(task)
    rows = [
        [
            *name_cells(study, task, method),
            *(cell for split in splits for cell in macro_f1_cells(study.score(task, method, split))),
        ]
        for method in study.methods
    ]
    caption = (
        f"Macro-F1 on “{task}”, the mean of the labels' F1, with 95 % bootstrap intervals over rows "
        f"({formats.count(BOOTSTRAP_DRAWS)} draws)."
    )
    columns = [*plain("No.", "Method"), *numeric(*["Macro-F1", "95 % interval"] * len(splits))]
    groups = [("", 2), *((f"{split} ({rows_of(study, task, split)} rows)", 2) for split in splits)]
    return Table(f"macro-f1-{task}", caption, columns, rows, groups=groups, style="compact")


def macro_f1_cells(score: Score | None) -> list[Cell]:
    """Return macro-F1 and its interval."""
    if score is None:
        return [number(None, formats.accuracy)] * 2
    rows = score["rows"]
    limits = formats.interval(score["macro_f1_low"], score["macro_f1_high"], rows)
    return [
        number(score["macro_f1"], lambda value: formats.accuracy(value, rows)),
        text(limits, sort=score["macro_f1_low"]),
    ]


def marked_name(study: Study, task: str, method: str) -> list[Cell]:
    """Return number and title, the title in bold if the method is among the leaders."""
    number_cell, name = name_cells(study, task, method)
    leads = method in study.leaders(task)
    return [number_cell, replace(name, style=f"{name.style} leader".strip()) if leads else name]


def flags(study: Study, task: str) -> list[dict[str, str]]:
    """Return the methods that are not ranked, each with the reason and, if it was trained, its last losses."""
    found, said = [], ("ok",) if study.measures_accuracy(task) else ("ok", COST_ONLY)
    for method in study.methods:
        status, run = study.status(task, method), study.run(task, method)
        if status not in said:
            reason = ((run["reason"] if run else None) or "no record of this run was found").rstrip(".") + "."
            found.append({"title": study.title(method), "status": status, "reason": f"{reason}{last_losses(run)}"})
    reason = "defined in the config, but not among the methods that this study runs (run: methods)."
    return found + [{"title": study.title(method), "status": "not run", "reason": reason} for method in study.left_out]


def last_losses(run: Run | None) -> str:
    """Return a sentence on the losses of the last epochs; empty where nothing was trained."""
    train = run["train"] if run else None
    if not train or not train["epochs"]:
        return ""
    epochs = train["epochs"][-3:]
    training = formats.join([f"{epoch['training_loss']:.3f}" for epoch in epochs])
    held_out = formats.join([f"{epoch['held_out_loss']:.3f}" for epoch in epochs])
    return f" Loss in the last {formats.plural(len(epochs), 'epoch')}: training {training}, held out {held_out}."


def class_tables(study: Study, task: str) -> list[Table]:
    """Return the per-class reports: a table for each split and three labels at a time."""
    labels = study.results["tasks"][task]["labels"]
    parts = [labels[start : start + LABELS_PER_TABLE] for start in range(0, len(labels), LABELS_PER_TABLE)]
    return [
        class_table(study, task, split, part, position)
        for split in study.splits_and_pooled(task)
        for position, part in enumerate(parts)
    ]


def class_table(study: Study, task: str, split: str, labels: list[str], position: int) -> Table:
    """Return precision, recall and F1 of each method for some labels."""
    scored = study.scored(task, split)
    rows = [
        [
            *name_cells(study, task, method),
            *(class_cell(score, label, key) for label in labels for key in ("precision", "recall", "f1")),
        ]
        for method, score in scored
    ]
    columns = [*plain("No.", "Method"), *numeric(*["Precision", "Recall", "F1"] * len(labels))]
    groups = [("", 2), *((f"{label} ({support(scored, label)} rows)", 3) for label in labels)]
    together = " (the rows of all test splits)" if split == POOLED else ""
    caption = f"Per-class report on {split}{together} of “{task}”."
    return Table(f"classes-{task}-{split}-{position}", caption, columns, rows, groups=groups, style="compact")


def class_cell(score: Score, label: str, key: str) -> Cell:
    """Return one figure of a per-class report."""
    return number(score["per_class"].get(label, {}).get(key), lambda value: formats.accuracy(value, score["rows"]))


def support(scored: list[tuple[str, Score]], label: str) -> str:
    """Return how many rows have the gold label, the same for all methods."""
    return formats.count(scored[0][1]["per_class"][label]["support"]) if scored else formats.NOT_MEASURED
