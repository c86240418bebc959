"""Lines of fields, read in two ways: with quotation marks around fields, or as characters like any other."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

# What `csv` says of a field, and what is meant.
FAULTS_OF_QUOTING = {
    "unexpected end of data": "an opening quotation mark without a closing one",
    "expected after": "text after the closing quotation mark of a field",
    "new-line character": "a carriage return in an unquoted field",
}


@dataclass(slots=True)
class Reading:
    """Rows of fields, the header first.

    Attributes:
        rows: of fields.
        starts: the line on which each row begins, from 1.
        ends: the line on which it ends.
        fault: what does not add up first, as the rest of a sentence; empty where all does.
        fault_line: where.
        breaks_quoting: the fault is a quotation mark's.
        quoting: how quotation marks were read, in words.
    """

    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    fault: str = ""
    fault_line: int = 0
    breaks_quoting: bool = False
    quoting: str = "not quoted"

    @property
    def adds_up(self) -> bool:
        """Return whether every row has as many fields as the header, and quotation marks are in order."""
        return not self.fault

    def count_fields(self, separator: str) -> None:
        """Find the first row that has more or fewer fields than the header."""
        if self.fault or not self.rows:
            return
        width = len(self.rows[0])
        wrong = [number for number, row in enumerate(self.rows) if len(row) != width]
        if not wrong:
            return
        first = self.rows[wrong[0]]
        self.fault_line = self.starts[wrong[0]]
        others = f" ({len(wrong)} of {len(self.rows) - 1} rows differ from the header)"
        advice = f"put texts that hold {name_separator(separator)} or a line break in quotation marks"
        if len(wrong) == len(self.rows) - 1 and all(len(row) == width + 1 for row in self.rows[1:]):
            advice = "name every column in the header, or remove the separator at the end of each row"
        self.fault = f"{count(len(first), 'field')}, but the header has {width}{others}; {advice}"


def count(number: int, what: str) -> str:
    """Return a number of things."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def name_separator(separator: str) -> str:
    """Return what a separator is called in a message."""
    names = {"\t": "a tab", ",": "a comma", ";": "a semicolon", "|": "a vertical bar"}
    return names.get(separator, f"'{separator}'")


def split_lines(text: str) -> list[str]:
    """Return a text's lines, split at line feeds alone: texts may hold what else Python takes for the end of a line."""
    if "\n" not in text:
        text = text.replace("\r", "\n")  # as old Macs wrote
    return text.split("\n")


def read_unquoted(lines: Sequence[str], separator: str) -> Reading:
    """Read lines in which a quotation mark is a character like any other: each line is a row."""
    reading = Reading()
    for number, line in enumerate(lines, start=1):
        line = line.removesuffix("\r")
        if line and (separator in line or not line.isspace()):
            reading.rows.append(line.split(separator))
            reading.starts.append(number)
    reading.ends = reading.starts
    reading.count_fields(separator)
    return reading


def read_quoted(lines: Sequence[str], separator: str) -> Reading:
    """Read lines as CSV: fields may stand in quotation marks, and then hold separators and line breaks."""
    csv.field_size_limit(sys.maxsize)  # a text may be longer than 128 kB
    reading, last = Reading(quoting="quoted"), 0
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, strict=True)
    try:
        for row in reader:
            if len(row) > 1 or (row and not row[0].isspace() and row[0]):
                reading.rows.append(row)
                reading.starts.append(last + 1)
                reading.ends.append(reader.line_num)
            last = reader.line_num
    except csv.Error as error:
        known = [meant for said, meant in FAULTS_OF_QUOTING.items() if said in str(error)]
        reading.fault, reading.fault_line, reading.breaks_quoting = known[0] if known else str(error), last + 1, True
    reading.count_fields(separator)
    return reading
