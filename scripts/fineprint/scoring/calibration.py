"""Calibration: does a model that says 80 % get 80 % right?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fineprint.core.records import ALPHA, Calibration, Interval, ReliabilityBin
from fineprint.scoring.intervals import find_groups
from fineprint.scoring.variance import Groups

BINS = 10
DRAWS = 10_000
SEED = 20_260_000  # fixed, so that equal predictions give equal limits


def calibrate(entries: Sequence[dict[str, Any]]) -> Calibration | None:
    """Return the expected calibration error and the reliability curve (Guo et al. 2017, arXiv 1706.04599).

    Confidence is the probability of the likeliest label. A readout that generates is evaluated by that label too, since
    its text has no probability. None where any row lacks probabilities.

    Args:
        entries: predictions as `core.records.read_predictions` returns them.
    """
    if any(entry.get("probabilities") is None for entry in entries):
        return None
    confidences = [max(entry["probabilities"]) for entry in entries]
    hits = [entry["probabilities"].index(max(entry["probabilities"])) == entry["gold"] for entry in entries]
    bins = [describe_bin(number, confidences, hits) for number in range(BINS)]
    filled = [part for part in bins if part is not None]
    error = sum(part.rows * abs(part.accuracy - part.confidence) for part in filled) / len(entries)
    low, high = error_interval(np.array(confidences), np.array(hits), find_groups(entries))
    return Calibration(
        expected_calibration_error=error,
        expected_calibration_error_low=low,
        expected_calibration_error_high=high,
        mean_confidence=sum(confidences) / len(entries),
        accuracy=sum(hits) / len(entries),
        bins=filled,
    )


def describe_bin(number: int, confidences: list[float], hits: list[bool]) -> ReliabilityBin | None:
    """Return one bin of equal width, the upper limit inside; None for an empty one."""
    low, high = number / BINS, (number + 1) / BINS
    # A bin without its lower limit loses nothing: the confidence of the likeliest label is never 0.
    inside = [position for position, value in enumerate(confidences) if low < value <= high]
    if not inside:
        return None
    return ReliabilityBin(
        low=low,
        high=high,
        rows=len(inside),
        confidence=sum(confidences[position] for position in inside) / len(inside),
        accuracy=sum(hits[position] for position in inside) / len(inside),
    )


def error_interval(confidences: np.ndarray, hits: np.ndarray, groups: Groups | None) -> Interval:
    """Return the 95 % interval of the expected calibration error.

    The error is a sum of absolute values, so chance alone makes it positive, and resampled ones are larger still: their
    percentiles never hold the 0 of a model whose confidence is right. So the lower limit is corrected for that excess,
    and is 0 where the error is no larger than such a model would show; `tests/unit/test_intervals.py` shows what this
    reaches.
    """
    examples = len(hits)
    if examples < 2:
        return Interval(0.0, 1.0)
    places = np.ceil(confidences * BINS).astype(int) - 1
    gaps = np.zeros((BINS, examples))
    gaps[places, np.arange(examples)] = hits - confidences
    groups = groups or Groups.of(None, examples)
    total = gaps.sum(axis=1)
    error = float(np.abs(total).sum()) / examples
    # What other examples would change in each bin's sum: normal, its covariance that of the groups' sums.
    residuals = groups.sum(gaps - total[:, None] / examples)
    covariance = groups.few_groups_factor * residuals @ residuals.T
    chance = np.random.default_rng(SEED).multivariate_normal(np.zeros(BINS), covariance, DRAWS, method="eigh")
    errors, of_chance = (np.abs(sums).sum(axis=1) / examples for sums in (total + chance, chance))
    low, high = np.quantile(errors, [ALPHA / 2, 1 - ALPHA / 2])
    excess = errors.mean() - error
    is_chance = error <= np.quantile(of_chance, 1 - ALPHA / 2)
    lowest = 0.0 if is_chance else max(0.0, float(low - 2 * excess))
    return Interval(min(lowest, error), max(min(1.0, float(high)), error))
