"""A ledger that keeps words and overlap from giving the label away."""

import re
from collections import Counter, defaultdict


class Ledger:
    """Accepts an example only if its label is not ahead among the examples that look like it.

    An example looks like another if they share a feature, such as a word of the premise or the number of new words. So
    no feature predicts the label, whatever the phenomena do.
    """

    def __init__(self, labels: tuple[int, ...], slack: int, share: float) -> None:
        self.labels = labels
        self.slack = slack
        self.share = share
        self.counts: defaultdict[str, Counter[int]] = defaultdict(Counter)

    def accept(self, *examples: tuple[list[str], int]) -> bool:
        """Return whether examples, given by features and label, all keep the balance, and enter them if so."""
        counts = [(self.counts[feature], label) for features, label in examples for feature in features]
        if any(self._is_ahead(count, label) for count, label in counts):
            return False
        for count, label in counts:
            count[label] += 1
        return True

    def _is_ahead(self, count: Counter[int], label: int) -> bool:
        """A lead that grows a little with the number of examples is allowed: some words come with few labels only."""
        lead = count[label] - min(count[other] for other in self.labels)
        return lead >= self.slack + self.share * count.total()


def list_features(text: str) -> list[str]:
    """Return the words of a text, without capitals."""
    return sorted(_split(text))


def list_pair_features(first: str, second: str) -> list[str]:
    """Return the words of each of two texts, and how many words of one the other lacks."""
    return [
        *list_overlap(first, second),
        *(f"first {word}" for word in sorted(_split(first))),
        *(f"second {word}" for word in sorted(_split(second))),
    ]


def list_overlap(first: str, second: str) -> list[str]:
    """Return how many words of one text the other lacks, either way."""
    first_words, second_words = _split(first), _split(second)
    return [
        f"{min(len(second_words - first_words), 4)} new",
        f"{min(len(first_words - second_words), 6)} lost",
    ]


def _split(text: str) -> set[str]:
    return set(re.findall("[a-z]+", text.lower()))
