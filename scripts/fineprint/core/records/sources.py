"""Rows, and the records of where rows and models come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from fineprint.core.records.base import Record


@dataclass(frozen=True)
class Row(Record):
    """One example.

    Attributes:
        id: unique within the task, stable from run to run.
        texts: the input texts by field name, in the order in which an encoder reads them (one or two).
        label: position in the task's `labels`, or `NO_LABEL` where annotators reached no consensus.
        group: rows of one group stay on the same side of the held-out cut (for NLI: the premise).
        tags: what the report breaks scores down by, for example {"genre": "fiction"}.
    """

    id: str
    texts: dict[str, str]
    label: int
    group: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRecord(Record):
    """The rows of one split."""

    rows: int
    groups: int
    labels: dict[str, int]  # label → rows
    tags: dict[str, dict[str, int]]  # tag → value → rows
    sha256: str  # of the file of rows
    examples: list[Row]  # the first of each label


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord(Record):
    """What `prepare_task` leaves beside the rows: `results/{study}/data/{task}/task.json`."""

    made_by: ClassVar[str] = "prepare_task"

    name: str
    settings: dict[str, Any]
    facts: dict[str, Any]  # where the rows came from, in the source's own words
    description: str
    labels: list[str]
    answers: list[str]  # the word that a language model gives for each label
    prompt: str
    dropped: dict[str, dict[str, int]]  # split → what stood in place of a gold label → rows
    not_drawn: dict[str, int]  # split → rows that a setting, such as max_rows, left out
    rows_shared_with_train: dict[str, int]  # split → rows that have exactly the texts of a training row
    splits: dict[str, SplitRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedWeights(Record):
    """How the files of a model folder fit its architecture, as found when it was fetched; nothing was loaded."""

    expected: int  # weights of the base model, tied ones once
    loaded: int  # of these, found in the files with the shape that is wanted
    random: list[str]  # the others, by name: they begin at random where they are used at all
    unused: int  # in the files, without a place in the base model, such as the head of its pretraining
    layers: int
    vocabulary: int  # entries of the tokenizer
    embedding_rows: int
    pad_token: str  # what inputs are filled up with, masked


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneRecord(Record):
    """What `fetch_backbone` leaves beside the model folder: `results/{study}/backbones/{backbone}/backbone.json`."""

    made_by: ClassVar[str] = "fetch_backbone"

    name: str
    pad_token: str | None
    settings: dict[str, Any]
    architecture: str
    facts: dict[str, Any]  # how the model was come by, in the source's own words
    revision: str | None  # the commit on the hub
    model_type: str | None
    parameters: int | None
    bytes: int | None  # of the weights
    files: dict[str, str]  # file name → sha256
    matched: MatchedWeights | None = None
