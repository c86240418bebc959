"""Section 7's tables."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from fineprint.core import formats
from fineprint.reporting.serving.data import WAYS, ServingResults
from fineprint.reporting.table import Cell, Table, blank, code, number, numeric, plain, text
from fineprint.results.lookup import SIGNIFICANCE, peak_memory, phase_seconds, train_value
from fineprint.scoring.statistics import describe_correction


def way_cell(way: str) -> Cell:
    """Return a way's name; what it does is its note."""
    return text(WAYS[way][0], note=WAYS[way][1])


def tasks_table(part: ServingResults) -> Table:
    """Return accuracy and training cost of every task by every method."""
    rows = []
    for task in part.tasks:
        for method in part.methods:
            run = part.runs[(task, method)]
            score = run["scores"]["splits"].get(part.split(task)) if run["scores"] else None
            rows.append(
                [
                    text(task),
                    text(part.title(method)),
                    accuracy_cell(score, run["status"]),
                    number(phase_seconds(run, "training"), formats.seconds),
                    number(peak_memory(run, "training")[0], formats.size),
                    number(train_value(run, "optimizer_bytes"), formats.size),
                    number(train_value(run, "checkpoint_bytes"), formats.size),
                ]
            )
    caption = (
        "Each task by each method: the same backbone, the same rows, the same seed. Accuracy with its 95 % Wilson "
        f"interval on the task's first test split ({name_splits(part)}); training time, peak memory in training, the "
        "optimizer's state, and what is saved."
    )
    columns = [
        *plain("Task", "Method"),
        *numeric("Accuracy", "Training", "Peak memory", "Optimizer state", "Saved"),
    ]
    return Table("serving-tasks", caption, columns, rows)


def name_splits(part: ServingResults) -> str:
    """Return the test split of each task in words."""
    return ", ".join(f"{task}: {part.split(task)}" for task in part.tasks)


def accuracy_cell(score: Any, status: str) -> Cell:
    """Return an accuracy with its interval; a collapsed run is flagged."""
    if score is None:
        return Cell(formats.NOT_MEASURED, style="missing")
    collapsed = status == "collapsed"
    return Cell(
        formats.with_interval(score) + (" collapsed" if collapsed else ""),
        sort=score["accuracy"],
        style="flag" if collapsed else "",
    )


def serving_table(part: ServingResults, count: int, explained: bool) -> Table:
    """Return every way at one number of tasks; the columns are explained unless another table did."""
    rows, reasons = [], []
    for way, method in part.series:
        row = part.served(way, method, count)
        if row is not None and row["reason"] is None:
            rows.append([way_cell(way), text(part.title(method)), *serving_cells(row)])
        elif row is not None:
            rows.append([way_cell(way), text(part.title(method)), *[Cell("–", note=row["reason"])] * 8])
            reasons.append(f"{WAYS[way][0]}: {row['reason']}.")
    heads = ("Disk", "Held", "Peak or resident", "First answer", "One task more", "Switch", "99th percentile", "Rows/s")
    columns_meaning = (
        "Disk: read off it. Held: exact bytes of the distinct tensors with all tasks ready; beside it the peak that "
        "torch allocated on the GPU, or on a CPU the growth of the process. First answer: from nothing loaded, files "
        "in the system's cache. Switch: median, in brackets of how many; reading a task from the disk does not "
        "depend on their number and was timed once; a 99th percentile from 100 switches on. Rows/s: a stream of all "
        f"tasks in random order, answered {part.settings['batch_size']} at a time; the ways took turns: "
        "median, slowest and fastest round. On a GPU whole models and the "
        "shared backbone are stored alike, in 16 bits; only layers that adapters are merged into stay as saved."
    )
    start = f"{formats.plural(count, 'task')} served at once{describe_copies(part, count)}."
    caption = " ".join([start, *([] if explained else [columns_meaning]), *reasons])
    columns = [*plain("Way", "Method"), *numeric(*heads)]
    return Table(f"serving-{count}", caption, columns, rows, style="compact")


def describe_copies(part: ServingResults, count: int) -> str:
    """Return how many of the served tasks are copies."""
    spare = count - len(part.tasks)
    return f", {spare} of them copies of the trained ones under other names" if spare > 0 else ""


