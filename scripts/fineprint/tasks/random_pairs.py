"""Pairs of random words as long as MultiNLI's pairs, with random labels: what methods cost on such rows can be
measured, not how well they answer."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from fineprint.demo.invented_words import MOST_WORDS, make_words
from fineprint.tasks import Row, TaskSettings
from fineprint.tasks.multinli import LABELS
from fineprint.tasks.multinli import Settings as MultiNLI

# Tokens of a pair by share of the rows that are no longer: the 9,815 rows of MultiNLI's matched validation split, read
# by RoBERTa's tokenizer, special tokens included. Between two points the quantile is interpolated.
PAIR_TOKENS = (
    *((0.0, 8.0), (0.01, 12.0), (0.05, 16.0), (0.1, 19.0), (0.25, 26.0), (0.5, 37.0), (0.75, 50.0), (0.9, 62.5)),
    *((0.95, 73.0), (0.99, 96.0), (0.997, 124.0), (0.999, 162.0), (1.0, 229.0)),
)
SPECIAL_TOKENS = 4  # of RoBERTa's form of a pair: <s> premise </s></s> hypothesis </s>
# Tokens of the hypothesis by tokens of both texts: its mean in the same rows. It grows more slowly than the premise.
HYPOTHESIS_TOKENS = ((4.0, 2.0), (12.0, 6.2), (21.0, 9.4), (30.0, 11.9), (44.0, 14.1), (66.0, 16.9), (225.0, 17.0))

Points = Sequence[tuple[float, float]]


class Settings(TaskSettings):
    """How many rows, in how many words.

    Attributes:
        train_rows: held-out rows are cut from them.
        test_rows: of the one test split.
        words: how many different words rows are written in; the backbone's vocabulary must hold them.
    """

    kind: Literal["random_pairs"]
    origin: ClassVar[str] = "were made by this workflow, of random words and with random labels"
    labels_mean_something: ClassVar[bool] = False
    description: str = (
        "Pairs of random words, as many tokens long as MultiNLI's pairs under RoBERTa's tokenizer (mean 40, median 37, "
        "90 % up to 62, 99 % up to 96, 0.3 % over 128)"
    )
    labels: tuple[str, ...] = LABELS
    answers: tuple[str, ...] = MultiNLI.model_fields["answers"].default
    prompt: str = MultiNLI.model_fields["prompt"].default
    train_rows: int = Field(1000, ge=10, le=1_000_000)
    test_rows: int = Field(500, ge=1, le=1_000_000)
    words: int = Field(20_000, ge=2, le=MOST_WORDS)

    def text_fields(self) -> tuple[str, ...]:
        """Return what a row's texts are called."""
        return ("premise", "hypothesis")

    def load_splits(self, seed: int) -> dict[str, list[Row]]:
        """Return the two splits."""
        words = make_words(self.words)
        sizes = {"train": self.train_rows, "test": self.test_rows}
        return {
            split: self.make_rows(split, size, words, random.Random(f"{seed} {split}")) for split, size in sizes.items()
        }

    def make_rows(self, split: str, count: int, words: list[str], generator: random.Random) -> list[Row]:
        """Return rows whose lengths are spread evenly over the distribution, in random order, labels in equal number.

        Spread evenly, few rows have the quantiles of many.
        """
        # One length out of each of `count` equal slices of the distribution.
        lengths = [count_tokens((number + generator.random()) / count) for number in range(count)]
        labels = [number % len(self.labels) for number in range(count)]
        generator.shuffle(lengths)
        generator.shuffle(labels)
        rows = zip(lengths, labels, strict=True)
        return [
            self.make_row(f"{split}-{n}", length, label, words, generator) for n, (length, label) in enumerate(rows)
        ]

    def make_row(self, identifier: str, length: int, label: int, words: list[str], generator: random.Random) -> Row:
        """Return a pair of `length` tokens, special tokens included."""
        drawn = generator.choices(words, k=length - SPECIAL_TOKENS)
        # The mean length for this total: only the sum of both lengths costs anything.
        cut = round(interpolate(HYPOTHESIS_TOKENS, len(drawn)))
        premise, hypothesis = " ".join(drawn[cut:]), " ".join(drawn[:cut])
        return Row(identifier, {"premise": premise, "hypothesis": hypothesis}, label, group=identifier)

    def facts(self) -> dict[str, Any]:
        """Return where the lengths come from."""
        return {"lengths": "MultiNLI, validation_matched, 9,815 rows, RoBERTa's tokenizer", "quantiles": PAIR_TOKENS}


def count_tokens(share: float) -> int:
    """Return the length that a share of MultiNLI's pairs does not exceed."""
    return round(interpolate(PAIR_TOKENS, share))


def interpolate(points: Points, place: float) -> float:
    """Return the value at a place on the line through the points, which are in order."""
    position = min(max(bisect_right([start for start, _ in points], place), 1), len(points) - 1)
    (low, first), (high, second) = points[position - 1], points[position]
    return first + (second - first) * (place - low) / (high - low)
