"""Quantities that claims are tested by: each a small function from one case to a measured figure.

A quantity that was not measured raises NotMeasured with the reason as a sentence; nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fineprint.claims.cases import Case, Measurement, NotMeasured, describe_machine, find_run, find_trained, known
from fineprint.core import formats
from fineprint.core.records import COLLAPSED, COST_ONLY, Comparison, Parameters, Score, ServingRecord

MEMORY_KINDS = {"allocated": "allocated on the GPU", "resident": "resident memory, no GPU"}


def training_memory(case: Case) -> Measurement:
    """Return the peak memory of training."""
    run, _ = find_trained(case, case.first)
    value, kind = run.peak_memory("training")
    return Measurement(known(value, "memory in training", case, case.first), note=MEMORY_KINDS[kind])


def prediction_memory(case: Case) -> Measurement:
    """Return the peak memory of prediction."""
    value, kind = find_run(case, case.first).peak_memory("prediction")
    return Measurement(known(value, "memory in prediction", case, case.first), note=MEMORY_KINDS[kind])


def read_checkpoint_bytes(case: Case, method: str) -> float:
    """Return what one task leaves on the disk."""
    _, train = find_trained(case, method)
    return known(train.checkpoint_bytes, "size of the saved files", case, method)


def checkpoint_bytes(case: Case) -> Measurement:
    """Return what one task adds on the disk."""
    return Measurement(read_checkpoint_bytes(case, case.first))


def read_parameters(case: Case) -> Parameters:
    """Return the parameter counts of a trained method."""
    run, _ = find_trained(case, case.first)
    if run.parameters is None:
        raise NotMeasured(f"The parameters of {case.study.title(case.first)} were not counted.")
    return run.parameters


def trained_parameters(case: Case) -> Measurement:
    """Return how many parameters are trained, adapter and head together."""
    counts = read_parameters(case)
    split = f"{formats.short_count(counts.adapter)} adapter, {formats.short_count(counts.head)} head"
    return Measurement(counts.adapter + counts.head, note=split)


def parameter_share(case: Case) -> Measurement:
    """Return the trained share of all parameters."""
    return Measurement(read_parameters(case).share)


def speed_ratio(case: Case) -> Measurement:
    """Return how many times as many rows a second the first method trains on; total times stand in the note."""
    trained = {method: find_trained(case, method) for method in case.methods}
    if len({describe_machine(run, "train") for run, _ in trained.values()}) > 1:
        raise NotMeasured("The two were trained on different machines, so their times are not comparable.")
    speeds = [
        known(train.examples_per_second, "speed of training", case, method) for method, (_, train) in trained.items()
    ]
    seconds = [formats.seconds(run.seconds("training")) for run, _ in trained.values()]
    epochs = [len(train.epochs) for _, train in trained.values()]
    note = (
        f"by rows per second; in all {seconds[0]} for {formats.plural(epochs[0], 'epoch')} "
        f"against {seconds[1]} for {epochs[1]}"
    )
    return Measurement(speeds[0] / speeds[1], note=note)


def read_score(case: Case, method: str) -> Score:
    """Return a score on the headline split of a run that has not collapsed."""
    run = find_run(case, method)
    if run.status == COLLAPSED:
        raise NotMeasured(f"{case.study.title(method)} collapsed: its accuracy is compared with nothing.")
    if run.status == COST_ONLY:
        raise NotMeasured(f"Of {case.study.title(method)} {(run.reason or '').rstrip('.')}.")
    score = case.study.score(case.task, method, case.study.headline(case.task), case.seed)
    if score is None:
        raise NotMeasured(f"{case.study.title(method)} has no score on {case.study.headline(case.task)}.")
    return score


def find_comparison(case: Case) -> Comparison:
    """Return the comparison of the two methods on the headline split, over all seeds."""
    found = case.study.comparison(case.task, case.first, case.other)
    if found is None:
        raise NotMeasured("The two were not compared on the same examples.")
    return found


def accuracy_difference(case: Case) -> Measurement:
    """Return the difference of mean accuracies on the headline split, with its interval and test."""
    for method in case.methods:
        read_score(case, method)
    found = find_comparison(case)
    note = f"{formats.p_phrase(found.p_value_holm)}, Holm-corrected"
    return Measurement(found.difference, *found.interval, found.p_value_holm, note=note)


def accuracy_ratio(case: Case) -> Measurement:
    """Return the first mean accuracy as a share of the second. The interval is that of the difference, taken as a share
    of the second mean."""
    for method in case.methods:
        read_score(case, method)
    base = case.study.mean(case.task, case.other)
    if base is None or not base.mean:
        raise NotMeasured("A method with no right answer gives no ratio.")
    found = find_comparison(case)
    return Measurement(*(1 + value / base.mean for value in (found.difference, *found.interval)))


def read_served_disk(case: Case, method: str, tasks: int) -> float | None:
    """Return the disk that some tasks took that were served together, or None where so many were not."""
    ways = served_ways(case)
    found = [row.disk_bytes for row in ways.rows if (row.method, row.tasks) == (method, tasks)] if ways else []
    return next((size for size in found if size is not None), None)


def served_ways(case: Case) -> ServingRecord | None:
    """Return what was measured of serving several tasks, or None where nothing was."""
    serving = case.study.results.serving
    return serving.ways if serving else None


def read_storage(case: Case, method: str, tasks: int) -> float:
    """Return the disk that some tasks take by arithmetic: the backbone once, unless each is a whole copy, and what each
    adds."""
    (run, _), saved = find_trained(case, method), read_checkpoint_bytes(case, method)
    if run.trains_everything:
        return tasks * saved
    backbone = case.study.results.backbones[case.study.settings(method)["backbone"]]
    return known(backbone.bytes, "backbone's size on disk", case, method) + tasks * saved


def find_storage(case: Case, methods: list[str], tasks: int) -> tuple[list[float], str, str]:
    """Return the disk that some tasks take by each method, how it was come by, and where that stands: as measured where
    so many tasks were served by all of the methods, else arithmetic on the bytes of one."""
    served = [read_served_disk(case, method, tasks) for method in methods]
    sizes = [size for size in served if size is not None]
    if len(sizes) < len(methods):
        by_arithmetic = [read_storage(case, method, tasks) for method in methods]
        return by_arithmetic, f"arithmetic for {formats.plural(tasks, 'task')}", ""
    spare = tasks - len(case.study.config["serving"]["tasks"])
    copies = f", {spare} of them copies of trained ones" if spare > 0 else ""
    return (
        sizes,
        f"read off the disk, {formats.plural(tasks, 'task')} served{copies}",
        f"table-serving-{tasks}",
    )


def storage(case: Case, tasks: int) -> Measurement:
    """Return the disk that some tasks take."""
    (size,), origin, anchor = find_storage(case, [case.first], tasks)
    return Measurement(size, note=origin, anchor=anchor)


def storage_saving(case: Case, tasks: int) -> Measurement:
    """Return by what share the first method's disk for some tasks is smaller than the second's."""
    (small, large), origin, anchor = find_storage(case, case.methods, tasks)
    note = f"{formats.size(small)} against {formats.size(large)}; {origin}"
    return Measurement(1 - small / large, note=note, anchor=anchor)


def read_switch_seconds(case: Case, method: str, way: str) -> dict[int, float]:
    """Return the median seconds of a switch in one way of serving several tasks, by the number of tasks."""
    ways = served_ways(case)
    rows = [row for row in ways.rows if (row.way, row.method) == (way, method)] if ways else []
    return {row.tasks: row.switch_seconds_median for row in rows if row.switch_seconds_median is not None}


def kept_backbone(case: Case, method: str) -> bool | None:
    """Return whether the shared backbone had the same weights after all switches as before the first, if known."""
    ways = served_ways(case)
    hashes = [found for found in ways.backbone if (found.way, found.method) == ("switched", method)] if ways else []
    return all(found.unchanged for found in hashes) if hashes else None


def switch_ratio(case: Case) -> Measurement:
    """Return the time of switching an adapter as a share of loading another whole model, for the most tasks tried."""
    adapters, models = (
        read_switch_seconds(case, case.first, "switched"),
        read_switch_seconds(case, case.other, "reloaded"),
    )
    common = [count for count in adapters if count in models]
    if not common:
        raise NotMeasured("Switching adapters and loading whole models were not both measured in this study.")
    kept = kept_backbone(case, case.first)
    if kept is None:
        raise NotMeasured("Whether the backbone's weights stayed the same while adapters were switched is not known.")
    if not kept:
        return Measurement(math.inf, note="switching changed the backbone's weights, so that it must be loaded anew")
    first, second = (served[max(common)] for served in (adapters, models))
    note = (
        f"median {formats.duration(first)} against {formats.duration(second)} for loading another whole model, "
        f"{formats.plural(max(common), 'task')}; the backbone's weights stayed as they were"
    )
    return Measurement(first / second, note=note)


@dataclass(frozen=True)
class Quantity:
    """A way to test a claim: how it is measured, written, and where its figures stand.

    `anchor` is a place in the report, with {task} and {split} (the headline split) to be filled in. A quantity
    `per_study` is measured once, not for every task and seed. `unit` follows a figure and its interval.
    """

    measure: Callable[..., Measurement]
    write: Callable[[float], str]
    basis: str
    anchor: str
    compares: bool = False
    per_study: bool = False
    rests_on_accuracy: bool = False
    unit: str = ""


QUANTITIES = {
    "training_memory": Quantity(training_memory, formats.size, "Cost", "table-cost-{task}"),
    "prediction_memory": Quantity(prediction_memory, formats.size, "Cost", "table-cost-{task}"),
    "checkpoint_bytes": Quantity(checkpoint_bytes, formats.size, "Parameters", "table-parameters-{task}"),
    "trained_parameters": Quantity(trained_parameters, formats.short_count, "Parameters", "table-parameters-{task}"),
    "parameter_share": Quantity(parameter_share, formats.percent, "Parameters", "table-parameters-{task}"),
    "speed_ratio": Quantity(speed_ratio, formats.times, "Cost", "table-cost-{task}", compares=True),
    "accuracy_difference": Quantity(
        accuracy_difference,
        formats.points,
        "Pairs",
        "table-pairs-{task}-{split}",
        compares=True,
        rests_on_accuracy=True,
        unit=" points",
    ),
    "accuracy_ratio": Quantity(
        accuracy_ratio, formats.percent, "Scores", "table-scores-{task}", compares=True, rests_on_accuracy=True
    ),
    "storage": Quantity(storage, formats.size, "Storage", "table-storage-{task}"),
    "switch_ratio": Quantity(switch_ratio, formats.times, "Many tasks", "tasks", compares=True, per_study=True),
    "storage_saving": Quantity(storage_saving, formats.percent, "Storage", "table-storage-{task}", compares=True),
}
