"""How numbers are written in the report. `None` is always "not measured"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fineprint.core.records import Accuracy

NOT_MEASURED = "not measured"
NOT_APPLICABLE = "–"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # what neither a page nor a picture can show
REPLACED = "\ufffd"
MANY_ROWS = 2000  # from here on a third decimal of an accuracy says something
SIZE_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
COUNT_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))
ENERGY_UNITS = ((1e6, "MJ"), (1e3, "kJ"))


def decimals(rows: float) -> int:
    """Return how many decimals an accuracy over `rows` rows deserves."""
    return 3 if rows >= MANY_ROWS else 2


def accuracy(value: float | None, rows: float = 0) -> str:
    """Write a share such as an accuracy or an F1: 0.92."""
    return NOT_MEASURED if value is None else f"{value:.{decimals(rows)}f}"


def interval(low: float, high: float, rows: float = 0) -> str:
    """Write an interval: 0.90–0.94."""
    return f"{accuracy(low, rows)}–{accuracy(high, rows)}"


def with_interval(score: Accuracy) -> str:
    """Write an accuracy and its interval: 0.92 (0.90–0.94)."""
    rows = score.rows
    limits = interval(score.accuracy_low, score.accuracy_high, rows)
    return f"{accuracy(score.accuracy, rows)} ({limits})"


def points(value: float | None, signed: bool = True) -> str:
    """Write a difference of accuracies in percentage points with a real minus sign: +1.2."""
    if value is None:
        return NOT_MEASURED
    rounded = round(value * 100, 1) + 0.0
    sign = "−" if rounded < 0 else "+" if rounded > 0 and signed else ""
    return f"{sign}{abs(rounded):.1f}"


def percent(value: float | None) -> str:
    """Write a share in per cent with about two digits that count: 3.4 %, 0.012 %. What is just below the whole is never
    rounded up to it: 99.96 %."""
    if value is None:
        return NOT_MEASURED
    hundredths = value * 100
    if hundredths in (0, 100):
        return f"{hundredths:.0f}\u00a0%"
    digits = min(4, max(1, 1 - math.floor(math.log10(abs(round_to_digits(hundredths, 2))))))
    while digits < 4 and hundredths < 100 <= round(hundredths, digits):
        digits += 1
    return f"{hundredths:.{digits}f}\u00a0%"


def count(value: float | None) -> str:
    """Write a whole number with thin spaces between thousands: 392 702."""
    return NOT_MEASURED if value is None else f"{round(value):,}".replace(",", "\u202f")


def short_count(value: float | None) -> str:
    """Write a large number briefly: 355 M."""
    if value is None:
        return NOT_MEASURED
    return with_unit(value, COUNT_UNITS) or f"{value:.0f}"


def size(value: float | None) -> str:
    """Write bytes in decimal units: 4.5 MB."""
    if value is None:
        return NOT_MEASURED
    if value == 0:
        return "0 B"
    return with_unit(value, SIZE_UNITS) or f"{value:.0f}\u00a0B"


def with_unit(value: float, units: Sequence[tuple[float, str]]) -> str | None:
    """Write a number with three digits, or return None below the smallest unit.

    The unit is the largest that the number reaches once it is rounded: 999 999 bytes are 1.00 MB, not 1000 kB.

    Args:
        value: the number.
        units: from the largest on.
    """
    rounded = round_to_digits(value)
    for unit, name in units:
        if abs(rounded) >= unit:
            return f"{three_digits(rounded / unit)}\u00a0{name}"
    return None


def round_to_digits(value: float, digits: int = 3) -> float:
    """Return a number rounded to so many digits that count."""
    return float(f"{value:.{digits}g}")


def three_digits(value: float) -> str:
    """Write a number below 1000 with about three digits: 4.53, 45.3, 453."""
    rounded = abs(round_to_digits(value))
    if rounded >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if rounded >= 10 else f"{value:.2f}"


def seconds(value: float | None) -> str:
    """Write a time: 45 ms, 0.32 s, 12.3 s, 4 min 05 s, 2 h 03 min."""
    if value is None:
        return NOT_MEASURED
    if round(value, 3) < 0.1:
        return f"{value * 1000:.0f}\u00a0ms"
    if round(value, 2) < 1:
        return f"{value:.2f}\u00a0s"
    if round(value, 1) < 100:
        return f"{value:.1f}\u00a0s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60}\u00a0min {whole % 60:02d}\u00a0s"
    minutes = round(value / 60)
    return f"{minutes // 60}\u00a0h {minutes % 60:02d}\u00a0min"


def duration(value: float | None) -> str:
    """Write a short time with three digits that count: 0.42 µs, 3.17 ms, 2.4 s."""
    if value is None:
        return NOT_MEASURED
    rounded = round_to_digits(value)
    if rounded >= 1:
        return seconds(value)
    scaled, unit = (value * 1e3, "ms") if rounded >= 1e-3 else (value * 1e6, "µs")
    return f"{three_digits(scaled)}\u00a0{unit}"


def energy(value: float | None) -> str:
    """Write an energy given in joules: 850 J, 9.02 kJ, 1.25 MJ."""
    if value is None:
        return NOT_MEASURED
    return with_unit(value, ENERGY_UNITS) or f"{value:.0f}\u00a0J"


def rate(value: float | None) -> str:
    """Write rows per second."""
    return NOT_MEASURED if value is None else three_digits(value) if round(value) < 1000 else count(value)


def p_value(value: float | None) -> str:
    """Write a p-value: 0.031, < 0.001. A value just below a limit is never rounded up to it."""
    if value is None:
        return NOT_MEASURED
    if value < 0.001:
        return "< 0.001"
    text = f"{value:.3f}"
    return "< 0.05" if value < 0.05 <= float(text) else text


def p_phrase(value: float) -> str:
    """Write a p-value as a sentence has it: p = 0.031, p < 0.001."""
    written = p_value(value)
    return f"p {written}" if written.startswith("<") else f"p = {written}"


def times(value: float) -> str:
    """Write a factor: 2.4 ×."""
    return f"{three_digits(value)}\u00a0×"


def plural(number: int, noun: str) -> str:
    """Write a number and a noun: 1 row, 2 rows."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def join(names: list[str]) -> str:
    """Write a list as a sentence does: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def setting(value: object) -> str:
    """Write a setting's value as a reader of the config knows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(setting(part) for part in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {setting(part)}" for key, part in value.items())
    return "none" if value is None else str(value)


def tie_units(text: str) -> str:
    """Return a text in which a number and the unit or sign beside it stay on one line, thousands set apart as in
    `count`."""
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "\u202f", text)
    return re.sub(r"(?<=\d) (?=(?:%|×|[kMGT]?B|[kMB])(?!\w))|(?<=[<±]) (?=\d)", "\u00a0", text)


def shorten_hash(value: str | None, length: int = 12) -> str:
    """Write the beginning of a hash."""
    return NOT_MEASURED if value is None else value[:length]


def as_csv_text(value: Any) -> Any:
    """Return a value for a CSV: a text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_SIGNS) else value


def as_sentence(words: str) -> str:
    """Return words with a full stop, unless they end in a mark of their own."""
    return words if not words or words[-1] in ".?!" else f"{words}."
