"""Own rows: files with one or two text columns and a label column, one file per split."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from fineprint.core.settings import NAME, SettingsError
from fineprint.tasks import Row, TaskSettings, Word
from fineprint.tasks._labels import NO_LABEL_MARKS, LabelColumn, Labels, read_labels
from fineprint.tasks._rows import RESERVED
from fineprint.tasks._table import Table, TextForm, Wanted
from fineprint.tasks._tables import check_ending, is_delimited, is_text, read_table
from fineprint.tasks._texts import read_names, read_texts


class Settings(TaskSettings):
    """Files, and which of their columns is what.

    Attributes:
        files: a file per split; "train" and at least one test split, under any names. CSV, TSV, JSON Lines, one JSON
            array or Parquet, each also compressed (.gz).
        text_columns: field name in the prompt → column; one or two, in the order in which an encoder reads them.
        label_column: holds label names, or their numbers from 0 in the order of `labels`, not both.
        group_column: rows with the same value stay together when rows are held out; null takes the first text.
        tag_columns: tag name → column; the report breaks scores down by tags.
        max_rows: at most so many rows of a split, drawn by the seed.
        no_label: what the label column has where there is no label; null stands for "-", -1, None, nan and nothing.
        encoding: of files of text, such as cp1252; null stands for UTF-8, or what a byte order mark says.
        separator: of fields in CSV, TSV and the like; null finds it: a comma, a semicolon, a tab or a vertical bar.
        quoting: "quoted" or "unquoted": whether fields in CSV, TSV and the like may stand in quotation marks; null
            finds out.
    """

    kind: Literal["own_files"]
    files: dict[str, Path]
    text_columns: dict[str, Word] = Field(min_length=1, max_length=2)
    label_column: Word = "label"
    group_column: Word | None = None
    tag_columns: dict[str, Word] = {}
    max_rows: dict[str, Annotated[int, Field(ge=1, strict=True)]] = {}
    no_label: tuple[Word, ...] | None = None
    encoding: str | None = None
    separator: str | None = None
    quoting: Literal["quoted", "unquoted"] | None = None
    _marks: dict[str, str] = PrivateAttr(default_factory=dict)
    _forms: dict[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("files")
    @classmethod
    def check_splits(cls, files: dict[str, Path]) -> dict[str, Path]:
        """Refuse files without a train or a test split, and names that could not be a file's."""
        if "train" not in files or len(files) < 2:
            raise ValueError("`files` needs 'train' and at least one test split, such as 'test'")
        if taken := [split for split in RESERVED if split in files]:
            raise ValueError(f"'{taken[0]}' is reserved by the workflow; name the test split differently")
        if wrong := [split for split in files if not NAME.fullmatch(split)]:
            raise ValueError(f"`files`: the split '{wrong[0]}' may have only the characters a-z, 0-9 and _ in its name")
        for file in files.values():
            check_ending(file)
        return files

    @field_validator("text_columns")
    @classmethod
    def check_fields(cls, columns: dict[str, str]) -> dict[str, str]:
        """Refuse names that a prompt could not have in braces, and one column as both texts."""
        if wrong := [name for name in columns if not name.isidentifier()]:
            raise ValueError(f"'{wrong[0]}' cannot be used in a prompt's braces; use letters, digits and _ only")
        if len(set(columns.values())) < len(columns):
            raise ValueError("the two texts need two different columns")
        return columns

    @field_validator("max_rows")
    @classmethod
    def check_limits(cls, limits: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        """Refuse a limit of a split that there is not."""
        files = info.data.get("files")
        if files and (wrong := [split for split in limits if split not in files]):
            raise ValueError(f"'{wrong[0]}' is not a split; splits: {', '.join(files)}")
        return limits

    @field_validator("encoding")
    @classmethod
    def check_encoding(cls, encoding: str | None) -> str | None:
        """Refuse an encoding that Python does not know."""
        try:
            "a".encode(encoding or "utf-8")
        except LookupError as error:
            raise ValueError(
                "this encoding is unknown; known are utf-8, utf-16-le, cp1252, latin-1 and others"
            ) from error
        return encoding

    @field_validator("separator")
    @classmethod
    def check_separator(cls, separator: str | None) -> str | None:
        r"""Refuse more than one character, as '\t' in single quotes is in YAML."""
        if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
            raise ValueError('expected one character, such as ";"; a tab is "\\t" in double quotes')
        return separator

    @model_validator(mode="after")
    def check_columns(self) -> Settings:
        """Refuse a label that is read as text, a mark that is a label, and settings that no file has a use for."""
        if self.label_column in self.text_columns.values():
            raise ValueError(f"`text_columns`: '{self.label_column}' is the label column and cannot be a text as well")
        if both := sorted(set(self.no_label or ()) & set(self.labels)):
            raise ValueError(f"`no_label`: '{both[0]}' is one of `labels`")
        files = self.files.values()
        if (self.separator or self.quoting) and not any(map(is_delimited, files)):
            raise ValueError("`separator` and `quoting` are of CSV, TSV and the like; no file of this task is one")
        if self.encoding and not any(map(is_text, files)):
            raise ValueError("`encoding` is of files of text; no file of this task is one")
        return self

    def text_fields(self) -> tuple[str, ...]:
        """Return what the config calls the texts."""
        return tuple(self.text_columns)

    def source_files(self) -> list[Path]:
        """Return every split's file."""
        return list(self.files.values())

    def facts(self) -> dict[str, Any]:
        """Return how each file was read."""
        return {"read_as": self._forms}

    def why_unlabeled(self, row: Row) -> str:
        """Return what the file has in place of a row's label."""
        return self._marks[row.id]

    def load_splits(self, seed: int) -> dict[str, list[Row]]:
        """Read every file, then its labels: what they are is told from all of them."""
        labels = Labels(self.labels, self.known_marks(), declared=self.no_label is not None)
        columns = (*self.text_columns.values(), self.label_column, *self.tag_columns.values())
        asked = tuple(dict.fromkeys((*columns, *([self.group_column] if self.group_column else []))))
        wanted = Wanted(asked, self.label_column, labels.is_label, labels.is_mark)
        form = TextForm(self.encoding, self.separator, self.quoting)
        tables = {split: read_table(path, wanted, form) for split, path in self.files.items()}
        self._forms.update({split: table.form for split, table in tables.items()})
        texts = {split: self.read_fields(table) for split, table in tables.items()}
        read = read_labels(tables, self.label_column, labels)
        rows = {split: self.make_rows(split, table, texts[split], read[split]) for split, table in tables.items()}
        return {split: self.draw_rows(split, part, seed) for split, part in rows.items()}

    def read_fields(self, table: Table) -> dict[str, list[str]]:
        """Return a file's texts by field."""
        return {name: read_texts(table, column) for name, column in self.text_columns.items()}

    def known_marks(self) -> tuple[str, ...]:
        """Return the marks of a missing label; a declared label is none of them."""
        marks = NO_LABEL_MARKS if self.no_label is None else self.no_label
        return tuple(mark for mark in marks if mark not in self.labels)

    def draw_rows(self, split: str, rows: list[Row], seed: int) -> list[Row]:
        """Draw rows where `max_rows` says so."""
        limit = min(self.max_rows.get(split, len(rows)), len(rows))
        self._not_drawn[split] = len(rows) - limit
        # Of the split as well: two files of one length must not lose the same lines.
        return rows if limit == len(rows) else random.Random(f"{seed}/{split}").sample(rows, limit)

    def make_rows(self, split: str, table: Table, texts: dict[str, list[str]], labels: LabelColumn) -> list[Row]:
        """Turn a file's columns into rows."""
        tags = {tag: read_names(table, column) for tag, column in self.tag_columns.items()}
        groups = self.read_groups(table) if self.group_column else next(iter(texts.values()))
        rows = []
        for number, (label, group) in enumerate(zip(labels.numbers, groups, strict=True)):
            identifier = f"{split}-{number + 1}"
            if number in labels.marks:
                self._marks[identifier] = name_mark(labels.marks[number])
            shown = {name: values[number] for name, values in texts.items()}
            rows.append(
                Row(identifier, shown, label, group, {tag: names[number] or "none" for tag, names in tags.items()})
            )
        return rows

    def read_groups(self, table: Table) -> list[str]:
        """Return the groups; one that is missing is refused, lest all such rows be one group."""
        groups = read_names(table, self.group_column)
        for row, group in enumerate(groups):
            if group is None:
                raise SettingsError(
                    f"{table.where(row)}: column '{self.group_column}' is empty; every example needs a group"
                )
        return groups


def name_mark(mark: str) -> str:
    """Return what stands in place of a label, in words."""
    return f"label “{mark}”" if mark else "empty label"
