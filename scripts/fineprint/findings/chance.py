"""Which candidates of a rule are more than chance: exact tests, corrected for all candidates, every seed on its own.

A finding speaks of a method, so each of its seeds has to show it: the largest p-value over seeds counts. Whether it is
also large enough to be told is for the thresholds of each rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.stats import binom, hypergeom

from fineprint.core.records import ALPHA, HOLDS, HOLDS_NOT, HOLDS_PARTLY, TOO_FEW

# Six rules look at each task, each with its candidates corrected as one family. At .01 each, together they find
# something in answers without any pattern in at most about one study of twenty.
RULE_ALPHA = 0.01


class Measured(NamedTuple):
    """A candidate on one split: whether it is large enough to be told, and whether it may be chance."""

    stands_out: bool
    p_value: float


def more_often_inside(hits: np.ndarray, size: np.ndarray, all_hits: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """Return one-sided p-values of Fisher's exact test: hits are no more frequent inside a subset than outside.

    Args:
        hits: in the subset.
        size: of the subset.
        all_hits: inside and outside.
        examples: inside and outside.
    """
    return hypergeom.sf(np.rint(hits) - 1, np.rint(examples), np.rint(all_hits), np.rint(size))


def at_least(hits: np.ndarray | float, trials: np.ndarray | float, share: np.ndarray | float) -> np.ndarray:
    """Return exact p-values of so many hits or more, where each trial hits with a probability of `share`."""
    return binom.sf(np.rint(hits) - 1, np.rint(trials), share)


def at_most(hits: np.ndarray | float, trials: np.ndarray | float, share: np.ndarray | float) -> np.ndarray:
    """Return exact p-values of so many hits or fewer, where each trial hits with a probability of `share`."""
    return binom.cdf(np.rint(hits), np.rint(trials), share)


def judge_elsewhere(measured: Iterable[Measured]) -> str | None:
    """Return what another split says of a finding, from its candidate for each method; None where it has none."""
    found = list(measured)
    if not found:
        return None
    seen = [candidate for candidate in found if candidate.stands_out]
    if not seen:
        return HOLDS_NOT
    # Uncorrected: the candidate was not picked on this split.
    if any(candidate.p_value >= ALPHA for candidate in seen):
        return TOO_FEW
    return HOLDS if len(seen) == len(found) else HOLDS_PARTLY
