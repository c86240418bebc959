"""Methods that were swept over values of a setting: score and cost against the value."""

from __future__ import annotations

from functools import partial

from fineprint.core import formats
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods
from fineprint.reporting.sections import cost_axes
from fineprint.reporting.sections.cost import cost_column, memory_kinds
from fineprint.reporting.sections.standings import mean_cell, mean_limits_cell
from fineprint.reporting.table import Cell, Table, text
from fineprint.reporting.words import Words
from fineprint.results.study import Study, Sweep

WORDS = Words("sweeps")


def name_key(key: str) -> str:
    """Return what a swept key is called, such as "rank" for adapter.rank."""
    return key.split(".")[-1].replace("_", " ")


def name_keys(sweep: Sweep) -> str:
    """Return what the swept keys are called, as a list in a sentence."""
    return formats.join(list(map(name_key, sweep.keys)))


def value_cell(sweep: Sweep, key: str, entry: MethodOnTask) -> Cell:
    """Return the value of a swept key, sortable if it is a number."""
    value = sweep.rows[entry.method][key]
    return text(formats.setting(value), sort=value if isinstance(value, int | float) else str(value))


def sweep_tables(study: Study, task: str) -> list[Table]:
    """Return a table for each sweep."""
    return [sweep_table(study, task, sweep) for sweep in study.sweeps]


def sweep_table(study: Study, task: str, sweep: Sweep) -> Table:
    """Return mean accuracy, trainable parameters, time and memory of every method of a sweep."""
    split, scored = study.headline(task), study.measures_accuracy(task)
    scores: list[Column[MethodOnTask]] = [
        Column("Accuracy", partial(mean_cell, split), formats.accuracy),
        Column("95 % interval", partial(mean_limits_cell, split), formats.accuracy),
    ]
    columns = [
        *METHOD,
        *(Column(name_key(key).capitalize(), partial(value_cell, sweep, key), formats.setting) for key in sweep.keys),
        *(scores if scored else []),
        cost_column("Trainable parameters", cost_axes.PARAMETERS, formats.count),
        cost_column("Time", cost_axes.TRAINING_TIME, formats.seconds),
        cost_column("Memory", cost_axes.TRAINING_MEMORY, formats.size),
    ]
    caption = WORDS(
        "caption",
        title=sweep.title,
        keys=name_keys(sweep),
        task=task,
        split=split,
        scored=scored,
        seeds=len(study.seeds),
        memory=memory_kinds(study, task),
    )
    methods = list_methods(study, task, sweep.rows)
    return build_table(f"sweep-{task}-{sweep.method}", caption, columns, methods, style="compact")