def serving_cells(row: dict[str, Any]) -> list[Cell]:
    """Return the figures of one way."""
    memory = row["peak_allocated_bytes"] if row["peak_allocated_bytes"] is not None else row["resident_bytes"]
    none = row["switches"] is None
    switch = blank("nothing has to be switched") if none else switch_cell(row)
    late = Cell("–", note="fewer than 100 switches were timed")
    percentile = row["switch_seconds_p99"]
    add = row["add_task_seconds"]
    return [
        number(row["disk_bytes"], formats.size),
        number(row["held_bytes"], formats.size),
        number(memory, formats.size),
        number(row["first_answer_seconds"], formats.duration),
        blank("loaded when it is asked for: a switch") if add is None else number(add, formats.duration),
        switch,
        late if percentile is None else number(percentile, formats.duration),
        rate_cell(row),
    ]


def switch_cell(row: dict[str, Any]) -> Cell:
    """Return the median of a switch and on how many it rests."""
    words = f"{formats.duration(row['switch_seconds_median'])} ({formats.count(row['switches'])})"
    timed = row.get("switch_tasks") or row["tasks"]
    note = f"timed with {timed} tasks" if timed != row["tasks"] else ""
    return Cell(words, sort=row["switch_seconds_median"], note=note)


def rate_cell(row: dict[str, Any]) -> Cell:
    """Return rows per second with the range of the rounds."""
    if row["rows_per_second"] is None:
        return Cell(formats.NOT_MEASURED, style="missing")
    low, high = row.get("rows_per_second_low"), row.get("rows_per_second_high")
    spread = "" if low is None or high is None else f" ({formats.rate(low)}–{formats.rate(high)})"
    return Cell(f"{formats.rate(row['rows_per_second'])}{spread}", sort=row["rows_per_second"])


def labels_cell(check: dict[str, Any]) -> Cell:
    """Return how many rows have the label of the run's own prediction, and how many others are near ties."""
    words = f"{formats.count(check['same_labels'])} of {formats.count(check['rows'])}"
    undecided = check.get("undecided_labels")
    return Cell(f"{words} ({undecided} undecided)" if undecided else words, sort=check["same_labels"])


def checks_table(part: ServingResults) -> Table | None:
    """Return whether each way answers as the task served alone."""
    checks = part.ways["checks"] if part.ways else []
    rows = [
        [
            way_cell(check["way"]),
            text(part.title(check["method"])),
            labels_cell(check),
            number(check["largest_difference"], lambda value: f"{value:.1e}"),
            number(check["tolerance"], lambda value: f"{value:.1e}"),
            text("yes") if check["equal"] else text("no", style="flag"),
            control_cell(check),
        ]
        for check in checks
    ]
    caption = (
        "Are the answers those of each task served alone? Labels against the run's own predictions, logits against the "
        "same model loaded for that task only, after all switches; the largest difference is of the row that comes "
        "nearest to its tolerance, which is that of the numbers' precision. Control: rows that another task than their "
        "own answered, and how many of them the same check tells from their own task's."
    )
    if any(check.get("undecided_labels") for check in checks):
        caption += (
            " Undecided: a row with another label whose two likeliest labels lie so close together, in the task served "
            "alone, that rounding within the tolerance decides between them; it counts as equal."
        )
    columns = [
        *plain("Way", "Method"),
        *numeric("Same labels", "Largest difference", "Tolerance"),
        *plain("Equal"),
        *numeric("Control"),
    ]
    return Table("serving-checks", caption, columns, rows) if rows else None


def latency_table(part: ServingResults) -> Table | None:
    """Return how long one batch of one task takes."""
    found = part.ways["latency"] if part.ways else []
    sizes = part.batch_sizes()
    rows = [
        [way_cell(way), text(part.title(method)), *(latency_cell(part.latency(way, method, size)) for size in sizes)]
        for way, method in dict.fromkeys((row["way"], row["method"]) for row in found)
    ]
    caption = (
        "Time of one batch of one task that is ready: what the adapter costs beside the backbone, and what merging "
        "spares. Median with its 95 % interval; the ways took turns."
    )
    heads = [formats.plural(size, "row") for size in sizes]
    return Table("serving-latency", caption, [*plain("Way", "Method"), *numeric(*heads)], rows) if rows else None


