"""Memory, parameters and saved bytes."""

from __future__ import annotations

from fineprint.claims.cases import (
    Case,
    Measurement,
    NotMeasured,
    Remark,
    find_parameters,
    find_runs,
    find_trained,
    find_typical,
)
from fineprint.core.records import QuotedRun
from fineprint.core.records.results import WHOLE_MODEL_SHARE


def training_memory(case: Case) -> Measurement:
    """Return the peak memory of training."""
    runs = find_trained(case, case.first)
    return peak(runs, find_typical(runs, lambda run: run.training_peak_bytes, case, "training_memory"))


def prediction_memory(case: Case) -> Measurement:
    """Return the peak memory of prediction."""
    runs = find_runs(case, case.first)
    return peak(runs, find_typical(runs, lambda run: run.prediction_peak_bytes, case, "prediction_memory"))


def peak(runs: list[QuotedRun], value: float) -> Measurement:
    """Return a peak with what it is a figure of."""
    kinds = {run.peak_kind for run in runs}
    return Measurement(value, note=Remark("resident" if "resident" in kinds else "allocated"))


def read_checkpoint_bytes(case: Case, method: str) -> float:
    """Return what one task leaves on the disk."""
    return find_typical(find_trained(case, method), lambda run: run.checkpoint_bytes, case, "checkpoint_bytes")


def checkpoint_bytes(case: Case) -> Measurement:
    """Return what one task adds on the disk."""
    return Measurement(read_checkpoint_bytes(case, case.first))


def trained_parameters(case: Case) -> Measurement:
    """Return how many parameters are trained, adapter and head together."""
    counts = find_parameters(case, case.first)
    note = Remark("adapter_and_head", {"adapter": counts.adapter, "head": counts.head})
    return Measurement(counts.adapter + counts.head, note=note)


def parameter_share(case: Case) -> Measurement:
    """Return the trained share of all parameters."""
    return Measurement(find_parameters(case, case.first).share)


def storage(case: Case, tasks: int) -> Measurement:
    """Return the disk that some tasks take."""
    (size,), note, anchor = find_storage(case, [case.first], tasks)
    return Measurement(size, note=note, anchor=anchor)


def storage_saving(case: Case, tasks: int) -> Measurement:
    """Return by what share the first method's disk for some tasks is smaller than the second's."""
    (small, large), origin, anchor = find_storage(case, case.methods, tasks)
    note = Remark(f"saving_{origin.outcome}", {**origin.values, "small": small, "large": large})
    return Measurement(1 - small / large, note=note, anchor=anchor)


def find_storage(case: Case, methods: list[str], tasks: int) -> tuple[list[float], Remark, str]:
    """Return the disk that some tasks take by each method, how it was come by, and where that stands: as measured where
    so many tasks were served by all of the methods, else arithmetic on the bytes of one."""
    sizes = [size for method in methods if (size := read_served_disk(case, method, tasks)) is not None]
    if case.study is None or len(sizes) < len(methods):
        return [read_storage(case, method, tasks) for method in methods], Remark("multiplied", {"tasks": tasks}), ""
    copies = max(0, tasks - len(case.study.config["serving"]["tasks"]))
    return sizes, Remark("served", {"tasks": tasks, "copies": copies}), f"table-serving-{tasks}"


def read_storage(case: Case, method: str, tasks: int) -> float:
    """Return the disk that some tasks take by arithmetic: the backbone once, unless each is a whole copy, and what each
    adds."""
    saved = read_checkpoint_bytes(case, method)
    if find_parameters(case, method).share > WHOLE_MODEL_SHARE:
        return tasks * saved
    backbone = case.excerpt.backbone(method).bytes
    if backbone is None:
        raise NotMeasured("unknown", what="backbone_bytes", title=case.title(method))
    return backbone + tasks * saved


def read_served_disk(case: Case, method: str, tasks: int) -> float | None:
    """Return the disk that some tasks took that were served together, or None where so many were not."""
    serving = case.study.results.serving if case.study else None
    rows = serving.ways.rows if serving and serving.ways else []
    found = [row.disk_bytes for row in rows if (row.method, row.tasks) == (method, tasks)]
    return next((size for size in found if size is not None), None)
