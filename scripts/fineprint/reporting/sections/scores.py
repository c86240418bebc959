"""Ranks, scores and per-class reports."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from markupsafe import Markup

from fineprint.core import formats
from fineprint.core.records import COLLAPSED, COST_ONLY, FAILED, NOT_MADE, NOT_RUN, Accuracy, Run, Score
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods, number_cell, title_cell
from fineprint.reporting.sections.standings import mean_cell, mean_limits_cell, probe_columns
from fineprint.reporting.table import Cell, Table, blank, number, text
from fineprint.reporting.words import Words
from fineprint.results.study import Study
from fineprint.scoring.statistics import share_with_interval
from fineprint.tasks._rows import POOLED

LABELS_PER_TABLE = 3
METHOD_WIDTHS = (4, 24)  # of the report by class, in per cent
SPLITS_PER_TABLE = 3
NOT_RANKED = "not ranked"
STATUS_STYLES = {COLLAPSED: "flag", FAILED: "flag", NOT_RUN: "missing", COST_ONLY: "missing"}

WORDS = Words("scores")


def cut(names: list[str], size: int) -> list[list[str]]:
    """Return names in parts of at most `size`, so that a table of each part fits on a page."""
    return [names[start : start + size] for start in range(0, len(names), size)]


def scores_tables(study: Study, task: str) -> list[Table]:
    """Return rank and accuracy of every method, those last that the study leaves out, three splits to a table."""
    methods = list_methods(study, task, [*study.methods, *study.left_out])
    facts = {"headline": study.headline(task), "seeds": len(study.seeds), **count_first(study, task)}
    caption = WORDS("scores_caption", task=task, **facts)
    tables = []
    for position, splits in enumerate(cut(study.splits_and_pooled(task), SPLITS_PER_TABLE)):
        identifier = f"scores-{task}-{position}" if position else f"scores-{task}"
        gains = [] if position else probe_columns(study, task)
        columns = [*RANKED, *mean_columns(study, task, splits), *gains, STATUS]
        tables.append(build_table(identifier, caption, columns, methods, style="compact"))
    return tables


def count_first(study: Study, task: str) -> dict[str, object]:
    """Return the method with the best mean on the headline split, and on how many of the splits it has it."""
    firsts = [ranked[0][0] for split in study.splits(task) if (ranked := study.ranked(task, split))]
    best = firsts[0] if firsts else None
    return {"best": best and study.title(best), "first_on": firsts.count(best), "splits": len(study.splits(task))}


def why_left_out(entry: MethodOnTask) -> str | None:
    """Return why there is no figure of a method that the config defines and the study does not run."""
    return NOT_RUN if entry.method in entry.study.left_out else None


def marked_title(entry: MethodOnTask) -> Cell:
    """Return a method's title, in bold if none is better, without a link if the study leaves the method out."""
    if why_left_out(entry):
        return text(entry.study.title(entry.method))
    cell = title_cell(entry)
    leads = entry.method in entry.study.leaders(entry.task)
    return replace(cell, style=f"{cell.style} leader".strip()) if leads else cell


def rank_cell(entry: MethodOnTask) -> Cell:
    """Return a method's rank; a dash where it has none."""
    rank = entry.study.rank(entry.task, entry.method)
    return blank(why_left_out(entry) or NOT_RANKED) if rank is None else number(rank, formats.count)


RANK = Column("Rank", rank_cell, formats.count)
RANKED = [Column("No.", number_cell, lacks=why_left_out), Column("Method", marked_title), RANK]


def status_cell(entry: MethodOnTask) -> Cell:
    """Return what became of a method's runs: of several seeds, on how many training collapsed."""
    made, collapsed = len(entry.study.runs_of(entry.task, entry.method)), len(entry.collapsed_seeds)
    words = WORDS("collapsed", collapsed=collapsed, made=made) if 0 < collapsed < made else entry.status
    return text(words, style="flag" if collapsed else STATUS_STYLES.get(entry.status, ""))


STATUS = Column("Status", status_cell)


def mean_columns(study: Study, task: str, splits: list[str]) -> list[Column[MethodOnTask]]:
    """Return mean accuracy and its interval on each split."""
    columns = []
    for split in splits:
        group = WORDS("split", split=split, examples=study.split_rows(task, split))
        limits = partial(mean_limits_cell, split)
        columns.append(Column("Accuracy", partial(mean_cell, split), formats.accuracy, group, why_left_out))
        columns.append(Column("95 % interval", limits, formats.accuracy, group, why_left_out))
    return columns


def macro_f1_table(study: Study, task: str) -> Table:
    """Return macro-F1 with its interval of every method on every split."""
    columns = [*METHOD, *share_columns(study, task, study.splits_and_pooled(task), "Macro-F1", "macro_f1")]
    caption = WORDS("macro_f1_caption", task=task, seed=study.seed, seeds=len(study.seeds))
    return build_table(f"macro-f1-{task}", caption, columns, list_methods(study, task), style="compact")


