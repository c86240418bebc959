"""Scores with intervals, and paired tests on the same rows."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from fineprint.core.formats import accuracy, interval
from fineprint.core.records import Accuracy, ClassScore, Pair, Score
from fineprint.scoring.calibration import calibrate

Z_95 = 1.959963984540054  # the normal quantile of 0.975
EXAMPLES_SHOWN = 5
BOOTSTRAP_DRAWS = 10_000
BOOTSTRAP_SEED = 20_260_000  # fixed, so that equal predictions give equal limits


def wilson_interval(correct: int, rows: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share (Wilson 1927, doi 10.1080/01621459.1927.10502953)."""
    if rows == 0:
        return 0.0, 1.0
    share = correct / rows
    scale = 1 + Z_95**2 / rows
    middle = (share + Z_95**2 / (2 * rows)) / scale
    half = Z_95 * math.sqrt(share * (1 - share) / rows + Z_95**2 / (4 * rows**2)) / scale
    # At 0 % and 100 % a limit is the share itself; rounding must not put it on the wrong side.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def score_predictions(entries: Sequence[dict[str, Any]], labels: Sequence[str]) -> Score:
    """Score predictions as `core.records.read_predictions` returns them; an unparseable answer is a wrong one."""
    golds = [entry["gold"] for entry in entries]
    predicted = [entry["label"] for entry in entries]
    rows, correct = len(entries), sum(g == p for g, p in zip(golds, predicted, strict=True))
    low, high = wilson_interval(correct, rows)
    confusion = count_confusion(golds, predicted, len(labels))
    per_class = {label: score_class(confusion, number) for number, label in enumerate(labels)}
    macro_f1_low, macro_f1_high = bootstrap_macro_f1(confusion)
    unparseable = [entry["answer"] or "" for entry in entries if entry["label"] is None]
    return Score(
        rows=rows,
        correct=correct,
        accuracy=correct / rows,
        accuracy_low=low,
        accuracy_high=high,
        macro_f1=sum(scores.f1 for scores in per_class.values()) / len(labels),
        macro_f1_low=macro_f1_low,
        macro_f1_high=macro_f1_high,
        unparseable=len(unparseable),
        unparseable_share=len(unparseable) / rows,
        unparseable_examples=list(dict.fromkeys(unparseable))[:EXAMPLES_SHOWN],
        majority_rate=max(golds.count(number) for number in range(len(labels))) / rows,
        per_class=per_class,
        confusion=confusion,
        by_tag=score_tags(entries),
        likelihood_accuracy=likelihood_accuracy(entries),
        accuracy_by_strictness=accuracy_by_strictness(entries),
        calibration=calibrate(entries),
    )


def bootstrap_macro_f1(confusion: list[list[int]]) -> tuple[float, float]:
    """Return the 95 % percentile interval of macro-F1 over resampled rows (Efron 1979, doi 10.1214/aos/1176344552).

    Rows matter to F1 only by their cell of the confusion matrix, so resampling rows is a multinomial draw of the cells:
    exact, and quick for any number of rows.

    Args:
        confusion: gold label (row) against predicted label (column), the last column for unparseable answers.
    """
    counts = np.array(confusion)
    draws = draw_counts(counts.ravel()).reshape(-1, *counts.shape)
    hits = np.diagonal(draws[:, :, : len(counts)], axis1=1, axis2=2)
    sizes = draws.sum(axis=2) + draws[:, :, : len(counts)].sum(axis=1)  # named + support of each label
    # A label that a draw neither has nor names counts as 0, as in `score_class`.
    scores = np.divide(2 * hits, sizes, out=np.zeros(hits.shape), where=sizes > 0)
    return percentile_interval(scores.mean(axis=1))


def draw_counts(counts: np.ndarray) -> np.ndarray:
    """Return bootstrap samples of counts: as many rows drawn with replacement, shape (draws, kinds of rows)."""
    return np.random.default_rng(BOOTSTRAP_SEED).multinomial(counts.sum(), counts / counts.sum(), BOOTSTRAP_DRAWS)


def percentile_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 2.5 % and the 97.5 % quantile of bootstrap values."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


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


def score_class(confusion: list[list[int]], number: int) -> ClassScore:
    """Return precision, recall, F1 and support of one label; 0 where a share of nothing is asked for."""
    hits = confusion[number][number]
    support = sum(confusion[number])
    named = sum(row[number] for row in confusion)
    return ClassScore(
        precision=hits / named if named else 0.0,
        recall=hits / support if support else 0.0,
        f1=2 * hits / (named + support) if named + support else 0.0,
        support=support,
    )


def score_tags(entries: Sequence[dict[str, Any]]) -> dict[str, dict[str, Accuracy]]:
    """Return accuracy with its interval for each value of each tag."""
    scores: dict[str, dict[str, Accuracy]] = {}
    pairs = sorted({(tag, value) for entry in entries for tag, value in entry["tags"].items()}, key=natural_order)
    for tag, value in pairs:
        part = [entry for entry in entries if entry["tags"].get(tag) == value]
        correct = sum(entry["label"] == entry["gold"] for entry in part)
        low, high = wilson_interval(correct, len(part))
        share = correct / len(part)
        found = Accuracy(rows=len(part), accuracy=share, accuracy_low=low, accuracy_high=high)
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
    """Return the difference of two accuracies on the same rows and its 95 % percentile interval over resampled rows.

    A row matters only by who answered it rightly, so resampling pairs is a multinomial draw of three counts.
    """
    draws = draw_counts(np.array([first_only, second_only, rows - first_only - second_only]))
    low, high = percentile_interval((draws[:, 0] - draws[:, 1]) / rows)
    return (first_only - second_only) / rows, low, high


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
