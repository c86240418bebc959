"""Labels as a file's column has them: names or numbers, never both, and what marks a missing one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fineprint.core.settings import SettingsError
from fineprint.tasks import NO_LABEL
from fineprint.tasks._table import Table

# What annotated corpora write where annotators reached no consensus.
NO_LABEL_MARKS = ("-", "-1", "", "None", "nan")
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.0+)?")
NULL = "null"
KINDS = {dict: "a mapping", list: "a list", bytes: "bytes"}


@dataclass(frozen=True, slots=True)
class Labels:
    """The declared labels, and the marks of a missing one; a declared label is no mark.

    Attributes:
        names: in the order of the label numbers.
        marks: of a missing label.
        declared: whether the user named the marks.
    """

    names: tuple[str, ...]
    marks: tuple[str, ...] = NO_LABEL_MARKS
    declared: bool = False

    def find_name(self, value: Any) -> int | None:
        """Return the number of the label that a value names, if it names one."""
        if isinstance(value, bool):
            named = [number for number, name in enumerate(self.names) if name.lower() == str(value).lower()]
            return named[0] if len(named) == 1 else None
        text = str(value)
        # What a table gives as 1, 1.0 or "1" is one label.
        for form in (text, text.strip(), whole_number(text.strip())):
            if form in self.names:
                return self.names.index(form)
        return None

    def find_mark(self, value: Any) -> str | None:
        """Return the mark of a missing label that a value is, if it is one."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return NULL
        text = str(value).strip()
        return next((form for form in (text, whole_number(text)) if form in self.marks), None)

    def is_label(self, text: str) -> bool:
        """Return whether a text is a label's name, or a number that may be meant as one."""
        number = whole_number(text.strip())
        return self.find_name(text) is not None or (number is not None and 0 <= int(number) <= len(self.names))

    def is_mark(self, text: str) -> bool:
        """Return whether a text marks a missing label."""
        return self.find_mark(text) is not None


def whole_number(text: str) -> str | None:
    """Return a whole number as it is written without a decimal point; None for anything else."""
    return text.split(".")[0] if NUMBER.fullmatch(text) else None


@dataclass(slots=True)
class Seen:
    """What a task's label columns hold, with the first place of each."""

    names: dict[int, str] = field(default_factory=dict)
    numbers: dict[int, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """Label numbers by row, and for each row without a label the mark of that."""

    numbers: list[int]
    marks: dict[int, str]


def read_labels(tables: Mapping[str, Table], column: str, labels: Labels) -> dict[str, LabelColumn]:
    """Return every split's labels.

    Raises:
        SettingsError: a label is unknown; names and numbers are mixed; numbers do not count from 0; -1 may be a class;
            or a declared label never occurs in train.
    """
    seen = Seen()
    read = {split: _read_column(table, column, labels, seen) for split, table in tables.items()}
    if seen.names and seen.numbers:
        (number, there), (name, here) = next(iter(seen.numbers.items())), next(iter(seen.names.items()))
        raise SettingsError(
            f"column '{column}' mixes names and numbers of labels: '{labels.names[name]}' ({here}) and {number} "
            f"({there}); write one or the other"
        )
    if seen.numbers:
        _check_numbers(seen, column, labels)
    train = tables["train"]
    _require_every_label(Counter(read["train"].numbers), train, column, labels, bool(seen.numbers))
    return read


def _read_column(table: Table, column: str, labels: Labels, seen: Seen) -> LabelColumn:
    numbers, marks = [], {}
    known: dict[tuple[type, Any], tuple[int, str | None]] = {}
    for row, value in enumerate(table.columns[column]):
        if type(value) in KINDS:
            raise SettingsError(f"{table.where(row)}: column '{column}' holds {KINDS[type(value)]}; expected a label")
        key = (type(value), value)  # 1 and True are equal
        if key not in known:
            known[key] = _read_value(value, table.where(row), labels, seen)
        number, mark = known[key]
        numbers.append(number)
        if mark is not None:
            marks[row] = mark
    return LabelColumn(numbers, marks)


def _read_value(value: Any, where: str, labels: Labels, seen: Seen) -> tuple[int, str | None]:
    """Return a value's label number and, if it marks a missing label, the mark."""
    # Names first: a study may call a label "None" or "-1".
    name = labels.find_name(value)
    if name is not None:
        seen.names.setdefault(name, where)
        return name, None
    mark = labels.find_mark(value)
    if mark is not None:
        seen.marks.setdefault(mark, where)
        return NO_LABEL, mark
    number = None if isinstance(value, bool) else whole_number(str(value).strip())
    if number is None or int(number) < 0:
        raise SettingsError(
            f"{where}: label {tell(value)} is unknown; accepted: {tell_accepted(labels)}; if it marks a missing label, "
            "set no_label"
        )
    seen.numbers.setdefault(int(number), where)
    return int(number), None


def _check_numbers(seen: Seen, column: str, labels: Labels) -> None:
    """Refuse numbers that count from 1, that are too large, or beside which -1 may be a class."""
    count = len(labels.names)
    least, most = min(seen.numbers), max(seen.numbers)
    order = ", ".join(f"{number} is '{name}'" for number, name in enumerate(labels.names))
    if least >= 1 and most == count:
        raise SettingsError(
            f"column '{column}' counts labels from {least} to {most} ({seen.numbers[most]}), but numbers count from 0: "
            f"{order}; change the numbers, or name the labels as the file does: {quote(range(1, count + 1))}"
        )
    if most >= count:
        first = min((number for number in seen.numbers if number >= count), key=lambda number: seen.numbers[number])
        raise SettingsError(f"{seen.numbers[first]}: label '{first}' is unknown; accepted: {tell_accepted(labels)}")
    # Of three labels or more, all of which occur, none can be missing: then -1 is not one of them.
    is_clear = labels.declared or (count > 2 and set(seen.numbers) == set(range(count)))
    if "-1" in seen.marks and not is_clear:
        found = sorted({-1, *seen.numbers})
        raise SettingsError(
            f"column '{column}' has -1 ({seen.marks['-1']}) as well as {', '.join(map(str, found[1:]))}: it may be a "
            f"class or mark a missing label; for a class, name the labels as the file does: {quote(found)}; "
            'otherwise set no_label: ["-1"]'
        )


def _require_every_label(counts: Counter[int], train: Table, column: str, labels: Labels, numbered: bool) -> None:
    """Refuse training rows that lack a declared label, if there are rows with a label at all."""
    missing = [name for number, name in enumerate(labels.names) if not counts[number]]
    if missing and len(missing) < len(labels.names):
        present = ", ".join(f"'{name}' ({counts[n]})" for n, name in enumerate(labels.names) if counts[n])
        hint = f"; numbers in column '{column}' count from 0" if numbered else ""
        raise SettingsError(
            f"{train.path}: no training example has the label '{missing[0]}'; there are {present}{hint}; leave the "
            "label out of `labels`, or add examples"
        )


def tell(value: Any) -> str:
    """Return a value as a message names it."""
    return str(value).lower() if isinstance(value, bool) else f"'{str(value)[:60]}'"


def tell_accepted(labels: Labels) -> str:
    """Return the names and numbers of the labels."""
    return f"{', '.join(labels.names)}, or their numbers 0 to {len(labels.names) - 1}"


def quote(numbers: Sequence[int]) -> str:
    """Return labels as a config has them."""
    return "labels: [" + ", ".join(f'"{number}"' for number in numbers) + "]"
