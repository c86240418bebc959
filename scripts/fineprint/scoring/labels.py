"""Precision, recall and F1 of each label, and their mean over labels, each with its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fineprint.core.records import ClassScore, Interval
from fineprint.scoring.intervals import effective_wilson_interval, share_interval
from fineprint.scoring.variance import Groups

UNPARSEABLE = -1


class LabelScores:
    """Gold labels and answers of the same examples, as what every label's figures are taken from."""

    def __init__(
        self, golds: Sequence[int], predicted: Sequence[int | None], labels: int, groups: Groups | None
    ) -> None:
        """Take what was answered; an answer that names no label is None.

        Args:
            golds: the right label of each example.
            predicted: the label that was answered.
            labels: how many there are.
            groups: of the examples; None: each is its own.
        """
        numbers = np.arange(labels)[:, None]
        self.has = np.array(golds) == numbers  # shape (labels, examples), as the others
        self.named = np.array([UNPARSEABLE if label is None else label for label in predicted]) == numbers
        self.right = self.has & self.named
        self.groups = groups

    def score(self, number: int) -> ClassScore:
        """Return one label's figures; 0 where a share of nothing is asked for.

        F1 rises with the share of right answers among the examples that have the label or are given it: 2s / (1 + s).
        So its interval is that of this share, and has a width where no answer is right.
        """
        has, named, right = self.has[number], self.named[number], self.right[number]
        precision, recall, overlap = (share_interval(right, part, self.groups) for part in (named, has, has | named))
        hits = int(right.sum())
        f1_low, f1_high = (2 * limit / (1 + limit) for limit in overlap)
        return ClassScore(
            precision=hits / max(1, int(named.sum())),
            precision_low=precision.low,
            precision_high=precision.high,
            recall=hits / max(1, int(has.sum())),
            recall_low=recall.low,
            recall_high=recall.high,
            f1=2 * hits / max(1, int(named.sum() + has.sum())),
            f1_low=f1_low,
            f1_high=f1_high,
            support=int(has.sum()),
        )

    def macro_f1(self) -> tuple[float, Interval]:
        """Return the mean of the labels' F1 with its interval, that of as many independent examples as have its
        variance; the variance is that of the sum of what each example or group contributes (delta method)."""
        examples = self.has.shape[1]
        sizes = self.has.sum(axis=1) + self.named.sum(axis=1)
        scores = 2 * self.right.sum(axis=1) / np.maximum(sizes, 1)  # a label that neither occurs nor is named counts 0
        macro = float(scores.mean())
        if examples < 2:
            return macro, Interval(0.0, 1.0)
        changes = 2.0 * self.right - scores[:, None] * (1.0 * self.has + self.named)
        contributions = (changes / np.maximum(sizes, 1)[:, None]).mean(axis=0)
        groups = self.groups or Groups.of(None, examples)
        variance = groups.few_groups_factor * float((groups.sum(contributions) ** 2).sum())
        return macro, effective_wilson_interval(macro, variance, groups.count - 1, examples, groups.count)
