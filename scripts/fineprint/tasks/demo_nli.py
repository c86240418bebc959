"""English inference pairs made on this machine: nine phenomena, five genres, two of them in one test split only."""

from collections.abc import Iterator
from random import Random
from typing import ClassVar, Literal

from pydantic import Field

from fineprint.demo import lexicon
from fineprint.demo.examples import Example
from fineprint.demo.pairs import draw_pairs
from fineprint.tasks._demo import MOST_ROWS, DemoTaskSettings


class Settings(DemoTaskSettings):
    """The mismatched split has genres that training never saw, as in MultiNLI.

    Attributes:
        train_rows: held-out rows are cut from them.
        matched_rows: of the genres that training has.
        mismatched_rows: of other genres.
    """

    kind: Literal["demo_nli"] = "demo_nli"
    split_genres: ClassVar[dict[str, tuple[str, ...]]] = {
        "train": lexicon.MATCHED_GENRES,
        "matched": lexicon.MATCHED_GENRES,
        "mismatched": lexicon.MISMATCHED_GENRES,
    }
    description: str = "English sentence pairs generated for this study (nine phenomena, five genres)"
    labels: tuple[str, ...] = ("entailment", "neutral", "contradiction")
    answers: tuple[str, ...] = ("yes", "maybe", "no")
    prompt: str = "Premise: {premise}\nHypothesis: {hypothesis}\nAnswer:"
    train_rows: int = Field(3000, ge=10, le=MOST_ROWS)
    matched_rows: int = Field(810, ge=1, le=MOST_ROWS)
    mismatched_rows: int = Field(810, ge=1, le=MOST_ROWS)

    def text_fields(self) -> tuple[str, ...]:
        """Return what a row's texts are called."""
        return ("premise", "hypothesis")

    def sizes(self) -> dict[str, int]:
        """Return the number of labeled rows by split."""
        return {"train": self.train_rows, "matched": self.matched_rows, "mismatched": self.mismatched_rows}

    def draw_examples(self, random: Random, genres: tuple[str, ...]) -> Iterator[Example]:
        """Yield pairs without end."""
        for pair in draw_pairs(random, genres):
            texts = {"premise": pair.premise, "hypothesis": pair.hypothesis}
            yield Example(texts, pair.label, pair.genre, pair.phenomenon)
