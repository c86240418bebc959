"""What the kinds of a study say of themselves: the report names and explains them without loading their code."""

from __future__ import annotations

from dataclasses import dataclass

from fineprint.core.records.base import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterKind(Record):
    """A way to change a backbone."""

    title: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadoutKind(Record):
    """A way to produce an answer."""

    title: str
    explanation: str
    writes_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind(Record):
    """A source of rows. `origin` is set where rows are made up, worded to follow "the rows of …"."""

    origin: str
    references: list[str]  # numbers of the works that the rows come from
    prompt_reason: str  # why prompts are worded as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneKind(Record):
    """A source of models. `origin` is set where the source makes a model itself, worded to follow a name."""

    origin: str
    pretrained: bool  # False where weights are random


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds(Record):
    """Every kind of a study, by the `kind` of its settings."""

    adapters: dict[str, AdapterKind]
    readouts: dict[str, ReadoutKind]
    tasks: dict[str, TaskKind]
    backbones: dict[str, BackboneKind]
