"""What a method costs in parameters, bytes, time and memory."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.core.records import Run
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Cell, Table, blank, number, numeric, plain, text
from fineprint.results.lookup import (
    Study,
    is_trained,
    parameters,
    peak_memory,
    phase,
    phase_seconds,
    train_value,
    trains_everything,
)

NOTHING_TRAINED = "nothing is trained"
TASK_COUNTS = (1, 2, 10)
PHASES = ("loading", "training", "prediction")
MEMORY_FIGURES = {
    "peak_resident_bytes": "Resident, over baseline",
    "peak_allocated_bytes": "Allocated on GPU",
    "peak_reserved_bytes": "Reserved on GPU",
    "driver_used_bytes": "Driver, whole GPU",
}


def trained_only(run: Run | None, cell: Cell) -> Cell:
    """Return a cell, or a dash where the method trains nothing."""
    return blank(NOTHING_TRAINED) if run and run["train"] and not run["train"]["trained"] else cell


def parameters_table(study: Study, task: str) -> Table:
    """Return trained parameters in four columns, and what is saved."""
    rows = []
    for method in study.methods:
        run = study.run(task, method)
        counts = parameters(run) or {}
        rows.append(
            [
                *name_cells(study, task, method),
                *(number(counts.get(key), formats.count) for key in ("adapter", "head", "total")),
                number(counts.get("share"), formats.percent),
                trained_only(run, number(train_value(run, "checkpoint_bytes"), formats.size)),
            ]
        )
    columns = [*plain("No.", "Method"), *numeric("Adapter", "Head", "Total", "Share trained", "Saved")]
    caption = (
        f"Trained parameters on “{task}”. “Adapter” is everything trained outside the head, for full fine-tuning "
        "the backbone itself; quantised weights count at their full number; “saved” is read off the disk."
    )
    return Table(f"parameters-{task}", caption, columns, rows)


def cost_table(study: Study, task: str) -> Table:
    """Return time, speed and peak memory of training and prediction."""
    rows = []
    for method in study.methods:
        run = study.run(task, method)
        predict = run["predict"] if run else None
        rows.append(
            [
                *name_cells(study, task, method),
                trained_only(run, number(phase_seconds(run, "training"), formats.seconds)),
                trained_only(run, number(train_value(run, "examples_per_second"), formats.rate)),
                trained_only(run, number(peak_memory(run, "training")[0], formats.size)),
                number(phase_seconds(run, "prediction"), formats.seconds),
                number(predict["rows_per_second"] if predict else None, formats.rate),
                number(predict["weight_bytes"] if predict else None, formats.size),
                number(peak_memory(run, "prediction")[0], formats.size),
            ]
        )
    columns = [
        *plain("No.", "Method"),
        *numeric("Time", "Rows per second", "Peak memory", "Time", "Rows per second", "Weights", "Peak memory"),
    ]
    weights = "Weights: exact bytes of the tensors that predict."
    caption = f"Cost on “{task}”. {weights} {memory_kinds(study, task)} {one_machine(study)}"
    return Table(
        f"cost-{task}", caption, columns, rows, groups=[("", 2), ("Training", 3), ("Prediction", 4)], style="compact"
    )


def memory_kinds(study: Study, task: str) -> str:
    """Return a sentence that says what the headline memory figure is."""
    runs = [study.run(task, method) for method in study.methods]
    found = [peak_memory(run, name) for run in runs for name in ("training", "prediction")]
    kinds = {kind for value, kind in found if value is not None}
    if kinds == {"allocated"}:
        return "Peak memory is the most that torch's allocator held on the GPU."
    if kinds == {"resident"}:
        return "Peak memory is the resident size of the process over its size before the phase (CPU)."
    if not kinds:
        return "Peak memory was not measured."
    return (
        "Peak memory is allocated GPU memory where there was a GPU, else resident memory over the baseline; "
        "the two are not comparable."
    )


def one_machine(study: Study) -> str:
    """Return a warning where runs come from different machines."""
    machines = {
        (machine.get("processor"), str((machine.get("gpu") or {}).get("name"))) for machine in study.environments()
    }
    return "Runs come from different machines: times are not comparable across them." if len(machines) > 1 else ""


def parts_table(study: Study, task: str) -> Table | None:
    """Return exact bytes of weights, gradients, optimizer state and activations while training; where there was a GPU
    also what else the peak holds."""
    runs = {method: study.run(task, method) for method in study.methods}
    trained = {method: run for method, run in runs.items() if is_trained(run)}
    keys = ["weight_bytes", "gradient_bytes", "optimizer_bytes", "activation_bytes"]
    on_gpu = any(train_value(run, "workspace_bytes") is not None for run in trained.values())
    rows = []
    for method, run in trained.items():
        known = [train_value(run, key) for key in keys]
        total = sum(known) if None not in known else None
        more = [number(train_value(run, "workspace_bytes"), formats.size)] if on_gpu else []
        cells = [number(value, formats.size) for value in (*known, total)]
        peak = number(peak_memory(run, "training")[0], formats.size)
        rows.append([*name_cells(study, task, method), micro_batch_cell(run), *cells, *more, peak])
    columns = [
        *plain("No.", "Method"),
        *numeric("Rows at once", "Weights", "Gradients", "Optimizer", "Activations", "Sum"),
        *numeric(*(["Workspace"] if on_gpu else []), "Peak measured"),
    ]
    caption = (
        f"What training on “{task}” keeps in memory, counted exactly from the tensors, beside the measured peak. Rows "
        "at once: of a step, what goes through the model together (↻: activations are computed again instead of kept). "
        "Activations: what that many of the longest rows keep for the backward pass. "
        + ("Workspace: what else the peak holds. " if on_gpu else "The peak also holds workspace. ")
        + "On a CPU the peak is what training added, so weights that were loaded before are not in it."
    )
    return Table(f"memory-parts-{task}", caption, columns, rows, style="compact") if rows else None


def micro_batch_cell(run: Run | None) -> Cell:
    """Return how many rows went through the model at once, and whether activations were computed again."""
    recomputed = " ↻" if train_value(run, "gradient_checkpointing") else ""
    return number(train_value(run, "micro_batch"), lambda rows: f"{formats.count(rows)}{recomputed}")


def was_measured(study: Study, task: str, key: str) -> bool:
    """Return whether any phase of any run has the figure."""
    found = [phase(study.run(task, method), name) for method in study.methods for name in PHASES]
    return any(entry["memory"].get(key) is not None for entry in found if entry)


def phases_table(study: Study, task: str) -> Table:
    """Return every memory figure of every phase that was measured."""
    keys = [key for key in MEMORY_FIGURES if key == "peak_resident_bytes" or was_measured(study, task, key)]
    energy = any(
        found["energy_joules"] is not None
        for method in study.methods
        for name in PHASES
        if (found := phase(study.run(task, method), name))
    )
    rows = []
    for method in study.methods:
        run = study.run(task, method)
        for name in PHASES:
            found = phase(run, name)
            if found:
                memory = [number(found["memory"].get(key), formats.size) for key in keys]
                joules = [number(found["energy_joules"], formats.energy)] if energy else []
                cells = [text(name), number(found["seconds"], formats.seconds), *memory, *joules]
                rows.append([*name_cells(study, task, method), *cells])
    heads = [*(MEMORY_FIGURES[key] for key in keys), *(["Energy"] if energy else [])]
    columns = [*plain("No.", "Method", "Phase"), *numeric("Time", *heads)]
    device = "Allocated and reserved: by torch; driver: all that uses the GPU. " + (
        "Energy: of the whole GPU, by its own counter." if energy else ""
    )
    caption = (
        f"Peak memory by phase on “{task}”. Resident: of the process, over its size before the phase. "
        f"{device if len(keys) > 1 else 'No figures of a GPU exist: none was used.'}"
    )
    return Table(f"memory-phases-{task}", caption, columns, rows, style="compact")


def storage_rows(study: Study, task: str) -> list[dict[str, Any]]:
    """Return for each trained method what several tasks would take on disk: measured bytes, multiplied."""
    found = []
    for method in study.methods:
        run = study.run(task, method)
        saved = train_value(run, "checkpoint_bytes")
        if saved is None:
            continue
        backbone = study.settings(method)["backbone"]
        base = 0 if trains_everything(run) else study.results["backbones"].get(backbone, {}).get("bytes")
        sizes = {count: None if base is None else base + count * saved for count in TASK_COUNTS}
        found.append(
            {
                "method": method,
                "backbone": backbone,
                "whole": trains_everything(run),
                "base": base,
                "saved": saved,
                "sizes": sizes,
            }
        )
    return found


def storage_table(study: Study, task: str) -> Table | None:
    """Return the disk that 1, 2 and 10 tasks take."""
    rows = []
    for row in storage_rows(study, task):
        shared = blank("every task is a whole copy") if row["whole"] else number(row["base"], formats.size)
        sizes = [number(size, formats.size) for size in row["sizes"].values()]
        rows.append([*name_cells(study, task, row["method"]), shared, number(row["saved"], formats.size), *sizes])
    heads = [formats.plural(count, "task") for count in TASK_COUNTS]
    columns = [*plain("No.", "Method"), *numeric("Backbone, once", "Per task", *heads)]
    caption = (
        f"Disk for several tasks: arithmetic on the bytes measured on “{task}”, backbone (once, unless every task "
        "is a whole copy) + tasks × saved bytes."
    )
    return Table(f"storage-{task}", caption, columns, rows) if rows else None


def storage_sentences(study: Study, task: str) -> list[str]:
    """Return, for each backbone with a whole copy and an adapter, how much disk the smallest adapter spares."""
    rows, sentences = storage_rows(study, task), []
    for backbone in dict.fromkeys(row["backbone"] for row in rows):
        here = [row for row in rows if row["backbone"] == backbone and row["sizes"][TASK_COUNTS[-1]] is not None]
        whole = [row for row in here if row["whole"]]
        small = [row for row in here if not row["whole"]]
        if whole and small:
            copy, adapter = min(whole, key=lambda row: row["saved"]), min(small, key=lambda row: row["saved"])
            sentences.append(compare_storage(study, backbone, copy, adapter))
    return sentences


def compare_storage(study: Study, backbone: str, copy: dict[str, Any], adapter: dict[str, Any]) -> str:
    """Return one sentence that compares a whole copy per task with an adapter per task."""
    two, ten = TASK_COUNTS[1:]
    parts = [
        f"{count} tasks take {formats.size(adapter['sizes'][count])} instead of {formats.size(copy['sizes'][count])}"
        for count in (two, ten)
    ]
    saving = 1 - adapter["sizes"][ten] / copy["sizes"][ten]
    change = f"{formats.percent(saving)} less" if saving > 0 else f"{formats.percent(-saving)} more"
    return (
        f"On “{backbone}”, a further task costs {formats.size(adapter['saved'])} with "
        f"{study.title(adapter['method'])} and "
        f"{formats.size(copy['saved'])} with {study.title(copy['method'])}: {parts[0]}, {parts[1]} ({change})."
    )
