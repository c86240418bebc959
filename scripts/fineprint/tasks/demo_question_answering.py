"""Yes-or-no questions on short passages, made on this machine: eight phenomena, five genres."""

from collections.abc import Iterator
from random import Random
from typing import Literal

from pydantic import Field

from fineprint.demo.examples import Example
from fineprint.demo.questions import draw_questions
from fineprint.tasks._demo import MOST_ROWS, DemoTaskSettings


class Settings(DemoTaskSettings):
    """One test split, of the genres that training has.

    Attributes:
        train_rows: held-out rows are cut from them.
        test_rows: of the one test split.
    """

    kind: Literal["demo_question_answering"] = "demo_question_answering"
    description: str = "English yes-or-no questions on passages generated for this study (eight phenomena, five genres)"
    labels: tuple[str, ...] = ("no", "yes")
    answers: tuple[str, ...] = ("no", "yes")
    prompt: str = "Passage: {passage}\nQuestion: {question}\nAnswer:"
    train_rows: int = Field(2000, ge=10, le=MOST_ROWS)
    test_rows: int = Field(600, ge=1, le=MOST_ROWS)

    def text_fields(self) -> tuple[str, ...]:
        """Return what a row's texts are called."""
        return ("passage", "question")

    def sizes(self) -> dict[str, int]:
        """Return the number of labeled rows by split."""
        return {"train": self.train_rows, "test": self.test_rows}

    def draw_examples(self, random: Random, genres: tuple[str, ...]) -> Iterator[Example]:
        """Yield questions without end."""
        return draw_questions(random, genres)
