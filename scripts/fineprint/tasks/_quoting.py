"""Whether quotation marks around fields are the file's or the texts': decided by counting, or asked.

CSV is quoted, as a rule. TSV as GLUE, SNLI and MultiNLI have it is not, while pandas, Excel and R quote TSV, too. A
file without quotation marks reads alike in both ways. Otherwise it is read in both, and counted:

1. Only one reading gives every row the header's number of fields: it is that one. If it is the one without quoting, the
   quotation marks must be such as texts have: no column mostly inside them, and most fields that have any not wholly
   inside a pair.
2. Both do, but with quoting whole lines, label included, are swallowed by a text: a lone mark stands before and behind
   them. Then TSV is not quoted, and CSV is refused, as is any file in which only some lines are swallowed.
3. Both do, with equally many rows: CSV is quoted. TSV is, if the header is; or if no field breaks the rules of quoting
   and every quoted one had to be (it holds a mark, written double, or a character that no other field holds). It is
   not, if most fields with marks are not wholly inside a pair, or none of a minority inside a pair needed it.
   Everything between is refused: `quoting` declares it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fineprint.core.settings import SettingsError
from fineprint.tasks._lines import Reading, count
from fineprint.tasks._table import Wanted

QUOTE = '"'
# Besides the mark itself, tabs and line breaks: what makes some programs quote a field of a TSV (Excel: commas).
CAUSES = ",;' "
FEW = 10  # so many fields at least, if quoting is concluded from such a character alone
DECLARE = (
    "set quoting: quoted if the program that wrote the file added them, or quoting: unquoted if they belong to the "
    "texts"
)


def choose_reading(path: Path, unquoted: Reading, quoted: Reading, wanted: Wanted, separator: str) -> Reading:
    """Return the reading that is right.

    Raises:
        SettingsError: neither adds up, or it cannot be told.
    """
    is_tsv = separator == "\t"
    if not (unquoted.adds_up or quoted.adds_up):
        refuse(path, unquoted if is_tsv and quoted.breaks_quoting else quoted)
    if not quoted.adds_up:
        return require_lone_marks(path, unquoted, quoted)
    whole, labeled = find_whole_lines(unquoted, quoted, wanted)
    if is_tsv and unquoted.adds_up and whole and labeled == list(spanning(quoted)):
        return require_lone_marks(path, unquoted, quoted)
    if swallowed := whole if is_tsv and unquoted.adds_up else labeled:
        first, last = swallowed[0]
        raise SettingsError(
            f"{path}, line {first}: a quotation mark opens a field that ends in line {last}, although each of "
            f"these lines is a complete row with its own label; double the quotation marks inside texts, or {DECLARE}"
        )
    if is_tsv and unquoted.adds_up and len(unquoted.rows) == len(quoted.rows):
        return quoted if is_quoted_tsv(path, unquoted) else unquoted
    return quoted


def refuse(path: Path, reading: Reading) -> None:
    """Refuse a file by what does not add up first."""
    raise SettingsError(f"{path}, line {reading.fault_line}: {reading.fault}")


def spanning(quoted: Reading) -> Iterator[tuple[int, int]]:
    """Yield the first and last line of each row that takes several."""
    return ((start, end) for start, end in zip(quoted.starts, quoted.ends, strict=True) if end > start)


def find_whole_lines(
    unquoted: Reading, quoted: Reading, wanted: Wanted
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the rows of several lines each of which would be a row without quoting; and those with a label in between.

    A text may well have a line that ends in a comma, which looks like a row without a label: "Dear reader,".
    """
    header = quoted.rows[0]
    place, width = header.index(wanted.label_column), len(header)
    by_line = dict(zip(unquoted.starts, unquoted.rows, strict=True))
    whole, labeled = [], []
    for first, last in spanning(quoted):
        rows = [by_line[line] for line in range(first, last + 1) if line in by_line]
        if not all(len(row) == width and (wanted.is_label(row[place]) or wanted.is_mark(row[place])) for row in rows):
            continue
        whole.append((first, last))
        if any(wanted.is_label(row[place]) for row in rows[:-1]):
            labeled.append((first, last))
    return whole, labeled


