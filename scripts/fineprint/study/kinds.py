"""What the kinds that a study names say of themselves, for the report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeVar

from fineprint.core.records import AdapterKind, BackboneKind, Kinds, ReadoutKind, Record, TaskKind
from fineprint.study.schema import StudyConfig

Words = TypeVar("Words", bound=Record)


def describe_kinds(study: StudyConfig) -> Kinds:
    """Return what every kind of adapter, readout, task and backbone in a study says of itself."""
    methods = study.methods.values()
    return Kinds(
        adapters=quote_kinds((method.adapter for method in methods), AdapterKind),
        readouts=quote_kinds((method.readout for method in methods), ReadoutKind),
        tasks=quote_kinds(study.tasks.values(), TaskKind),
        backbones=quote_kinds(study.backbones.values(), BackboneKind),
    )


def quote_kinds(settings: Iterable[Any], words: type[Words]) -> dict[str, Words]:
    """Return for each kind among the settings those of its class variables that a record keeps."""
    return {part.kind: quote_kind(type(part), words) for part in settings}


def quote_kind(settings: type[Any], words: type[Words]) -> Words:
    """Return the class variables of one kind that a record keeps."""
    return words(**{field.name: getattr(settings, field.name) for field in fields(words)})
