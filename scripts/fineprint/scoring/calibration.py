"""Calibration: does a model that says 80 % get 80 % right?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fineprint.core.records import Calibration, ReliabilityBin

BINS = 10


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
    return Calibration(
        expected_calibration_error=error,
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
