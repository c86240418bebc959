"""The difference of two fixed models on the same ungrouped examples, both right or wrong."""

from __future__ import annotations

import math

from scipy.special import ndtri

from fineprint.core.records import ALPHA, Interval

Z_95 = float(ndtri(1 - ALPHA / 2))


def bonett_price_interval(first_only: int, second_only: int, examples: int) -> Interval:
    """Return the 95 % interval of the difference of two accuracies, first − second, never of no width.

    Wald's interval after one example more has been given to each side (Bonett and Price 2012, doi
    10.3102/1076998611411915).

    Args:
        first_only: examples that only the first answers rightly.
        second_only: examples that only the second does.
        examples: all of them.
    """
    first, second = (first_only + 1) / (examples + 2), (second_only + 1) / (examples + 2)
    half = Z_95 * math.sqrt((first + second - (first - second) ** 2) / (examples + 2))
    return Interval(max(-1.0, first - second - half), min(1.0, first - second + half))
