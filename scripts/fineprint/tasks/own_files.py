"""Own rows: JSON lines, CSV, TSV or Parquet files with one or two text columns and a label column."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from fineprint.core.settings import NAME, SettingsError
from fineprint.tasks import NO_LABEL, Row, TaskSettings
from fineprint.tasks._tables import NO_LABEL_MARKS, read_table, require_columns


class Settings(TaskSettings):
    """Files, and which of their columns is what.

    Attributes:
        files: a file per split; "train" and at least one test split, under any names.
        text_columns: field name in the prompt → column; one or two, in the order in which an encoder reads them.
        label_column: holds label names, or their numbers in the order of `labels`.
        group_column: rows with the same value stay together when rows are held out; null takes the first text.
        tag_columns: tag name → column; the report breaks scores down by tags.
        max_rows: at most so many rows of a split, drawn by the seed.
    """

    kind: Literal["own_files"]
    files: dict[str, Path]
    text_columns: dict[str, str] = Field(min_length=1, max_length=2)
    label_column: str = "label"
    group_column: str | None = None
    tag_columns: dict[str, str] = {}
    max_rows: dict[str, int] = {}

    @model_validator(mode="after")
    def check_splits(self) -> Settings:
        """Refuse files without a train or a test split, and names that could not be a file's."""
        if "train" not in self.files or len(self.files) < 2:
            raise ValueError("`files` needs 'train' and at least one test split, such as 'test'")
        if "held_out" in self.files:
            raise ValueError("'held_out' is cut from train by the workflow; name the test split differently")
        if wrong := [split for split in self.files if not NAME.fullmatch(split)]:
            raise ValueError(f"`files`: the split '{wrong[0]}' may have only the characters a-z, 0-9 and _ in its name")
        return self

    def text_fields(self) -> tuple[str, ...]:
        """Return what the config calls the texts."""
        return tuple(self.text_columns)

    def source_files(self) -> list[Path]:
        """Return every split's file."""
        return list(self.files.values())

    def load_splits(self, seed: int) -> dict[str, list[Row]]:
        """Read every file."""
        return {split: self.read_split(split, path, seed) for split, path in self.files.items()}

    def read_split(self, split: str, path: Path, seed: int) -> list[Row]:
        """Read one file and draw rows from it where `max_rows` says so."""
        table = read_table(path)
        columns = [*self.text_columns.values(), self.label_column, *self.tag_columns.values()]
        require_columns(table, columns + ([self.group_column] if self.group_column else []), str(path))
        rows = [self.make_row(split, number, entry, path) for number, entry in enumerate(table, start=1)]
        limit = self.max_rows.get(split)
        # Of the split as well: two files of one length must not lose the same lines.
        return rows if limit is None or limit >= len(rows) else random.Random(f"{seed}/{split}").sample(rows, limit)

    def make_row(self, split: str, number: int, entry: dict[str, Any], path: Path) -> Row:
        """Turn a line of a table into a row."""
        texts = {name: read_text(entry[column], column, path, number) for name, column in self.text_columns.items()}
        group = str(entry[self.group_column]) if self.group_column else next(iter(texts.values()))
        tags = {tag: str(entry[column]) for tag, column in self.tag_columns.items()}
        label = self.read_label(entry[self.label_column], f"{path}, row {number}")
        return Row(id=f"{split}-{number}", texts=texts, label=label, group=group, tags=tags)

    def read_label(self, value: Any, where: str) -> int:
        """Return a label's position from its name or number."""
        # Compared as text: what a table gives as 1, 1.0 or "1" is one label.
        text = str(value).strip()
        if text in self.labels:
            return self.labels.index(text)
        # After the names: a study may call a label "None".
        if text in NO_LABEL_MARKS:
            return NO_LABEL
        number = text.removesuffix(".0")
        if number.isdecimal() and int(number) < len(self.labels):
            return int(number)
        raise SettingsError(f"{where}: label '{text}' is unknown; accepted: {', '.join(self.labels)}")


def read_text(value: Any, column: str, path: Path, number: int) -> str:
    """Return a text; one that is missing is refused, lest "nan" be read as a sentence."""
    # Only NaN, pandas' mark of a missing cell, differs from itself.
    if value is None or value != value:
        raise SettingsError(f"{path}, row {number}: column '{column}' has no text; leave such rows out")
    return str(value)
