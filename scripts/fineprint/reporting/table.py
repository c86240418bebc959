"""Tables as data: what one Jinja macro turns into an HTML table, and pandoc into a Typst one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from fineprint.core import formats


@dataclass(frozen=True)
class Cell:
    """One cell. `sort` orders the column when a reader clicks its head; `style` is a class of style.css."""

    text: str
    sort: float | str = ""
    note: str = ""
    style: str = ""
    link: str = ""


@dataclass(frozen=True)
class Head:
    """The head of a column; numbers are set flush right. `note` explains it."""

    title: str
    numeric: bool = False
    note: str = ""


@dataclass
class Table:
    """A captioned table; `groups` are heads above the columns: (title, columns spanned). `widths` in per cent."""

    identifier: str
    caption: str
    columns: list[Head]
    rows: list[list[Cell]]
    groups: list[tuple[str, int]] = field(default_factory=list)
    style: str = ""
    widths: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the identifier one that HTML and Typst accept, whatever a split is called."""
        self.identifier = clean_identifier(self.identifier)

    @property
    def names_column(self) -> int:
        """Return which column names the row, for readers who hear the table: the title that follows a number."""
        return 1 if len(self.columns) > 1 and self.columns[0].title == "No." else 0


def clean_identifier(name: str) -> str:
    """Return a table's identifier as it stands in links."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def unmarked(words: str) -> str:
    """Return a text without its marks, for where only letters can stand; a text that has none is left as it is."""
    return words.striptags() if isinstance(words, Markup) else words


def text(value: object, **more: Any) -> Cell:
    """Return a cell of text."""
    return Cell(value if isinstance(value, Markup) else str(value), **more)


def number(value: float | None, write: Callable[[Any], str], **more: Any) -> Cell:
    """Return a cell of a number, written by `write`; a missing one says so."""
    if value is None:
        return Cell(formats.NOT_MEASURED, sort="", style="missing")
    return Cell(write(value), sort=float(value), **more)


def blank(reason: str = "does not apply") -> Cell:
    """Return a cell for a figure that cannot exist, such as the training time of a method that is not trained."""
    return Cell(formats.NOT_APPLICABLE, style="missing", note=reason)
