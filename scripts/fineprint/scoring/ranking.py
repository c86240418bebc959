"""The order of methods as far as their comparisons carry it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fineprint.core.records import MethodComparison, Scope


@dataclass(frozen=True)
class Standing:
    """Where one method stands among those compared.

    Attributes:
        method: its name.
        mean: its score over seeds and examples.
        rank: 1 + the number of methods that are significantly better; methods that nothing separates share a rank.
        is_in_best_group: whether it has the best mean, or is not significantly worse than the method that has. That
            does not make it as good: `gap.verdict` says whether it is equivalent or not inferior.
        gap: this method (first) against the one with the best mean; None for that one itself.
    """

    method: str
    mean: float
    rank: int
    is_in_best_group: bool
    gap: MethodComparison | None

    @property
    def scope(self) -> Scope:
        """What the gap speaks of: the methods, or these trained models."""
        return self.gap.scope if self.gap else Scope.METHOD


def rank_methods(means: Mapping[str, float], comparisons: Sequence[MethodComparison]) -> list[Standing]:
    """Return the methods by their mean, best first.

    Args:
        means: of the methods to be ranked; without those that collapsed.
        comparisons: every two of these methods once, on the same examples. Others are ignored.

    Raises:
        ValueError: if two of the methods were not compared.
    """
    ordered = sorted(means, key=lambda method: -means[method])  # stable: equal means stay in the order given
    by_pair = {frozenset((found.first, found.second)): found for found in comparisons}
    standings = []
    for method in ordered:
        against = {other: compare(by_pair, method, other) for other in ordered if other != method}
        better = sum(found.is_significant and found.difference < 0 for found in against.values())
        gap = against.get(ordered[0])
        in_best_group = gap is None or not gap.is_significant
        standings.append(Standing(method, means[method], 1 + better, in_best_group, gap))
    return standings


def compare(by_pair: Mapping[frozenset[str], MethodComparison], method: str, other: str) -> MethodComparison:
    """Return the comparison of two methods, seen from the first."""
    found = by_pair.get(frozenset((method, other)))
    if found is None:
        raise ValueError(f"{method} and {other} were not compared: a ranking needs every pair")
    return found.seen_from(method)
