"""Text columns: text is text, and nothing else is turned into it."""

from __future__ import annotations

from typing import Any

from fineprint.core.settings import SettingsError
from fineprint.tasks._table import Table

KINDS = {
    list: 'holds a list; expected text: join tokens before, for example with " ".join(tokens)',
    dict: "holds a mapping; expected text",
    bytes: "holds bytes; expected text: decode them before",
    bool: "holds true or false; expected text",
    int: "holds a number; expected text",
    float: "holds a number; expected text",
}
NO_TEXT = "has no text; fill it in, or leave such examples out"


def read_texts(table: Table, column: str) -> list[str]:
    """Return a column's texts as they stand in the file.

    Raises:
        SettingsError: a value is missing, empty or no text.
    """
    values = table.columns[column]
    for row, value in enumerate(values):
        # An empty text is refused like a missing one: CSV has one form for both.
        if type(value) is str and value and not value.isspace() and (value.isascii() or is_writable(value)):
            continue
        raise SettingsError(f"{table.where(row)}: column '{column}' {describe(value)}")
    return values


def is_writable(text: str) -> bool:
    """Return whether a text can be written; JSON may hold a half of a character outside the basic plane."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def describe(value: Any) -> str:
    """Return what is wrong with a value that is no text."""
    if isinstance(value, str) and value.strip():
        return "holds half of a surrogate pair, which is no character"
    if value is None or isinstance(value, str) or value != value:
        return NO_TEXT
    return KINDS.get(type(value), f"holds a {type(value).__name__}; expected text")


def read_names(table: Table, column: str) -> list[str | None]:
    """Return the values of a column of groups or tags as text; None where there is none.

    Raises:
        SettingsError: a value is a list or a mapping.
    """
    names: list[str | None] = []
    for row, value in enumerate(table.columns[column]):
        if isinstance(value, list | dict | bytes):
            raise SettingsError(f"{table.where(row)}: column '{column}' {KINDS[type(value)]}")
        is_missing = value is None or value == "" or value != value
        names.append(None if is_missing else str(value))
    return names
