"""Scores with intervals, and paired tests on the same rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from fineprint.core.formats import accuracy, interval
from fineprint.core.records import Accuracy, Pair, Score
from fineprint.scoring.calibration import calibrate
from fineprint.scoring.intervals import find_groups, share_interval, wilson_interval
from fineprint.scoring.labels import LabelScores
from fineprint.scoring.paired import bonett_price_interval

EXAMPLES_SHOWN = 5


def score_predictions(entries: Sequence[dict[str, Any]], labels: Sequence[str]) -> Score:
    """Score predictions as `core.records.read_predictions` returns them; an unparseable answer is a wrong one.

    All intervals are those of examples in groups, where the predictions name groups.
    """
    golds = [entry["gold"] for entry in entries]
    predicted = [entry["label"] for entry in entries]
    groups, rows = find_groups(entries), len(entries)
    hits = np.array([gold == label for gold, label in zip(golds, predicted, strict=True)])
    correct = int(hits.sum())
    low, high = share_interval(hits, np.ones(rows, dtype=bool), groups)
    by_label = LabelScores(golds, predicted, len(labels), groups)
    macro_f1, (macro_f1_low, macro_f1_high) = by_label.macro_f1()
    unparseable = [entry["answer"] or "" for entry in entries if entry["label"] is None]
    return Score(
        rows=rows,
        correct=correct,
        accuracy=correct / rows,
        accuracy_low=low,
        accuracy_high=high,
        macro_f1=macro_f1,
        macro_f1_low=macro_f1_low,
        macro_f1_high=macro_f1_high,
        unparseable=len(unparseable),
        unparseable_share=len(unparseable) / rows,
        unparseable_examples=list(dict.fromkeys(unparseable))[:EXAMPLES_SHOWN],
        majority_rate=max(golds.count(number) for number in range(len(labels))) / rows,
        per_class={label: by_label.score(number) for number, label in enumerate(labels)},
        confusion=count_confusion(golds, predicted, len(labels)),
        by_tag=score_tags(entries),
        likelihood_accuracy=likelihood_accuracy(entries),
        accuracy_by_strictness=accuracy_by_strictness(entries),
        calibration=calibrate(entries),
    )


def likelihood_accuracy(entries: Sequence[dict[str, Any]]) -> float | None:
    """Return the accuracy of the likeliest label where the readout also generated; None elsewhere."""
    if any(entry["likelihood_label"] is None for entry in entries):
        return None
    return sum(entry["likelihood_label"] == entry["gold"] for entry in entries) / len(entries)


def accuracy_by_strictness(entries: Sequence[dict[str, Any]]) -> dict[str, float] | None:
    """Return the accuracy of answers read at each level of strictness; None where none were generated."""
    readings = [entry.get("readings") for entry in entries]
    if not readings or None in readings:
        return None
    golds = [entry["gold"] for entry in entries]
    hits = {level: [read[level] == gold for read, gold in zip(readings, golds, strict=True)] for level in readings[0]}
    return {level: sum(right) / len(right) for level, right in hits.items()}


def count_confusion(golds: Sequence[int], predicted: Sequence[int | None], labels: int) -> list[list[int]]:
    """Count gold label (row) against predicted label (column); the last column counts unparseable answers."""
    table = [[0] * (labels + 1) for _ in range(labels)]
    for gold, label in zip(golds, predicted, strict=True):
        table[gold][labels if label is None else label] += 1
    return table


def score_tags(entries: Sequence[dict[str, Any]]) -> dict[str, dict[str, Accuracy]]:
    """Return accuracy with its interval for each value of each tag."""
    scores: dict[str, dict[str, Accuracy]] = {}
    groups, right = find_groups(entries), np.array([entry["label"] == entry["gold"] for entry in entries])
    pairs = sorted({(tag, value) for entry in entries for tag, value in entry["tags"].items()}, key=natural_order)
    for tag, value in pairs:
        part = np.array([entry["tags"].get(tag) == value for entry in entries])
        rows, hits = int(part.sum()), right & part
        low, high = share_interval(hits, part, groups)
        found = Accuracy(rows=rows, accuracy=int(hits.sum()) / rows, accuracy_low=low, accuracy_high=high)
        scores.setdefault(tag, {})[value] = found
    return scores


def natural_order(pair: tuple[str, str]) -> list[tuple[int, int, str]]:
    """Return a sort key that counts numbers inside a text as numbers: 9 before 10."""
    parts = re.findall(r"\d+|\D+", "|".join(pair))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def mcnemar_p_value(first_only: int, second_only: int) -> float:
    """Return the exact two-sided p-value of McNemar's test (McNemar 1947, doi 10.1007/BF02295996)."""
    from scipy.stats import binomtest

    discordant = first_only + second_only
    # Exact: where few rows are discordant, the usual χ² is too ready to find a difference.
    return 1.0 if discordant == 0 else float(binomtest(first_only, discordant, 0.5).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for being many (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda position: p_values[position])
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, position in enumerate(order):
        # Never below the correction of a smaller p-value: the order must stay.
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = largest
    return corrected


def describe_correction(tests: int, tested: str = "pairs") -> str:
    """Return in words what was done to p-values that are one of so many tests: `holm` leaves a single one as it is."""
    if tests == 1:
        return "uncorrected"
    return f"corrected by Holm's procedure for {'both' if tests == 2 else f'all {tests}'} {tested}"


def paired_difference(first_only: int, second_only: int, rows: int) -> tuple[float, float, float]:
    """Return the difference of two accuracies on the same rows and its 95 % interval, Bonett and Price's."""
    return (first_only - second_only) / rows, *bonett_price_interval(first_only, second_only, rows)


def compare_pair(first: str, second: str, hits: dict[str, list[bool]]) -> Pair:
    """Compare two methods on the same rows; the p-value is that of one test alone."""
    outcomes = list(zip(hits[first], hits[second], strict=True))
    first_only = sum(a and not b for a, b in outcomes)
    second_only = sum(b and not a for a, b in outcomes)
    difference, low, high = paired_difference(first_only, second_only, len(outcomes))
    p_value = mcnemar_p_value(first_only, second_only)
    return Pair(
        first=first,
        second=second,
        rows=len(outcomes),
        first_only=first_only,
        second_only=second_only,
        difference=difference,
        difference_low=low,
        difference_high=high,
        p_value=p_value,
        p_value_holm=p_value,
    )


def share_with_interval(value: float, rows: int) -> str:
    """Write an accuracy counted on rows with its 95 % Wilson interval: 0.92 (0.90–0.94)."""
    low, high = wilson_interval(round(value * rows), rows)
    return f"{accuracy(value, rows)} ({interval(low, high, rows)})"
