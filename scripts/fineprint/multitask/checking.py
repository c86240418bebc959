"""Are the answers those of each task served alone, and can PEFT alone give them?"""

from __future__ import annotations

from typing import Any

import torch

from fineprint.assembly import ADAPTER_FOLDER, assemble_for_prediction
from fineprint.batching import prediction_batches
from fineprint.multitask import ServingSettings
from fineprint.multitask.entries import Entry
from fineprint.multitask.records import Check
from fineprint.multitask.ways import Way, load_whole, run_batch
from fineprint.precisions import PRECISIONS, compute_dtype, half_dtype

# Of a logit of 1 or less; larger ones may differ in proportion. The order of sums changes with the batch.
TOLERANCES = {"float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1}
Reference = dict[str, list[torch.Tensor]]
Request = tuple[str, Any]


def answer_alone(entries: list[Entry], settings: ServingSettings) -> Reference:
    """Return the logits of the checked rows of each task, each served alone by the code that made its predictions."""
    return {entry.name: answer_one(entry, settings.checked_rows) for entry in entries}


def answer_one(entry: Entry, rows: int) -> list[torch.Tensor]:
    """Return the logits of a task's first rows."""
    module, features = load_whole(entry), entry.features[:rows]
    answers: list[torch.Tensor] = [torch.empty(0)] * len(features)
    for places in prediction_batches(features, entry.method.prediction_batch_size):
        logits = run_batch(entry.readout, module, [features[place] for place in places]).cpu()
        for place, row in zip(places, logits, strict=True):
            answers[place] = row
    return answers


def check_way(way: Way, method: str, entries: list[Entry], reference: Reference, settings: ServingSettings) -> Check:
    """Compare a way's answers, all tasks mixed, with those of each task served alone."""
    places = [(entry, place) for place in range(settings.checked_rows) for entry in entries]
    asked = [(entry, place) for entry, place in places if place < len(reference[entry.name])]
    same, largest, tolerance = 0, 0.0, 0.0
    for start in range(0, len(asked), settings.batch_size):
        window = asked[start : start + settings.batch_size]
        answers = way.answer([(entry.name, entry.features[place]) for entry, place in window])
        for (entry, place), logits in zip(window, answers, strict=True):
            wanted = reference[entry.name][place]
            same += int(logits.argmax()) == entry.labels[place]
            largest = max(largest, float((logits[: len(wanted)].cpu() - wanted).abs().max()))
            tolerance = max(tolerance, allowed(entry) * max(1.0, float(wanted.abs().max())))
    equal = same == len(asked) and largest <= tolerance
    return Check(
        way=way.name,
        method=method,
        rows=len(asked),
        same_labels=same,
        largest_difference=largest,
        tolerance=tolerance,
        equal=equal,
    )


def allowed(entry: Entry) -> float:
    """Return how far a logit of 1 may differ in the precision that a task is computed in."""
    dtype = half_dtype() if torch.cuda.is_available() else compute_dtype(PRECISIONS[entry.method.precision])
    return TOLERANCES[str(dtype).removeprefix("torch.")]


def probe_peft(entries: list[Entry], method: str) -> list[dict[str, Any]]:
    """Return what PEFT's own means say to two tasks in one batch: two of different width, two of the same."""
    found = []
    for same_width in (False, True):
        pair = next((pair for pair in pairs_of(entries) if has_same_width(*pair) == same_width), None)
        if pair is not None:
            names = {"tasks": [entry.task for entry in pair], "labels": [count_labels(entry) for entry in pair]}
            found.append({"method": method, **names, "error": try_peft(*pair)})
    return found


def pairs_of(entries: list[Entry]) -> list[tuple[Entry, Entry]]:
    """Return every two entries."""
    return [(first, second) for place, first in enumerate(entries) for second in entries[place + 1 :]]


def count_labels(entry: Entry) -> int:
    """Return how many labels a task has."""
    return len(entry.readout.context.task.labels)


def has_same_width(first: Entry, second: Entry) -> bool:
    """Return whether two tasks have equally many labels."""
    return count_labels(first) == count_labels(second)


def try_peft(first: Entry, second: Entry) -> str | None:
    """Return why `load_adapter` and `adapter_names` do not answer both tasks in one batch, or None if they do."""
    module = assemble_for_prediction(first.method, first.readout, first.backbone, first.saved).module
    try:
        first.readout.adapted_model(module).load_adapter(str(second.saved / ADAPTER_FOLDER), "second")
        features = [first.features[0], second.features[0]]
        logits = run_batch(first.readout, module, features, adapter_names=["default", "second"]).cpu()
    except (ValueError, TypeError, RuntimeError) as error:
        return " ".join(str(error).split()).split(". ")[0].removesuffix(".")
    wanted = answer_one(second, 1)[0]
    close = len(wanted) == len(logits[1]) and torch.allclose(logits[1], wanted, atol=allowed(second), rtol=1e-3)
    return None if close else "the second row was not answered by its own task's head"
