"""Are the answers those of each task served alone, and can PEFT alone give them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from fineprint.core.records import Check, PeftAnswer
from fineprint.inference.assembly import ADAPTER_FOLDER, assemble_for_prediction
from fineprint.inference.batching import prediction_batches
from fineprint.models.precisions import PRECISIONS, compute_dtype, half_dtype
from fineprint.serving.entries import Entry
from fineprint.serving.ways import Way, load_whole, run_batch
from fineprint.study.serving_schema import ServingSettings

# By how much logits may differ: absolutely, or as a share of the row's largest logit, whichever is more. The order of
# sums changes with the batch. In 16 bits the share is two units of the last place, which lies at 2^-10 of a float16 and
# at 2^-7 of a bfloat16. Dropout left on was seen to change logits of less than a half by 1.2e-2.
TOLERANCES = {"float32": (1e-4, 1e-4), "float16": (2e-3, 2**-9), "bfloat16": (5e-3, 2**-6)}
Reference = dict[str, list[torch.Tensor]]
Request = tuple[str, Any]


def answer_alone(entries: list[Entry], settings: ServingSettings) -> Reference:
    """Return the logits of the checked rows of each task, each served alone by the code that made its predictions."""
    return {entry.name: answer_one(entry, settings.checked_rows) for entry in entries}


def answer_one(entry: Entry, rows: int) -> list[torch.Tensor]:
    """Return the logits of a task's first rows."""
    module, examples = load_whole(entry), entry.examples[:rows]
    answers: list[torch.Tensor] = [torch.empty(0)] * len(examples)
    for places in prediction_batches(examples, entry.method.prediction_batch_size):
        logits = run_batch(entry.readout, module, [examples[place] for place in places]).cpu()
        for place, row in zip(places, logits, strict=True):
            answers[place] = row
    return answers


@dataclass(frozen=True)
class Comparison:
    """One row's answer beside that of its task served alone.

    Attributes:
        same_label: whether it has the label that the task's run predicted.
        undecided: whether the task alone puts its two likeliest labels so close together that rounding decides.
        difference: the largest of a logit.
        tolerance: what it may be.
    """

    same_label: bool
    undecided: bool
    difference: float
    tolerance: float

    @property
    def same_logits(self) -> bool:
        """Whether the logits are the same but for rounding."""
        return self.difference <= self.tolerance

    @property
    def equal(self) -> bool:
        """Whether label and logits are the same but for rounding."""
        return self.same_logits and (self.same_label or self.undecided)


def check_way(way: Way, method: str, entries: list[Entry], reference: Reference, settings: ServingSettings) -> Check:
    """Compare a way's answers, all tasks mixed, with those of each task served alone.

    As a control a batch is answered by other tasks than its own: a check that lets it pass says nothing.
    """
    places = [(entry, place) for place in range(settings.checked_rows) for entry in entries]
    # One row of each task after the other: every batch is mixed.
    asked = [(entry, place) for entry, place in places if place < len(reference[entry.name])]
    windows = [asked[start : start + settings.batch_size] for start in range(0, len(asked), settings.batch_size)]
    names = [entry.name for entry in entries]
    own, others = dict(zip(names, names, strict=True)), dict(zip(names, [*names[1:], names[0]], strict=True))
    compared = [found for window in windows for found in compare_window(way, window, own, reference)]
    control = compare_window(way, windows[0], others, reference)
    worst = max(compared, key=lambda found: found.difference / found.tolerance)
    return Check(
        way=way.name,
        method=method,
        rows=len(asked),
        same_labels=sum(found.same_label for found in compared),
        undecided_labels=sum(found.undecided and not found.same_label for found in compared),
        largest_difference=worst.difference,
        tolerance=worst.tolerance,
        equal=all(found.equal for found in compared),
        control_rows=len(control),
        control_apart=sum(not found.same_logits for found in control),
    )


def compare_window(
    way: Way, window: list[tuple[Entry, int]], answered_by: dict[str, str], reference: Reference
) -> list[Comparison]:
    """Return how a way answers a batch.

    Args:
        way: with all tasks ready.
        window: rows, each an entry and a place among its examples.
        answered_by: a row's task → the task that is asked.
        reference: the logits of each task served alone.
    """
    answers = way.answer([(answered_by[entry.name], entry.examples[place]) for entry, place in window])
    found = []
    for (entry, place), logits in zip(window, answers, strict=True):
        wanted = reference[entry.name][place]
        # Undecided: either of the two likeliest logits may move by the tolerance.
        same, tolerance = int(logits.argmax()) == entry.labels[place], allowed(entry, wanted)
        found.append(
            Comparison(same, lead(wanted) <= 2 * tolerance, largest_difference(logits.cpu(), wanted), tolerance)
        )
    return found


def lead(logits: torch.Tensor) -> float:
    """Return by how much the largest logit exceeds the next."""
    first, second = logits.topk(2).values.tolist()
    return first - second


def largest_difference(logits: torch.Tensor, wanted: torch.Tensor) -> float:
    """Return the largest difference of a logit; a wider head's further logits are left out, those that a narrower one
    lacks are infinitely far away."""
    if len(logits) < len(wanted):
        return float("inf")
    return float((logits[: len(wanted)] - wanted).abs().max())


def allowed(entry: Entry, wanted: torch.Tensor) -> float:
    """Return how far a row's logits may lie from these in the precision that its task is computed in."""
    dtype = half_dtype() if torch.cuda.is_available() else compute_dtype(PRECISIONS[entry.method.precision])
    least, share = TOLERANCES[str(dtype).removeprefix("torch.")]
    return max(least, share * float(wanted.abs().max()))


def probe_peft(entries: list[Entry], method: str) -> list[PeftAnswer]:
    """Return what PEFT's own means say to two tasks in one batch: two of different width, two of the same."""
    found = []
    for same_width in (False, True):
        pair = next((pair for pair in pairs_of(entries) if has_same_width(*pair) == same_width), None)
        if pair is not None:
            names, labels = [entry.task for entry in pair], [count_labels(entry) for entry in pair]
            found.append(PeftAnswer(method=method, tasks=names, labels=labels, error=try_peft(*pair)))
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
        examples = [first.examples[0], second.examples[0]]
        logits = run_batch(first.readout, module, examples, adapter_names=["default", "second"]).cpu()
    except (ValueError, TypeError, RuntimeError) as error:
        return " ".join(str(error).split()).split(". ")[0].removesuffix(".")
    wanted = answer_one(second, 1)[0]
    close = len(wanted) == len(logits[1]) and largest_difference(logits[1], wanted) <= allowed(second, wanted)
    return None if close else "the second row was not answered by its own task's head"
