"""What a figure must be for a claim to hold, and what a measured figure says of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from fineprint.claims.cases import Measurement
from fineprint.core.records import Verdict
from fineprint.core.settings import Settings


class ClaimVerdict(StrEnum):
    """What becomes of a claim. Overstated: there is less of it than was claimed, in size or in generality."""

    SUPPORTED = "supported"
    OVERSTATED = "overstated"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTABLE = "not testable here"


class Expected(Settings):
    """What a figure must be: near a number, inside limits, or better by the comparison over seeds and examples.

    Attributes:
        about: a number, from which the figure is off by `tolerance` of it at most.
        at_least, at_most: limits.
        beats: better, by the comparison of accuracies …
        by: … by more than this, in units of the accuracy …
        repetitions: … and ahead in all, or in most, of the seeds and draws of the worked example.
    """

    about: float | None = Field(None, gt=0)
    tolerance: float = Field(0.25, gt=0, lt=1)
    at_least: float | None = None
    at_most: float | None = None
    beats: Literal[True] | None = None
    by: float = Field(0, ge=0, lt=1)
    repetitions: Literal["all", "most"] | None = None

    @model_validator(mode="after")
    def check_form(self) -> Expected:
        """Refuse an expectation of no form, or of two."""
        forms = [self.about is not None, self.at_least is not None or self.at_most is not None, bool(self.beats)]
        if sum(forms) != 1:
            raise ValueError(
                "expected exactly one of `about` (with `tolerance`), `at_least` or `at_most`, and `beats: true`"
            )
        if not self.beats and (self.by or self.repetitions):
            raise ValueError("`by` and `repetitions` need `beats: true`")
        return self

    @property
    def limits(self) -> tuple[float, float]:
        """The range inside which the claim holds."""
        if self.about is not None:
            return self.about * (1 - self.tolerance), self.about * (1 + self.tolerance)
        low = float("-inf") if self.at_least is None else self.at_least
        return low, float("inf") if self.at_most is None else self.at_most


class Judgement(NamedTuple):
    """A verdict on one case, and its reason by the key of its words."""

    verdict: ClaimVerdict
    outcome: str


def judge(expected: Expected, measured: Measurement, no_effect: float | None) -> Judgement:
    """Return what a figure says of a claim.

    Args:
        expected: by the claim.
        measured: the figure.
        no_effect: the value at which nothing is gained, where the quantity has a direction.
    """
    if measured.one_training:
        return Judgement(ClaimVerdict.INCONCLUSIVE, "one_training")
    if expected.beats:
        return judge_comparison(expected, measured)
    if measured.varies and measured.interval is None:
        return Judgement(ClaimVerdict.INCONCLUSIVE, "no_interval")
    return judge_range(measured, expected, no_effect)


def judge_range(measured: Measurement, expected: Expected, no_effect: float | None) -> Judgement:
    """Return where a figure, with its whole interval if it has one, lies."""
    lowest, highest = expected.limits
    low, high = measured.interval or (measured.value, measured.value)
    if low > highest:
        return Judgement(ClaimVerdict.CONTRADICTED, "above")
    if high < lowest:
        if expected.about is not None:
            return Judgement(ClaimVerdict.OVERSTATED, "below")
        holds = no_effect is not None and low > no_effect
        return Judgement(*((ClaimVerdict.OVERSTATED, "falls_short") if holds else (ClaimVerdict.CONTRADICTED, "below")))
    if lowest <= low and high <= highest:
        one_sided = {"at_least": expected.at_least, "at_most": expected.at_most}
        limits = [name for name, limit in one_sided.items() if limit is not None]
        return Judgement(ClaimVerdict.SUPPORTED, limits[0] if len(limits) == 1 else "within")
    return Judgement(ClaimVerdict.INCONCLUSIVE, "open")


def judge_comparison(expected: Expected, measured: Measurement) -> Judgement:
    """Return what a comparison of accuracies says of a claim that one method beats the other."""
    match measured.conclusion:
        case Verdict.BETTER:
            return judge_extent(expected, measured)
        case Verdict.WORSE | Verdict.EQUIVALENT | Verdict.NOT_SUPERIOR as found:
            return Judgement(ClaimVerdict.CONTRADICTED, found.replace(" ", "_"))
        case Verdict.NOT_INFERIOR:
            return Judgement(ClaimVerdict.INCONCLUSIVE, "not_inferior")
    return Judgement(ClaimVerdict.INCONCLUSIVE, "undecided")


def judge_extent(expected: Expected, measured: Measurement) -> Judgement:
    """Return whether a method that is better is so by as much, and as often, as the claim says."""
    low, high = measured.interval or (measured.value, measured.value)
    if high < expected.by:
        return Judgement(ClaimVerdict.OVERSTATED, "better_by_less")
    if expected.repetitions is not None:
        ahead = sum(repetition.ahead for repetition in measured.repetitions)
        share = ahead / len(measured.repetitions) if measured.repetitions else 1.0
        if share < 1 if expected.repetitions == "all" else share <= 1 / 2:
            return Judgement(ClaimVerdict.OVERSTATED, "not_as_often")
    if low <= expected.by and expected.by:
        return Judgement(ClaimVerdict.INCONCLUSIVE, "better_by_unknown")
    return Judgement(ClaimVerdict.SUPPORTED, "better")
