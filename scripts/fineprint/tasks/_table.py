"""A table of examples as it came out of a file, and what was asked of the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fineprint.core.settings import SettingsError


@dataclass(frozen=True, slots=True)
class TextForm:
    """How a file of text is written, as far as the user declares it; None lets the file decide."""

    encoding: str | None = None
    separator: str | None = None
    quoting: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns that are asked for, and how a value of the label column is told from other text."""

    columns: tuple[str, ...]
    label_column: str
    is_label: Callable[[str], bool]
    is_mark: Callable[[str], bool]  # of a missing label


@dataclass(frozen=True, slots=True)
class Table:
    """The wanted columns of a file, one value per row in each."""

    path: Path
    unit: str  # what a place counts: lines, entries or rows of the file, from 1
    places: Sequence[int]
    columns: dict[str, list[Any]]
    form: str  # how the file was read, in words

    def where(self, row: int) -> str:
        """Return the place of a row, for a message."""
        return f"{self.path}, {self.unit} {self.places[row]}"


def require_columns(present: Sequence[str], wanted: Sequence[str], path: Path) -> None:
    """Refuse a table that lacks a column, or has one twice."""
    for name in wanted:
        if name not in present:
            known = ", ".join(f"'{column}'" for column in present) or "none"
            raise SettingsError(f"{path} has no column '{name}'; it has: {known}")
    if doubled := sorted({name for name in present if name and list(present).count(name) > 1}):
        raise SettingsError(f"{path} has more than one column '{doubled[0]}'; give each column its own name")
