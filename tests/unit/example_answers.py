"""Answers of made-up methods, drawn at random: no pattern is in them but the one that a test plants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from example_runs import LABELS
from fineprint.findings.answers import UNPARSEABLE, Answers, make_answers

# Far enough apart that no two methods have similar scores.
ACCURACIES = {"best": 0.92, "good": 0.84, "fair": 0.76, "middling": 0.68, "poor": 0.6}
GENRES = ("fiction", "letters", "travel")  # one for each group of examples
PHENOMENA = ("antonym", "hypernym", "modifier", "negation", "numeral", "quantifier", "sibling", "voice")


@dataclass
class Drawn:
    """Answers that a test may change; `given` holds the label of each by method and seed."""

    golds: np.ndarray
    groups: np.ndarray
    tags: list[dict[str, str]]
    given: dict[tuple[str, int], np.ndarray] = field(default_factory=dict)

    def has(self, tag: str, value: str) -> np.ndarray:
        """Return whether each example has a tag."""
        return np.array([tags[tag] == value for tags in self.tags])

    def entries(self) -> dict[tuple[str, int], list[dict[str, Any]]]:
        """Return the predictions of each run, as their files have them."""
        return {
            run: [
                {
                    "id": f"x-{number}",
                    "gold": int(self.golds[number]),
                    "label": None if label == UNPARSEABLE else int(label),
                    "tags": self.tags[number],
                    "group": str(self.groups[number]),
                }
                for number, label in enumerate(labels)
            ]
            for run, labels in self.given.items()
        }

    def answers(self, split: str = "matched") -> Answers:
        """Return them as the rules take them."""
        return make_answers("nli", split, LABELS, self.entries())


def draw_examples(rng: np.random.Generator, examples: int = 600, group_size: int = 1) -> Drawn:
    """Draw examples without any answer; labels and phenomena are drawn for each, the genre for each group."""
    groups = np.arange(examples) // group_size
    genres = rng.choice(GENRES, size=groups[-1] + 1)
    phenomena = rng.choice(PHENOMENA, size=examples)
    tags = [
        {"genre": str(genres[group]), "phenomenon": str(phenomenon)}
        for group, phenomenon in zip(groups, phenomena, strict=True)
    ]
    return Drawn(rng.integers(len(LABELS), size=examples), groups, tags)


def draw_answers(
    rng: np.random.Generator,
    accuracies: dict[str, float] = ACCURACIES,
    seeds: tuple[int, ...] = (1,),
    examples: int = 600,
    group_size: int = 1,
    shared: float = 0.0,
) -> Drawn:
    """Draw answers whose errors are independent of each other, of labels and of tags; seeds differ on about 3 %.

    Args:
        rng: draws.
        accuracies: of the methods, about.
        seeds: of each method.
        examples: in the split.
        group_size: examples to a group.
        shared: the share of groups whose examples are all right or all wrong.
    """
    drawn = draw_examples(rng, examples, group_size)
    for method, accuracy in accuracies.items():
        by_group = rng.random(drawn.groups[-1] + 1) < 1 - accuracy
        as_group = rng.random(drawn.groups[-1] + 1) < shared
        wrong = np.where(as_group[drawn.groups], by_group[drawn.groups], rng.random(examples) < 1 - accuracy)
        other = (drawn.golds + rng.integers(1, 3, size=examples)) % len(LABELS)
        for seed in seeds:
            flipped = rng.random(examples) < 0.015
            drawn.given[method, seed] = np.where(wrong ^ flipped, other, drawn.golds)
    return drawn


def make_wrong(drawn: Drawn, method: str, where: np.ndarray) -> None:
    """Make a method's answers wrong for all seeds, each with the label that follows the gold label."""
    for (name, _), labels in drawn.given.items():
        if name == method:
            labels[where] = (drawn.golds[where] + 1) % len(LABELS)