def is_wrapped(text: str) -> bool:
    """Return whether a field is what a program writes that quotes it."""
    return len(text) > 1 and text[0] == text[-1] == QUOTE and QUOTE not in text[1:-1].replace(QUOTE * 2, "")


@dataclass(frozen=True, slots=True)
class Marks:
    """Quotation marks in a file, read without quoting."""

    header: bool  # a column's name stands in marks
    wrapped: list[str]  # fields inside a pair of marks
    lone: list[str]  # fields with marks otherwise
    mostly: str  # the first column with most of its fields inside marks; empty where there is none


def count_marks(unquoted: Reading) -> Marks:
    """Count quotation marks by what they could be."""
    header, *rows = unquoted.rows
    wrapped, lone, mostly = [], [], ""
    for name, column in zip(header, zip(*rows, strict=True), strict=True):
        marked = [text for text in column if QUOTE in text]
        inside = [text for text in marked if is_wrapped(text)]
        wrapped += inside
        lone += [text for text in marked if not is_wrapped(text)]
        # Also where marks inside were not written double, as a careless program does.
        enclosed = sum(len(text) > 1 and text[0] == text[-1] == QUOTE for text in marked)
        mostly = mostly or (name if 2 * enclosed > len(rows) else "")
    return Marks(any(map(is_wrapped, header)), wrapped, lone, mostly)


def require_lone_marks(path: Path, unquoted: Reading, quoted: Reading) -> Reading:
    """Return the reading without quoting, if the quotation marks are such as texts have."""
    marks = count_marks(unquoted)
    escaped = next((text for text in marks.lone if text[0] == QUOTE and f"\\{QUOTE}" in text), None)
    if escaped:
        raise SettingsError(
            f'{path}: a quotation mark inside a quoted field is written \\" ({escaped[:60]}); write it as "", '
            f"or {DECLARE}"
        )
    if marks.header or marks.mostly or len(marks.wrapped) > len(marks.lone):
        where = f", line {quoted.fault_line}: {quoted.fault}" if quoted.fault else ""
        raise SettingsError(f"{path}{where}; {tell(marks)}; {DECLARE}")
    return unquoted


def is_quoted_tsv(path: Path, unquoted: Reading) -> bool:
    """Return whether a TSV that both readings fit is quoted."""
    marks = count_marks(unquoted)
    if marks.header or not (marks.wrapped or marks.lone):
        return marks.header
    if marks.lone:
        require_lone_marks(path, unquoted, Reading())
        return False
    causes = find_causes(unquoted.rows)
    doubled = {text for text in marks.wrapped if QUOTE in text[1:-1] or text == QUOTE * 2}
    caused = {text for text in marks.wrapped if any(sign in text for sign in causes)}
    needless = [text for text in marks.wrapped if text not in doubled and text not in caused]
    if not needless and (doubled or len(marks.wrapped) >= FEW):
        return True
    if len(needless) == len(marks.wrapped) and not marks.mostly:
        return False
    raise SettingsError(f"{path}: {tell(marks)}; {DECLARE}")


def find_causes(rows: Sequence[Sequence[str]]) -> str:
    """Return the characters that no field outside quotation marks holds."""
    plain = [text for row in rows for text in row if not text.startswith(QUOTE)]
    return "".join(sign for sign in CAUSES if not any(sign in text for text in plain))


def tell(marks: Marks) -> str:
    """Return what was counted, as part of a message."""
    column = f" (most of column '{marks.mostly}')" if marks.mostly else ""
    return (
        f"it is unclear whether quotation marks belong to the texts: {count(len(marks.wrapped), 'field')} "
        f"enclosed in them{column}, {count(len(marks.lone), 'other field')} with quotation marks"
    )
