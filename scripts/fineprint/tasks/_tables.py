"""Reading tables of rows: JSON lines, CSV, TSV and Parquet; the file's ending says which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fineprint.core.settings import SettingsError

# What annotated corpora write where annotators reached no consensus.
NO_LABEL_MARKS = ("-", "-1", "", "None", "nan")


def read_table(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file as mappings from column to value.

    Raises:
        SettingsError: the file is missing, of an unknown form, or cannot be read.
    """
    import pandas

    readers = {
        ".jsonl": lambda: pandas.read_json(path, lines=True, dtype=False, convert_dates=False),
        # As text: "01" stays what it is, and "NA" or "None" is a word, not a missing value.
        ".csv": lambda: pandas.read_csv(path, dtype=str, keep_default_na=False),
        ".tsv": lambda: pandas.read_csv(path, dtype=str, keep_default_na=False, sep="\t"),
        ".parquet": lambda: pandas.read_parquet(path),
    }
    if not path.exists():
        raise SettingsError(f"file {path} does not exist; paths are relative to where snakemake is started")
    if path.suffix not in readers:
        raise SettingsError(f"file {path} has an unsupported extension; accepted: {', '.join(readers)}")
    try:
        table = readers[path.suffix]()
    except (ValueError, OSError) as error:
        raise SettingsError(f"file {path} cannot be read as {path.suffix[1:]}: {error}") from error
    return table.to_dict(orient="records")


def require_columns(rows: list[dict[str, Any]], columns: list[str], where: str) -> None:
    """Refuse a table that lacks a column."""
    present = rows[0].keys() if rows else ()
    missing = [column for column in columns if column not in present]
    if missing:
        raise SettingsError(f"{where} has no column '{missing[0]}'; it has: {', '.join(map(str, present)) or 'no row'}")
