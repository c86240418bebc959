"""What a comparison of two methods may conclude: four verdicts, and what could have been detected."""

from __future__ import annotations

from typing import NamedTuple

from scipy.special import stdtr, stdtrit

from fineprint.core.records import ALPHA, Interval, Verdict

POWER = 0.8


class Estimate(NamedTuple):
    """A difference, first − second, with what is known about its error; both in units of the score."""

    difference: float
    standard_error: float
    degrees_of_freedom: float

    def interval(self, alpha: float = ALPHA) -> Interval:
        """Return the two-sided interval of the confidence 1 − alpha, by Student's t."""
        half = upper_quantile(alpha / 2, self.degrees_of_freedom) * self.standard_error
        return Interval(self.difference - half, self.difference + half)

    def p_value(self) -> float:
        """Return the two-sided p-value of no difference."""
        return float(2 * stdtr(self.degrees_of_freedom, -abs(self.difference) / self.standard_error))

    def p_value_equivalence(self, margin: float) -> float:
        """Return the p-value of equivalence within ± margin: the larger of two one-sided tests (Schuirmann 1987, doi
        10.1007/BF01068419). It lies below ALPHA just where the 90 % interval lies within the margin."""
        nearest = margin - abs(self.difference)
        return float(stdtr(self.degrees_of_freedom, -nearest / self.standard_error))

    def detectable_difference(self, alpha: float = ALPHA) -> float:
        """Return the true difference that a test at this level finds in POWER of all repetitions of the study (Card et
        al. 2020, arXiv 2010.06595)."""
        quantiles = (upper_quantile(tail, self.degrees_of_freedom) for tail in (alpha / 2, 1 - POWER))
        return sum(quantiles) * self.standard_error


def upper_quantile(tail: float, degrees_of_freedom: float) -> float:
    """Return the value that Student's t exceeds with the probability `tail`."""
    return -float(stdtrit(degrees_of_freedom, tail))


def decide(estimate: Estimate, p_value_corrected: float, margin: float) -> Verdict:
    """Return what a comparison concludes; p > .05 alone concludes nothing.

    A difference stands above equivalence: a method may be better by less than the margin, which the interval tells.

    Args:
        estimate: of first − second.
        p_value_corrected: of no difference, corrected for all comparisons of the family.
        margin: the difference that does not matter, in units of the score. Each comparison is held against it on its
            own: the 90 % interval is not corrected for the family.
    """
    if p_value_corrected < ALPHA:
        return Verdict.BETTER if estimate.difference > 0 else Verdict.WORSE
    low, high = estimate.interval(2 * ALPHA)
    match low > -margin, high < margin:
        case True, True:
            return Verdict.EQUIVALENT
        case True, False:
            return Verdict.NOT_INFERIOR
        case False, True:
            return Verdict.NOT_SUPERIOR
    return Verdict.INCONCLUSIVE
