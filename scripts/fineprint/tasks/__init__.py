"""Tasks: where rows come from, what their labels are, and how a prompt asks for one.

A task is one file in this folder with a class `Settings(TaskSettings)`. Importing it must not import torch.
"""

from abc import abstractmethod
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PrivateAttr

from fineprint.core.records import Row
from fineprint.hub.sources import SourceSettings

# As data sets on the hub write it; such rows are dropped and counted, never guessed at.
NO_LABEL = -1
UNMARKED = "no label"  # what stands in place of a label where a source has one way only to have none


__all__ = ["NO_LABEL", "UNMARKED", "Row", "TaskSettings", "Word", "text_length"]


def check_word(value: Any) -> Any:
    """Refuse what YAML reads as something else than text, with what to write instead."""
    if isinstance(value, bool):
        word, others = ("yes", "on or true") if value else ("no", "off or false")
        raise ValueError(f'write "{word}" in quotes: unquoted, YAML reads {word}, {others} as a boolean')
    if not isinstance(value, str | dict | list):
        raise ValueError(
            f'write "{"null" if value is None else value}" in quotes: unquoted, YAML does not read it as text'
        )
    return value


# A label, an answer or a column's name: a user may well write no, 1 or null.
Word = Annotated[str, BeforeValidator(check_word)]


class TaskSettings(SourceSettings):
    """What every task has.

    Attributes:
        kind: the file's name.
        references: numbers of the works that the rows come from, as report/references.yaml has them.
        language: of the rows, as a code such as "en", for model cards; empty where it is not known.
        origin: set by tasks that make their rows up, worded to follow "the rows of …"; the report says it.
        labels_mean_something: False where labels are drawn at random: accuracy is then not measured.
        description: what is asked, for the report.
        labels: in the order of the label numbers.
        answers: the word that a language model gives for each label.
        prompt: the wording, with text fields in braces; it ends where the answer begins. {{ and }} are braces.
        held_out_fraction: of the training rows, held out to choose the best epoch on.
    """

    kind: str
    references: ClassVar[tuple[str, ...]] = ()
    language: ClassVar[str] = ""
    origin: ClassVar[str] = ""
    prompt_reason: ClassVar[str] = ""
    labels_mean_something: ClassVar[bool] = True
    description: str = ""
    labels: tuple[Word, ...]
    answers: tuple[Word, ...]
    prompt: str
    held_out_fraction: float = Field(0.1, gt=0, lt=1)
    _not_drawn: dict[str, int] = PrivateAttr(default_factory=dict)

    @abstractmethod
    def text_fields(self) -> tuple[str, ...]:
        """Return the names of a row's texts, in the order in which an encoder reads them; the prompt may use these."""

    @abstractmethod
    def load_splits(self, seed: int) -> dict[str, list[Row]]:
        """Return the rows by split: "train" and one or more test splits, unlabeled rows included."""

    def facts(self) -> dict[str, Any]:
        """Return where the rows came from, for the record; called after `load_splits`."""
        return {}

    def not_drawn(self) -> dict[str, int]:
        """Return by split how many rows of the source a setting left out; called after `load_splits`."""
        return self._not_drawn

    def why_unlabeled(self, row: Row) -> str:
        """Return what the source has where a row has no gold label; called after `load_splits`."""
        return UNMARKED


def text_length(row: Row) -> int:
    """Return the characters of a row's texts."""
    return sum(len(text) for text in row.texts.values())
