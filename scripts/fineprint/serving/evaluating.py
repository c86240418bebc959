"""Accuracy of served or combined models on test rows, with intervals, and paired tests against another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from fineprint.inference.batching import prediction_batches
from fineprint.readouts import Readout
from fineprint.scoring.statistics import compare_paired, holm, wilson_interval
from fineprint.serving.entries import Entry
from fineprint.serving.ways import run_batch


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


def score_hits(hits: list[bool]) -> dict[str, Any]:
    """Return accuracy with its Wilson interval."""
    low, high = wilson_interval(sum(hits), len(hits))
    shares = {"accuracy": sum(hits) / len(hits), "accuracy_low": low, "accuracy_high": high}
    return {"rows": len(hits), "correct": sum(hits), **shares}


def correct_for_number(scores: Sequence[Any]) -> None:
    """Note the p-values of a table's scores corrected for being many, where there are any."""
    tested = [row for row in scores if row["p_value"] is not None]
    for row, corrected in zip(tested, holm([row["p_value"] for row in tested]), strict=True):
        row["p_value_holm"] = corrected


def compare_hits(hits: list[bool], base: list[bool] | None) -> dict[str, Any]:
    """Return the paired difference to a base, or None for each figure where there is no base."""
    keys = ("difference", "difference_low", "difference_high", "p_value")
    if base is None:
        return dict.fromkeys(keys)
    pair = compare_paired({"new": hits, "base": base})[0]
    return {key: pair[key] for key in keys}
