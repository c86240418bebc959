"""Tables of examples in files: CSV, TSV, JSON Lines, JSON and Parquet, each also compressed; the name says which.

No example is lost, joined with another or moved to another column without a word: what came out of a file is counted
against what is in it.
"""

from __future__ import annotations

import io
from pathlib import Path

from fineprint.core.settings import SettingsError
from fineprint.tasks._delimited import read_delimited
from fineprint.tasks._encoding import is_compressed, read_bytes
from fineprint.tasks._json_rows import read_json_rows
from fineprint.tasks._table import Table, TextForm, Wanted, require_columns

DELIMITED = (".csv", ".tsv", ".txt", ".tab")
JSON = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet",)


def file_ending(path: Path) -> str:
    """Return the ending that says how a file is written, without .gz."""
    return (path.with_suffix("") if is_compressed(path) else path).suffix.lower()


def is_delimited(path: Path) -> bool:
    """Return whether a file is of lines of fields, such as CSV."""
    return file_ending(path) in DELIMITED


def is_text(path: Path) -> bool:
    """Return whether a file is of text, in some encoding."""
    return file_ending(path) in DELIMITED + JSON


def check_ending(path: Path) -> None:
    """Refuse a file of an unknown form.

    Raises:
        SettingsError: its name has another ending.
    """
    if file_ending(path) not in DELIMITED + JSON + PARQUET:
        accepted = ", ".join((*DELIMITED, *JSON, *PARQUET))
        raise SettingsError(f"file {path} has an unsupported extension; supported: {accepted}, each also with .gz")


def read_table(path: Path, wanted: Wanted, form: TextForm | None = None) -> Table:
    """Return the wanted columns of a file.

    Raises:
        SettingsError: the file is missing, of an unknown form, lacks a column, or what came out of it is not what is in
            it.
    """
    check_ending(path)
    form = form or TextForm()
    if is_delimited(path):
        return read_delimited(path, wanted, form, prefers_tab=file_ending(path) != ".csv")
    if is_text(path):
        return read_json_rows(path, wanted, form.encoding)
    return read_parquet(path, wanted)


def read_parquet(path: Path, wanted: Wanted) -> Table:
    """Read a Parquet file."""
    import pyarrow
    from pyarrow import parquet

    content = read_bytes(path)
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        require_columns(file.schema_arrow.names, wanted.columns, path)
        table = file.read(columns=list(wanted.columns))
        columns = {name: table.column(name).to_pylist() for name in wanted.columns}
    except (pyarrow.ArrowException, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"file {path} cannot be read as Parquet: {error}") from error
    stated = file.metadata.num_rows
    for name, values in columns.items():
        if len(values) != stated:
            raise SettingsError(f"file {path} states {stated} rows, but its column '{name}' has {len(values)}")
    if not stated:
        raise SettingsError(f"file {path} has no rows")
    return Table(path, "row", range(1, stated + 1), columns, "Parquet")
