"""Rule: two methods agree less than their scores suggest, or give the same wrong answers."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from scipy.special import stdtr

from fineprint.core.records import AgreementFinding
from fineprint.findings.answers import Answers, pair_disagreement
from fineprint.findings.chance import RULE_ALPHA, Measured, at_least
from fineprint.findings.pairs import MethodPair, look_for_pair, pair_up
from fineprint.scoring.statistics import holm
from fineprint.scoring.variance import cluster_covariance

# Two methods this close look alike in a table of scores: twice the difference that by default does not matter.
CLOSE = 0.02
DIFFERENT = 0.05  # of the answers: one in twenty is more than two like scores suggest
# Two seeds of one method answer differently, too: methods differ only where they do so half as much again.
APART = 1.5
ALIKE = 0.8  # of the examples that either gets wrong get the same answer; two seeds of one method reach about half


def find_agreement(answers: Answers, told: Collection[tuple[str, str]]) -> list[AgreementFinding]:
    """Return a finding for each pair that agrees less or more than its scores suggest.

    Args:
        answers: to the split.
        told: pairs of which something else is told that says how they agree.
    """
    pairs = [pair for pair in pair_up(answers) if pair.methods not in told]
    close = [pair for pair in pairs if pair.difference <= CLOSE]
    unlike = [measure_less(pair) for pair in close]
    alike = [measure_more(pair) for pair in pairs]
    return [
        *(describe_agreement(pair, p_value, less=True) for pair, p_value in pick(close, unlike)),
        *(describe_agreement(pair, p_value, less=False) for pair, p_value in pick(pairs, alike)),
    ]


def pick(pairs: list[MethodPair], measured: list[Measured]) -> list[tuple[MethodPair, float]]:
    """Return the pairs of a family that are found, with their corrected p-values."""
    p_values = holm([candidate.p_value for candidate in measured])
    return [
        (pair, p_value)
        for pair, candidate, p_value in zip(pairs, measured, p_values, strict=True)
        if candidate.stands_out and p_value < RULE_ALPHA
    ]


def disagree(pair: MethodPair) -> np.ndarray:
    """Return for each example the share of pairs of seeds, one of each method, that answer it differently."""
    first, second = pair.given
    return np.mean([one != other for one in first for other in second], axis=0)


def disagree_with_itself(pair: MethodPair) -> np.ndarray | None:
    """Return the same for two seeds of one method, the mean of both methods; None for a single seed."""
    if len(pair.seeds) < 2:
        return None
    return np.mean([pair_disagreement(given) for given in pair.given], axis=0)


def measure_less(pair: MethodPair) -> Measured:
    """Return whether two methods of like scores answer many examples differently: more than two seeds of one method do,
    where there are two."""
    differ = pair.given[0] != pair.given[1]
    worth = pair.worth(differ)
    p_value = float(at_least(differ.sum(axis=1) * worth, differ.shape[1] * worth, DIFFERENT).max())
    between, within = disagree(pair), disagree_with_itself(pair)
    apart = (pair.wrong[1].astype(int) - pair.wrong[0]).mean(axis=0)
    # Scores that are known badly may be similar by chance, so their difference has to be known to within CLOSE as well.
    similar = abs(pair.difference) <= CLOSE and standard_error(pair.answers, apart) <= CLOSE
    stands_out = similar and between.mean() >= DIFFERENT
    if within is not None:
        stands_out = stands_out and between.mean() >= APART * within.mean()
        p_value = max(p_value, mean_p_value(pair.answers, between - within))
    return Measured(bool(stands_out), p_value)


def standard_error(answers: Answers, values: np.ndarray) -> float:
    """Return the standard error of the mean of one value for each example."""
    return float(np.sqrt(cluster_covariance(values[None], answers.groups)[0, 0]))


def mean_p_value(answers: Answers, values: np.ndarray) -> float:
    """Return the one-sided p-value of a mean that is not above 0, by Student's t over groups of examples."""
    error = standard_error(answers, values)
    if error == 0:
        return float(values.mean() <= 0)
    return float(stdtr(answers.groups.count - 1, -values.mean() / error))


def measure_more(pair: MethodPair) -> Measured:
    """Return whether two methods give the same wrong answers. Errors on the same examples are not enough: two methods
    that never give a label both miss all examples that have it."""
    either, same = pair.either_wrong.sum(axis=1), pair.same_wrong.sum(axis=1)
    worth = pair.worth(pair.either_wrong)
    p_values = at_least(same * worth, either * worth, ALIKE)
    return Measured(bool(0 < ALIKE * either.sum() <= same.sum()), float(p_values.max()))


def describe_agreement(pair: MethodPair, p_value: float, less: bool) -> AgreementFinding:
    """Return the finding of a pair."""
    between, within = disagree(pair), disagree_with_itself(pair)
    concerned = pair.given[0] != pair.given[1] if less else pair.same_wrong
    return AgreementFinding(
        task=pair.answers.task,
        split=pair.answers.split,
        methods=list(pair.methods),
        examples=round(float(concerned.sum(axis=1).mean())),
        examples_in_split=pair.answers.examples,
        p_value_holm=p_value,
        less=less,
        seeds=len(pair.seeds),
        difference=pair.difference,
        disagreement=float(between.mean()),
        own_disagreement=None if within is None else float(within.mean()),
        either_wrong=int(pair.either_wrong.sum()),
        both_wrong=int(pair.both_wrong.sum()),
        same_wrong=int(pair.same_wrong.sum()),
    )


def look_for_agreement(finding: AgreementFinding, answers: Answers) -> list[Measured]:
    """Return whether it holds on another split."""
    return look_for_pair(finding.methods, answers, measure_less if finding.less else measure_more)
