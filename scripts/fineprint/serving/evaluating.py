"""Accuracy of served or combined models on test rows, with intervals, and paired tests against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import torch

from fineprint.core.records import Combined, CountedAccuracy, Forgotten
from fineprint.inference.batching import prediction_batches
from fineprint.readouts import Readout
from fineprint.scoring.statistics import compare_pair, holm, wilson_interval
from fineprint.serving.entries import Entry
from fineprint.serving.ways import run_batch

Tested = TypeVar("Tested", Combined, Forgotten)


def hit_rows(readout: Readout, module: torch.nn.Module, entry: Entry) -> list[bool]:
    """Return whether a module answers each of an entry's test rows rightly; the head must be that task's."""
    labels: list[int] = [0] * len(entry.examples)
    # In the run's own batches, so that rounding is that of its predictions.
    for places in prediction_batches(entry.examples, entry.method.prediction_batch_size):
        logits = run_batch(readout, module, [entry.examples[place] for place in places])
        for place, label in zip(places, logits.argmax(dim=1).tolist(), strict=True):
            labels[place] = label
    return [label == row.label for label, row in zip(labels, entry.rows, strict=True)]


def own_hits(entry: Entry) -> list[bool]:
    """Return whether the entry's own run answered each test row rightly."""
    return [label == row.label for label, row in zip(entry.labels, entry.rows, strict=True)]


def score_hits(hits: list[bool]) -> CountedAccuracy:
    """Return accuracy with its Wilson interval."""
    rows, correct = len(hits), sum(hits)
    low, high = wilson_interval(correct, rows)
    return CountedAccuracy(rows=rows, correct=correct, accuracy=correct / rows, accuracy_low=low, accuracy_high=high)


def correct_for_number(scores: Sequence[Tested]) -> list[Tested]:
    """Return a table's scores with their p-values corrected for being many, where there are any."""
    corrected = iter(holm([row.p_value for row in scores if row.p_value is not None]))
    return [row if row.p_value is None else replace(row, p_value_holm=next(corrected)) for row in scores]


def compare_hits(hits: list[bool], base: list[bool] | None) -> dict[str, Any]:
    """Return the fields of the paired difference to a base, None for each where there is no base."""
    fields = ("difference", "difference_low", "difference_high", "p_value")
    if base is None:
        return dict.fromkeys(fields)
    pair = compare_pair("new", "base", {"new": hits, "base": base})
    return {key: getattr(pair, key) for key in fields}
