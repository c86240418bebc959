"""Rule: one method is correct almost nowhere that another is wrong."""

from __future__ import annotations

import numpy as np

from fineprint.core.records import DominanceFinding, SeedDiscordance
from fineprint.findings.answers import Answers
from fineprint.findings.chance import RULE_ALPHA, Measured, at_least, at_most
from fineprint.findings.pairs import MethodPair, look_for_pair, pair_up
from fineprint.scoring.statistics import holm

# A tenth of what is expected if errors were independent, and a tenth of the examples that only one of the two answers
# correctly. The first alone would tell of two middling methods that each know something, the second alone of any two
# that lie far apart.
HARDLY = 0.1


def find_dominance(answers: Answers) -> list[DominanceFinding]:
    """Return a finding for each pair; what follows from two others is left out."""
    pairs = pair_up(answers)
    measured = [measure_dominance(pair) for pair in pairs]
    p_values = holm([candidate.p_value for candidate in measured])
    found = {
        pair.methods: describe_dominance(pair, p_value)
        for pair, candidate, p_value in zip(pairs, measured, p_values, strict=True)
        if candidate.stands_out and p_value < RULE_ALPHA
    }
    return [
        finding
        for (first, second), finding in found.items()
        if not any((first, between) in found and (between, second) in found for between in answers.given)
    ]


def measure_dominance(pair: MethodPair) -> Measured:
    """Return whether the second method is worse, and correct hardly anywhere that the first is wrong."""
    first_only, second_only = pair.first_only.sum(axis=1), pair.second_only.sum(axis=1)
    discordant, expected = first_only + second_only, pair.expected_second_only
    few = second_only.sum() <= HARDLY * min(discordant.sum(), expected.sum())
    # McNemar's exact test, two-sided: which of the two is better was seen in the same answers.
    worth = pair.worth(pair.first_only.astype(int) - pair.second_only)
    no_better = np.minimum(1, 2 * at_least(first_only * worth, discordant * worth, 0.5))
    worth, first_errors = pair.worth(pair.second_only), pair.wrong[0].sum(axis=1)
    not_few = at_most(second_only * worth, first_errors * worth, HARDLY * (1 - pair.wrong[1].mean(axis=1)))
    return Measured(bool(few and discordant.sum() > 0), float(np.maximum(no_better, not_few).max()))


def describe_dominance(pair: MethodPair, p_value: float) -> DominanceFinding:
    """Return the finding of a pair."""
    first_only, second_only = pair.first_only.sum(axis=1), pair.second_only.sum(axis=1)
    return DominanceFinding(
        task=pair.answers.task,
        split=pair.answers.split,
        methods=list(pair.methods),
        examples=round(float(first_only.mean())),
        examples_in_split=pair.answers.examples,
        p_value_holm=p_value,
        by_seed=[
            SeedDiscordance(seed=seed, first_only=int(one), second_only=int(other))
            for seed, one, other in zip(pair.seeds, first_only, second_only, strict=True)
        ],
        first_errors=int(pair.wrong[0].sum()),
        expected=float(pair.expected_second_only.sum()),
    )


def look_for_dominance(finding: DominanceFinding, answers: Answers) -> list[Measured]:
    """Return whether it holds on another split."""
    return look_for_pair(finding.methods, answers, measure_dominance)
