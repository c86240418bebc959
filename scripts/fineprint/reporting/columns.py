"""A table as a list of columns: a title, what to get of a row's subject, how to write it, and for which subjects.

    COST = [
        *METHOD,
        Column("Time", lambda entry: entry.run.seconds("training"), formats.seconds, group="Training", lacks=untrained),
        Column("Weights", lambda entry: entry.run.predict.weight_bytes, formats.size, group="Prediction"),
    ]
    build_table("cost-nli", caption, COST, entries)

A column writes `None` as "not measured", and a dash where `lacks` says why a subject cannot have such a figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar

from fineprint.reporting.table import Cell, Head, Table, blank, number, text

Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Column(Generic[Subject]):
    """One column of a table whose rows each tell of one subject, such as a method on a task.

    Attributes:
        title: its head.
        get: returns the figure, the text, or a finished `Cell`; None is a figure that was not measured.
        write: how a figure is written, such as `formats.size`. Without it the column holds text.
        group: a head above neighboring columns of the same group.
        lacks: returns why a subject cannot have this figure, for the reader who points at the dash; None where it can.
        note: explains the head.
        width: of the table's width in print, in per cent; set for all columns or for none.
    """

    title: str
    get: Callable[[Subject], Any]
    write: Callable[[Any], str] | None = None
    group: str = ""
    lacks: Callable[[Subject], str | None] | None = None
    note: str = ""
    width: int = 0

    def cell(self, subject: Subject) -> Cell:
        """Return the cell of one subject."""
        reason = self.lacks(subject) if self.lacks else None
        if reason:
            return blank(reason)
        value = self.get(subject)
        if isinstance(value, Cell):
            return value
        return text("" if value is None else value) if self.write is None else number(value, self.write)

    @property
    def numeric(self) -> bool:
        """Whether the column is set flush right."""
        return self.write is not None


def build_table(
    identifier: str, caption: str, columns: Sequence[Column[Subject]], subjects: Iterable[Subject], style: str = ""
) -> Table:
    """Return a table with a row for each subject."""
    return Table(
        identifier,
        caption,
        [Head(column.title, column.numeric, column.note) for column in columns],
        [[column.cell(subject) for column in columns] for subject in subjects],
        groups=[(group, len(list(part))) for group, part in groupby(columns, key=lambda column: column.group)]
        if any(column.group for column in columns)
        else [],
        style=style,
        widths=[column.width for column in columns] if any(column.width for column in columns) else [],
    )
