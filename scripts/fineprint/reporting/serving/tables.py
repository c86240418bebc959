"""The chapter's tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fineprint.core import formats
from fineprint.core.records import ALPHA, COLLAPSED, Accuracy, Check, Combined, Forgotten, Run, Served
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.memory_words import name_memory
from fineprint.reporting.serving.data import WORDS as NAMES
from fineprint.reporting.serving.data import Series, ServingResults
from fineprint.reporting.table import Cell, Table, number, text
from fineprint.reporting.words import Words
from fineprint.scoring.statistics import describe_correction

WORDS = Words("serving_tables")
Write = Callable[[Any], str]


def name_columns(part: ServingResults) -> list[Column]:
    """Return the columns that name a way, with what it does as a note, and the method."""
    return [
        Column("Way", lambda row: text(NAMES("way", row.way), note=NAMES("way_explained", row.way))),
        Column("Method", lambda row: part.title(row.method)),
    ]


def ways_table(part: ServingResults) -> Table | None:
    """Return what each measured way does."""
    columns = [
        Column[str]("Way", lambda way: NAMES("way", way), width=28),
        Column[str]("What it does", lambda way: NAMES("way_explained", way), width=72),
    ]
    ways = dict.fromkeys(series.way for series in part.series)
    return build_table("serving-ways", WORDS("ways"), columns, ways) if ways else None


def tasks_table(part: ServingResults) -> Table:
    """Return accuracy and training cost of every task by every method."""
    columns = [
        Column[Run]("Task", lambda run: run.task),
        Column("Method", lambda run: part.title(run.method)),
        Column("Accuracy", lambda run: accuracy_cell(run, part.headline(run.task)), formats.accuracy),
        Column("Training", lambda run: run.seconds("training"), formats.seconds),
        Column("Memory", lambda run: run.training_memory.bytes, formats.size),
        Column("Optimizer state", lambda run: run.trained and run.trained.optimizer_bytes, formats.size),
        Column("Checkpoint size", lambda run: run.trained and run.trained.checkpoint_bytes, formats.size),
    ]
    runs = [part.run(task, method) for task in part.tasks for method in part.methods]
    splits = ", ".join(f"{task}: {part.headline(task)}" for task in part.tasks)
    caption = WORDS("tasks", splits=splits, seed=part.seed, memory=name_memory(runs))
    return build_table("serving-tasks", caption, columns, runs)


def accuracy_cell(run: Run, split: str) -> Cell | None:
    """Return an accuracy with its interval, None without one; a collapsed run is flagged."""
    score = run.score(split)
    if score is None:
        return None
    if run.status != COLLAPSED:
        return score_cell(score)
    return text(WORDS("collapsed", accuracy=formats.with_interval(score)), sort=score.accuracy, style="flag")


def served_table(part: ServingResults, count: int, explained: bool) -> Table:
    """Return every way at one number of tasks; the columns are explained unless another table did."""
    rows = [row for series in part.series if (row := part.served.get((*series, count)))]
    caption = [WORDS("served", tasks=count, copies=part.count_copies(count))]
    if not explained:
        caption.append(WORDS("served_columns", batch_size=part.serving["batch_size"]))
    caption += [WORDS("not_served", way=NAMES("way", row.way), reason=row.reason) for row in rows if row.reason]
    columns = [*name_columns(part), *served_columns()]
    return build_table(f"serving-{count}", " ".join(caption), columns, rows, style="compact")


def served_columns() -> list[Column[Served]]:
    """Return the columns of figures; a way that was refused has none of them."""
    return [
        served_column("Disk", lambda row: row.disk_bytes, formats.size),
        served_column("Held", lambda row: row.held_bytes, formats.size),
        served_column("Peak or resident", peak_bytes, formats.size),
        served_column("First answer", lambda row: row.first_answer_seconds, formats.duration),
        served_column("Time to add a task", lambda row: row.add_task_seconds, formats.duration, "add_task"),
        served_column("Switch", switch_cell, formats.duration, "switch"),
        served_column("99th percentile", lambda row: row.switch_seconds_p99, formats.duration, "percentile"),
        served_column("Examples/s", rate_cell, formats.rate),
    ]


def served_column(title: str, get: Callable[[Served], Any], write: Write, without: str = "") -> Column[Served]:
    """Return a column of figures; `without` names the text that says why some ways have no such figure."""

    def lacks(row: Served) -> str | None:
        return row.reason or (WORDS("lacks", without) if without and get(row) is None else None)

    return Column(title, get, write, lacks=lacks)


def peak_bytes(row: Served) -> int | None:
    """Return the peak on a GPU, or else the growth of the process."""
    return row.resident_bytes if row.peak_allocated_bytes is None else row.peak_allocated_bytes


def switch_cell(row: Served) -> Cell | None:
    """Return the median of a switch and on how many it rests; None where there is nothing to switch."""
    if row.switches is None:
        return None
    words = WORDS("switch", seconds=row.switch_seconds_median, switches=row.switches)
    timed = row.switch_tasks or row.tasks
    note = WORDS("switch_note", tasks=timed) if timed != row.tasks else ""
    return text(words, sort=row.switch_seconds_median, note=note)


def rate_cell(row: Served) -> Cell | float | None:
    """Return examples per second with the range of the rounds, where there is one."""
    rate, low, high = row.rows_per_second, row.rows_per_second_low, row.rows_per_second_high
    return ranged_cell(rate, low, high, formats.rate)


def ranged_cell(value: float | None, low: float | None, high: float | None, write: Write) -> Cell | float | None:
    """Return a figure with its range, or without one where none is known."""
    if value is None or low is None or high is None:
        return value
    return text(f"{write(value)} ({write(low)}–{write(high)})", sort=value)


def latency_table(part: ServingResults) -> Table | None:
    """Return how long one batch of one task takes."""
    sizes = part.batch_sizes
    columns = name_columns(part) + [
        Column(
            formats.plural(size, "example"), lambda series, size=size: time_cell(part, series, size), formats.duration
        )
        for size in sizes
    ]
    timed = dict.fromkeys(Series(row.way, row.method) for row in part.ways.latency)
    return build_table("serving-latency", WORDS("latency"), columns, timed) if timed else None


def time_cell(part: ServingResults, series: Series, size: int) -> Cell | float | None:
    """Return a median with its interval."""
    found = part.latency.get((*series, size))
    return found and ranged_cell(found.seconds_median, found.seconds_low, found.seconds_high, formats.duration)


def checks_table(part: ServingResults) -> Table | None:
    """Return whether each way answers as the task served alone."""
    checks = part.ways.checks
    columns = [
        *name_columns(part),
        Column[Check]("Same labels", labels_cell, formats.count),
        Column("Largest difference", lambda check: check.largest_difference, "{:.1e}".format),
        Column("Tolerance", lambda check: check.tolerance, "{:.1e}".format),
        Column("Equal", lambda check: "yes" if check.equal else text("no", style="flag")),
        Column("Control", control_cell, formats.count),
    ]
    caption = WORDS("checks", undecided=any(check.undecided_labels for check in checks))
    return build_table("serving-checks", caption, columns, checks) if checks else None


def labels_cell(check: Check) -> Cell:
    """Return how many examples have the label of the run's own prediction, and how many others are near ties."""
    outcome = "undecided" if check.undecided_labels else "decided"
    words = WORDS("labels", outcome, same=check.same_labels, examples=check.rows, undecided=check.undecided_labels)
    return text(words, sort=check.same_labels)


