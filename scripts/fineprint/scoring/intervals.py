"""95 % intervals of shares: of right answers among all, or among those that have or are given a label."""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from fineprint.core.records import ALPHA, Interval
from fineprint.scoring.variance import Groups
from fineprint.scoring.verdicts import upper_quantile


@functools.cache  # a report asks for the same counts many times
def wilson_interval(correct: int, rows: int) -> Interval:
    """Return the Wilson score interval of a share (Wilson 1927, doi 10.1080/01621459.1927.10502953)."""
    from scipy.stats import binomtest

    if rows == 0:
        return Interval(0.0, 1.0)
    found = binomtest(correct, rows).proportion_ci(1 - ALPHA, method="wilson")
    # At 0 % and 100 % a limit is the share itself; rounding must not put it on the wrong side.
    share = correct / rows
    return Interval(max(0.0, min(share, float(found.low))), min(1.0, max(share, float(found.high))))


def effective_wilson_interval(
    mean: float, variance: float, degrees_of_freedom: float, scores: int, groups: int
) -> Interval:
    """Return Wilson's interval for as many independent examples as have this variance (Franco, Little, Louis and Slud
    2019, doi 10.1093/jssam/smy019): it stays within 0 and 1 and has a width where all answers are right.

    Args:
        mean: of the scores, from 0 to 1.
        variance: of the mean.
        degrees_of_freedom: with which the variance is known.
        scores: seeds × examples: the most that the mean can be worth.
        groups: what it is taken to be worth where all scores are 0 or all are 1, and tell nothing of their variance.
    """
    binomial = mean * (1 - mean)
    worth = groups if binomial == 0 else min(scores, binomial / variance if variance > 0 else math.inf)
    quantile = upper_quantile(ALPHA / 2, degrees_of_freedom)
    scale = 1 + quantile**2 / worth
    middle = (mean + quantile**2 / (2 * worth)) / scale
    half = quantile * math.sqrt(binomial / worth + quantile**2 / (4 * worth**2)) / scale
    # At 0 and 1 a limit is the mean itself; rounding must not put it on the wrong side.
    return Interval(max(0.0, min(mean, middle - half)), min(1.0, max(mean, middle + half)))


def find_groups(entries: Sequence[Mapping[str, Any]]) -> Groups | None:
    """Return the groups of predictions, such as the hypotheses of one premise; None where each stands alone, or where
    they were written without."""
    labels: list[Hashable] = [entry.get("group") for entry in entries]
    if None in labels or not 1 < len(set(labels)) < len(labels):
        return None
    return Groups.of(labels, len(labels))


def share_interval(hits: np.ndarray, members: np.ndarray, groups: Groups | None) -> Interval:
    """Return the interval of the share of hits among members; with groups, that of as many independent examples as have
    the share's cluster-robust variance.

    Args:
        hits: of each example, whether it counts; only members do.
        members: of each example, whether it is one of those of which the share is taken.
        groups: of the examples.
    """
    right, count = int(hits.sum()), int(members.sum())
    if groups is None or count == 0:
        return wilson_interval(right, count)
    filled = int((groups.sum(members.astype(int)) > 0).sum())
    if filled < 2:
        return Interval(0.0, 1.0)  # one group tells nothing of how much groups vary
    residuals = groups.sum(hits - right / count * members)
    variance = filled / (filled - 1) * float((residuals**2).sum()) / count**2
    return effective_wilson_interval(right / count, variance, filled - 1, count, filled)
