"""CSV, TSV and their like: separator, header and quoting found, rows counted, wanted columns returned."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from fineprint.core.settings import SettingsError
from fineprint.tasks._encoding import read_text_file
from fineprint.tasks._lines import Reading, name_separator, read_quoted, read_unquoted, split_lines
from fineprint.tasks._quoting import QUOTE, choose_reading, refuse
from fineprint.tasks._table import Table, TextForm, Wanted, require_columns

SEPARATORS = (",", ";", "\t", "|")


def read_delimited(path: Path, wanted: Wanted, form: TextForm, prefers_tab: bool) -> Table:
    """Read a file of lines of fields.

    Raises:
        SettingsError: a column is missing, rows differ in length, or nothing tells whether fields are quoted.
    """
    lines = split_lines(read_text_file(path, form.encoding))
    separator = form.separator
    if lines[0].lower().startswith("sep=") and len(lines[0].rstrip("\r")) == 5:  # Excel's own first line
        separator, lines[0] = separator or lines[0][4], ""
    separator = separator or find_separator(lines, wanted.columns, prefers_tab)
    reading = read_either(path, lines, separator, wanted, form.quoting)
    header, *rows = reading.rows
    require_columns(header, wanted.columns, path)
    if not rows:
        raise SettingsError(f"file {path} has a header, but no rows")
    places = {name: header.index(name) for name in wanted.columns}
    columns = {name: [row[place] for row in rows] for name, place in places.items()}
    form = f"fields separated by {name_separator(separator)}, {reading.quoting}"
    return Table(path, "line", reading.starts[1:], columns, form)


def read_either(path: Path, lines: Sequence[str], separator: str, wanted: Wanted, declared: str | None) -> Reading:
    """Return the lines' rows, read with quoting or without it."""
    unquoted = read_unquoted(lines, separator)
    if not unquoted.rows:
        raise SettingsError(f"file {path} has no rows")
    if not any(QUOTE in line for line in lines):
        reading = unquoted
        reading.quoting = "without quotation marks"
    elif declared:
        reading = read_quoted(lines, separator) if declared == "quoted" else unquoted
    else:
        require_columns(read_header(lines, separator), wanted.columns, path)
        reading = choose_reading(path, unquoted, read_quoted(lines, separator), wanted, separator)
    # Before the fields are counted: a file without the columns is perhaps another file, or has another separator.
    require_columns(reading.rows[0], wanted.columns, path)
    if reading.fault:
        refuse(path, reading)
    return reading


def read_header(lines: Sequence[str], separator: str) -> list[str]:
    """Return the names in the first line that is not blank, quoted or not."""
    line = next((line.rstrip("\r") for line in lines if line.strip()), "")
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return line.split(separator)


def find_separator(lines: Sequence[str], wanted: Sequence[str], prefers_tab: bool) -> str:
    """Return the separator that makes the header hold the wanted columns; where none does, that of most names."""
    order = sorted(SEPARATORS, key=lambda separator: separator != "\t") if prefers_tab else SEPARATORS
    headers = {separator: read_header(lines, separator) for separator in order}
    complete = [separator for separator, names in headers.items() if set(wanted) <= set(names)]
    return complete[0] if complete else max(order, key=lambda separator: len(headers[separator]))
