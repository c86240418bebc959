"""JSON Lines, and one JSON array of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fineprint.core.settings import SettingsError
from fineprint.tasks._encoding import read_text_file
from fineprint.tasks._table import Table, Wanted, require_columns

KINDS_OF_VALUES = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}


class _DoubledKeyError(ValueError):
    """A key that stands twice in one object."""


def read_json_rows(path: Path, wanted: Wanted, encoding: str | None) -> Table:
    """Read a file of one object a line, or of one array of objects.

    Raises:
        SettingsError: a line or an entry is no object, lacks a wanted key or has a key twice.
    """
    text = read_text_file(path, encoding)
    is_array = text.lstrip().startswith("[") and not _first_line_is_a_value(text)
    unit, rows = ("entry", _parse_array(path, text)) if is_array else ("line", list(_parse_lines(path, text)))
    if not rows:
        raise SettingsError(f"file {path} has no rows")
    require_columns(list(dict.fromkeys(key for _, row in rows[:100] for key in row)), wanted.columns, path)
    columns: dict[str, list[Any]] = {name: [] for name in wanted.columns}
    for place, row in rows:
        for name, values in columns.items():
            if name not in row:
                raise SettingsError(f"{path}, {unit} {place} has no '{name}'; write null where there is no value")
            values.append(row[name])
    return Table(path, unit, [place for place, _ in rows], columns, "a JSON array" if is_array else "JSON Lines")


def _first_line_is_a_value(text: str) -> bool:
    """Return whether more follows after a first line that is a whole value: then each line is one."""
    line, _, rest = text.lstrip().partition("\n")
    try:
        json.loads(line)
    except ValueError:
        return False
    return bool(rest.strip())


def _parse_lines(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    # Split at line feeds only: a text may hold other characters that Python takes for ends of lines.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            value = _parse(line, where)
        except json.JSONDecodeError as error:
            raise SettingsError(
                f"{where} is not a whole JSON object ({error.msg}, character {error.colno}); expected one object a "
                "line, or one array of objects in the file"
            ) from error
        yield number, _require_object(value, where)


def _parse_array(path: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        entries = _parse(text, str(path))
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{path}, line {error.lineno}: the array is not whole JSON ({error.msg}, character {error.colno})"
        ) from error
    return [(n, _require_object(entry, f"{path}, entry {n}")) for n, entry in enumerate(entries, start=1)]


def _parse(text: str, where: str) -> Any:
    try:
        return DECODER.decode(text)
    except _DoubledKeyError as error:
        raise SettingsError(f"{where}: {error}") from error
    except RecursionError as error:
        raise SettingsError(f"{where}: nested too deeply") from error


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of equal keys Python's reader would take the last without a word."""
    made = dict(pairs)
    if len(made) < len(pairs):
        doubled = next(key for n, (key, _) in enumerate(pairs) if any(key == other for other, _ in pairs[:n]))
        raise _DoubledKeyError(f"duplicate key '{doubled}' in an object")
    return made


DECODER = json.JSONDecoder(object_pairs_hook=_make_object)


def _require_object(value: Any, where: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise SettingsError(f"{where} is {KINDS_OF_VALUES.get(type(value), 'a number')}; expected an object of columns")
