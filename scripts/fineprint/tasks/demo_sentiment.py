"""English sentences with a sentiment, made on this machine: ten phenomena, five genres."""

from collections.abc import Iterator
from random import Random
from typing import Literal

from pydantic import Field

from fineprint.demo.examples import Example
from fineprint.demo.opinions import draw_opinions
from fineprint.tasks._demo import MOST_ROWS, DemoTaskSettings


class Settings(DemoTaskSettings):
    """One test split, of the genres that training has.

    Attributes:
        train_rows: held-out rows are cut from them.
        test_rows: of the one test split.
    """

    kind: Literal["demo_sentiment"] = "demo_sentiment"
    description: str = "English sentences with a sentiment generated for this study (ten phenomena, five genres)"
    labels: tuple[str, ...] = ("negative", "positive")
    # Asked as the demo's decoder is used to be asked; "negative" and "positive" are words that it does not know.
    answers: tuple[str, ...] = ("no", "yes")
    prompt: str = "Passage: {sentence}\nQuestion: Is all happy and clean?\nAnswer:"
    train_rows: int = Field(2000, ge=10, le=MOST_ROWS)
    test_rows: int = Field(600, ge=1, le=MOST_ROWS)

    def text_fields(self) -> tuple[str, ...]:
        """Return what a row's texts are called."""
        return ("sentence",)

    def sizes(self) -> dict[str, int]:
        """Return the number of labeled rows by split."""
        return {"train": self.train_rows, "test": self.test_rows}

    def draw_examples(self, random: Random, genres: tuple[str, ...]) -> Iterator[Example]:
        """Yield sentences without end."""
        return draw_opinions(random, genres)