def share_columns(study: Study, task: str, splits: list[str], title: str, field: str) -> list[Column[MethodOnTask]]:
    """Return a share and its interval on each split: `field` of a score, with "_low" and "_high"."""
    columns = []
    for split in splits:
        group = WORDS("split", split=split, examples=study.split_rows(task, split))
        share, limits = partial(share_cell, split, field), partial(limits_cell, split, field)
        columns.append(Column(title, share, formats.accuracy, group, why_left_out))
        columns.append(Column("95 % interval", limits, formats.accuracy, group, why_left_out))
    return columns


def share_cell(split: str, field: str, entry: MethodOnTask) -> Cell | None:
    """Return a share; with an accuracy also how many answers it counts."""
    score = entry.score(split)
    if score is None:
        return None
    note = WORDS("correct", correct=score.correct, examples=score.rows) if field == "accuracy" else ""
    return number(getattr(score, field), partial(formats.accuracy, rows=score.rows), note=note)


def limits_cell(split: str, field: str, entry: MethodOnTask) -> Cell | None:
    """Return the interval of a share."""
    score = entry.score(split)
    return write_limits(score, field) if score else None


def write_limits(score: Accuracy, field: str = "accuracy") -> Cell:
    """Return the interval of a share of a score."""
    low, high = getattr(score, f"{field}_low"), getattr(score, f"{field}_high")
    return text(formats.interval(low, high, score.rows), sort=low)


def counted_cell(value: float | None, examples: int) -> Cell:
    """Return an accuracy counted on so many examples, with its interval."""
    return number(value, partial(share_with_interval, rows=examples))


def accuracy_cell(score: Score | None) -> Cell | None:
    """Return an accuracy with its interval."""
    return number(score.accuracy, lambda _: formats.with_interval(score)) if score else None


def class_tables(study: Study, task: str) -> list[Table]:
    """Return precision, recall and F1 of each label, with intervals: a table for each split and three labels."""
    tables = []
    for split in study.splits_and_pooled(task):
        scored = study.scored(task, split)
        methods = list_methods(study, task, [method for method, _ in scored])
        outcome, seeds = "pooled" if split == POOLED else "split", {"seed": study.seed, "seeds": len(study.seeds)}
        caption = WORDS("classes_caption", outcome, task=task, split=split, **seeds)
        for position, labels in enumerate(cut(study.results.tasks[task].labels, LABELS_PER_TABLE)):
            figures = [column for label in labels for column in class_columns(split, label, scored)]
            widths = [*METHOD_WIDTHS, *[(100 - sum(METHOD_WIDTHS)) // len(figures)] * len(figures)]
            columns = [replace(column, width=width) for column, width in zip([*METHOD, *figures], widths, strict=True)]
            identifier = f"classes-{task}-{split}-{position}"
            tables.append(build_table(identifier, caption, columns, methods, style="compact"))
    return tables


def class_columns(split: str, label: str, scored: list[tuple[str, Score]]) -> list[Column[MethodOnTask]]:
    """Return the figures of one label, under how many examples have it as gold label, the same for all methods."""
    support = formats.count(scored[0][1].per_class[label].support) if scored else formats.NOT_MEASURED
    group = WORDS("label", label=label, support=support)
    return [
        Column(title, partial(class_cell, split, label, title.lower()), formats.accuracy, group)
        for title in ("Precision", "Recall", "F1")
    ]


def class_cell(split: str, label: str, figure: str, entry: MethodOnTask) -> Cell | None:
    """Return one figure of a per-class report, its interval below it: beside it the table would be too wide."""
    score = entry.score(split)
    if score is None:
        return None
    value, low, high = (getattr(score.per_class[label], f"{figure}{end}") for end in ("", "_low", "_high"))
    written = Markup("{}<br>{}").format(formats.accuracy(value, score.rows), formats.interval(low, high, score.rows))
    return number(value, lambda _: written)


def flags(study: Study, task: str) -> list[dict[str, str]]:
    """Return the methods that are not ranked, each with the reason and, if it was trained, its last losses."""
    unranked = (COLLAPSED, *NOT_MADE, COST_ONLY) if study.measures_accuracy(task) else (COLLAPSED, *NOT_MADE)
    found = [
        {"title": study.title(entry.method), "status": entry.status, "reason": explain_status(entry.run)}
        for entry in list_methods(study, task)
        if entry.status in unranked
    ]
    left_out = {"status": NOT_RUN, "reason": WORDS("left_out")}
    return found + [{"title": study.title(method), **left_out} for method in study.left_out]


def explain_status(run: Run | None) -> str:
    """Return why a run has its status and, where something was trained, the losses of the last epochs."""
    reason = formats.as_sentence(run.reason) if run and run.reason else WORDS("no_record")
    epochs = run.train.epochs[-3:] if run and run.train else []
    if not epochs:
        return reason
    training = [f"{epoch.training_loss:.3f}" for epoch in epochs]
    held_out = [f"{epoch.held_out_loss:.3f}" for epoch in epochs]
    return f"{reason} {WORDS('last_losses', epochs=len(epochs), training=training, held_out=held_out)}"