def control_cell(check: Check) -> Cell:
    """Return how many examples that another task answered the check detected; none is flagged as a fault."""
    words = WORDS("control", detected=check.control_apart, examples=check.control_rows)
    return text(words, sort=check.control_apart, style="" if check.control_apart else "flag")


def combining_table(part: ServingResults) -> Table | None:
    """Return the accuracy of combined adapters beside each task's own, where there is an accuracy."""
    record = part.record.combining
    if record is None or not part.has_accuracy:
        return None
    columns = [
        Column[Combined]("Task", lambda row: row.task),
        Column("Adapter", lambda row: WORDS("combined_adapter", row.way)),
        Column("With", lambda row: formats.join([name for name in row.of if name != row.task]) or "–"),
        Column("Accuracy", score_cell, formats.accuracy),
        Column("Difference", difference_cell, formats.points, lacks=is_base),
    ]
    rows = [row for task in part.tasks for row in record.scores if row.task == task]
    return build_table("serving-combining", WORDS("combining"), columns, rows)


def is_base(row: Combined) -> str | None:
    """Return why a task's own adapter has no difference."""
    return WORDS("lacks", "difference") if row.difference is None else None


def score_cell(score: Accuracy) -> Cell:
    """Return an accuracy with its interval."""
    return text(formats.with_interval(score), sort=score.accuracy)


def difference_cell(row: Combined) -> Cell:
    """Return a paired difference in percentage points; a significant one is set bold."""
    significant, note = row.p_value_holm < ALPHA, WORDS("difference_note", p=row.p_value_holm)
    return number(row.difference, formats.points, note=note, style="real" if significant else "")


def forgetting_table(part: ServingResults) -> Table | None:
    """Return the first task before and after the second was learned; without accuracies the backbone alone."""
    record = part.record.forgetting
    if record is None:
        return None
    unchanged = {row.method: row.unchanged for row in record.backbone}
    accuracies = [
        Column[Forgotten]("Before", lambda row: score_cell(row.before), formats.accuracy),
        Column("After", lambda row: score_cell(row.after), formats.accuracy),
        Column("Percentage points", lambda row: row.difference, formats.points),
        Column("p", lambda row: text(formats.p_value(row.p_value_holm)), formats.p_value),
    ]
    columns = [
        Column[Forgotten]("Method", lambda row: part.title(row.method)),
        *(accuracies if part.has_accuracy else []),
        Column("Backbone", lambda row: WORDS("backbone", "same" if unchanged[row.method] else "changed")),
    ]
    names = {"first": record.first, "second": record.second, "split": record.split}
    correction = describe_correction(len(record.scores), "methods")
    caption = WORDS("forgetting", "scored" if part.has_accuracy else "unscored", correction=correction, **names)
    return build_table("serving-forgetting", caption, columns, record.scores)