def latency_cell(row: dict[str, Any] | None) -> Cell:
    """Return a median with its interval."""
    if row is None:
        return Cell(formats.NOT_MEASURED, style="missing")
    if row["seconds_low"] is None:
        return number(row["seconds_median"], formats.duration)
    limits = f"{formats.duration(row['seconds_low'])}–{formats.duration(row['seconds_high'])}"
    return Cell(f"{formats.duration(row['seconds_median'])} ({limits})", sort=row["seconds_median"])


def control_cell(check: dict[str, Any]) -> Cell:
    """Return how many rows that another task answered the check told apart; none is told as a fault."""
    if check.get("control_rows") is None:
        return Cell(formats.NOT_MEASURED, style="missing")
    words = f"{formats.count(check['control_apart'])} of {formats.count(check['control_rows'])}"
    return Cell(words, sort=check["control_apart"], style="" if check["control_apart"] else "flag")


COMBINED = {
    "separate": "own adapter",
    "average": "average of two",
    "concatenation": "sum of two (concatenated)",
    "pooled": "one adapter, trained on all",
}


def combining_table(part: ServingResults) -> Table | None:
    """Return the accuracy of combined adapters beside each task's own, where there is an accuracy."""
    record = part.data["combining"]
    if record is None or not part.scored:
        return None
    rows = []
    for task in part.tasks:
        for row in [row for row in record["scores"] if row["task"] == task]:
            others = [name for name in row["of"] if name != task]
            rows.append(
                [
                    text(task),
                    text(COMBINED[row["way"]]),
                    text(formats.join(others) or "–"),
                    number(row["accuracy"], lambda _, row=row: formats.with_interval(row)),
                    difference_cell(row),
                ]
            )
    caption = Markup(
        "Combined adapters, each asked with the task's own head. Average: PEFT's linear combination at weight 0.5 "
        "each, of the factors, not of their products. Sum: the factors side by side ({}), exactly both updates. "
        "Difference to the task's own adapter in points on the same rows; bold: real (McNemar, Holm over the table, "
        "p &lt; 0.05)."
    ).format(code("cat"))
    columns = [*plain("Task", "Adapter", "With"), *numeric("Accuracy", "Difference")]
    return Table("serving-combining", caption, columns, rows)


def difference_cell(row: dict[str, Any]) -> Cell:
    """Return a paired difference in points; a real one is set bold."""
    if row["difference"] is None:
        return blank("this is the base of the comparison")
    real = row["p_value_holm"] < SIGNIFICANCE
    note = f"{formats.p_phrase(row['p_value_holm'])}, Holm"
    return Cell(formats.points(row["difference"]), sort=row["difference"], note=note, style="real" if real else "")


def forgetting_table(part: ServingResults) -> Table | None:
    """Return the first task before and after the second was learnt."""
    record = part.data["forgetting"]
    if record is None:
        return None
    same = {row["method"]: row["before"] == row["after"] for row in record["backbone"]}
    rows = [
        [
            text(part.title(row["method"])),
            *(forgetting_cells(row) if part.scored else []),
            text("the same, bit by bit" if same[row["method"]] else "changed"),
        ]
        for row in record["scores"]
    ]
    first, second = f"“{record['first']}” ({record['split']})", f"“{record['second']}”"
    if part.scored:
        caption = f"{first} before and after {second} was learnt with the same weights, asked with its own head. "
        caption += f"p: exact McNemar, {describe_correction(len(record['scores']), 'methods')}. "
        scores = numeric("Before", "After", "Points", "p")
    else:
        caption, scores = f"The backbone before and after {second} was learnt; accuracy was not measured. ", []
    caption += "Backbone: sha256 of its tensors before and after."
    return Table("serving-forgetting", caption, [*plain("Method"), *scores, *plain("Backbone")], rows)


def forgetting_cells(row: dict[str, Any]) -> list[Cell]:
    """Return a method's accuracies on the first task, their difference, and how likely chance alone makes it."""
    return [
        number(row["before"]["accuracy"], lambda _: formats.with_interval(row["before"])),
        number(row["after"]["accuracy"], lambda _: formats.with_interval(row["after"])),
        number(row["difference"], formats.points),
        text(formats.p_value(row["p_value_holm"])),
    ]
