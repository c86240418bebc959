"""Accuracies of two methods, over seeds and examples, as `scoring.inference` compares them."""

from __future__ import annotations

import math

from fineprint.claims.cases import Case, Measurement, NotMeasured, Remark, Repetition
from fineprint.core import records
from fineprint.core.records import Comparison, Interval, TaskMean, TrialScore

DRAWN = "worked examples"  # what trials of a prompt call the choice of its examples


def accuracy_difference(case: Case) -> Measurement:
    """Return the difference of two accuracies on the headline split, over seeds and examples."""
    found = find_comparison(case)
    repetitions = (*list_seeds(case), *list_draws(case))
    counts = [(kind, *count_ahead(repetitions, kind)) for kind in ("seed", "draw")]
    return Measurement(
        found.difference,
        found.interval,
        varies=True,
        one_training=found.holds_for_models,
        conclusion=found.verdict,
        repetitions=repetitions,
        note=Remark("compared", {"p_value": found.p_value_holm, "counts": [found for found in counts if found[2]]}),
    )


def count_ahead(repetitions: tuple[Repetition, ...], kind: str) -> tuple[int, int]:
    """Return in how many repetitions of a kind the first method was ahead, and how many there are."""
    found = [repetition.ahead for repetition in repetitions if repetition.kind == kind]
    return sum(found), len(found)


def accuracy_ratio(case: Case) -> Measurement:
    """Return the first mean accuracy as a share of the second, with its interval."""
    found = find_comparison(case)
    first, second = (find_mean(case, method) for method in case.methods)
    if not first.mean or not second.mean:
        raise NotMeasured("no_right_answer")
    halves = map(half_width, (first.interval, second.interval, found.interval))
    interval = ratio_interval(first.mean, second.mean, *halves)
    return Measurement(first.mean / second.mean, interval, varies=True, one_training=found.holds_for_models)


def half_width(interval: Interval) -> float:
    """Return half the width of an interval."""
    return (interval.high - interval.low) / 2


def ratio_interval(
    first: float, second: float, first_half: float, second_half: float, difference_half: float
) -> tuple[float, float]:
    """Return the interval of first / second by the delta method on the logarithm of the ratio.

    The variance of the logarithm is v₁/m₁² + v₂/m₂² − 2c/(m₁m₂). The covariance c of two means on the same examples
    follows from the variance of their difference, v₁ + v₂ − 2c. Half-widths stand for standard errors: all intervals
    have the same confidence. Near a ratio of 1 only the difference's matters.

    Args:
        first, second: mean scores.
        first_half, second_half: half the widths of their intervals.
        difference_half: half the width of the interval of their difference.
    """
    covariance = (first_half**2 + second_half**2 - difference_half**2) / 2
    squared = (first_half / first) ** 2 + (second_half / second) ** 2 - 2 * covariance / (first * second)
    half = math.sqrt(max(0.0, squared))
    return first / second * math.exp(-half), first / second * math.exp(half)


def find_comparison(case: Case) -> Comparison:
    """Return the comparison of the two methods on the headline split, seen from the first."""
    study = case.whole_study
    for method in case.methods:
        refuse_without_accuracy(case, method)
    found = study.comparison(case.task, case.first, case.other)
    if found is None:
        raise NotMeasured("not_compared")
    return found


def refuse_without_accuracy(case: Case, method: str) -> None:
    """Refuse a method that has no accuracy, or none on any seed that a claim should rest on."""
    study, title = case.whole_study, case.title(method)
    runs = study.runs_of(case.task, method)
    if not runs:
        raise NotMeasured("not_run", title=title, reason=case.excerpt.not_run.get(method, ""))
    match study.status(case.task, method):
        case records.COLLAPSED:
            raise NotMeasured("collapsed", title=title)
        case records.COST_ONLY:
            raise NotMeasured("no_accuracy", title=title, reason=(runs[0].reason or "").rstrip("."))


def find_mean(case: Case, method: str) -> TaskMean:
    """Return a method's mean accuracy on the headline split."""
    found = case.whole_study.mean(case.task, method)
    if found is None:
        raise NotMeasured("unknown", what="accuracy", title=case.title(method))
    return found


def list_seeds(case: Case) -> list[Repetition]:
    """Return for each seed whether the first method was ahead; answers that do not depend on it are there once."""
    first, second = (find_mean(case, method).by_seed for method in case.methods)
    seeds = max(len(first), len(second))
    pairs = zip(*(scores * seeds if len(scores) == 1 else scores for scores in (first, second)), strict=False)
    return [Repetition("seed", one > other) for one, other in pairs]


def list_draws(case: Case) -> list[Repetition]:
    """Return for each draw of the first method's worked examples whether it was ahead of the second method on the same
    held-out examples."""
    ahead = []
    for seed in case.whole_study.seeds:
        first, second = (list_trials(case, method, seed) for method in case.methods)
        own = next((trial for trial in second if trial.own), None)
        draws = [trial for trial in first if trial.choice == DRAWN and not trial.own]
        ahead += [Repetition("draw", trial.accuracy > own.accuracy) for trial in draws if own is not None]
    return ahead


def list_trials(case: Case, method: str, seed: int) -> list[TrialScore]:
    """Return the trials of a method's prompt with one seed."""
    run = case.whole_study.run(case.task, method, seed)
    return run.scores.trials if run is not None and run.scores is not None else []
