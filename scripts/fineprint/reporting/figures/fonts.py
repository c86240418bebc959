"""Letters and fonts: where no font has a letter, a document says so instead of showing an empty box."""

from __future__ import annotations

import re
import shutil
import unicodedata
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.font_manager import findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font

from fineprint.core import formats

# Typst's compiler brings serif, mathematics and typewriter letters; DejaVu Sans, from matplotlib, the other alphabets.
# No other of matplotlib's fonts: its Last Resort has a box for every letter, so that none would seem to be missing.
BUNDLED = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf", "DejaVuSans-BoldOblique.ttf")
FAMILY = "DejaVu Sans"
WITHOUT_SHAPE = ("Cc", "Cf", "Zs", "Zl", "Zp")  # control, formatting, spaces
# Marks that only choose a form of the letter before them, such as the colored one of an emoji.
SELECTORS = frozenset([0x034F, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
MOST_NAMED = 8  # letters that follow each other; of longer texts the beginning is named


def bundled_folder() -> Path:
    """Return where matplotlib keeps its fonts."""
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def copy_fonts(folder: Path) -> None:
    """Copy the bundled fonts, and only these: matplotlib also has a font that draws a box for every letter there is."""
    folder.mkdir()
    for name in BUNDLED:
        shutil.copy(bundled_folder() / name, folder)


@cache
def bundled_letters() -> frozenset[int]:
    """Return the code points that need no font of the system."""
    return frozenset(FT2Font(str(bundled_folder() / BUNDLED[0])).get_charmap())


@cache
def system_letters() -> frozenset[int]:
    """Return the code points that the fonts installed on this machine have."""
    return frozenset().union(*map(read_letters, findSystemFonts()))


@cache
def read_letters(path: str) -> frozenset[int]:
    """Return the code points of a font file; none if it cannot be read."""
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()


def has_shape(letter: str) -> bool:
    """Return whether a letter needs a glyph to be seen."""
    return unicodedata.category(letter) not in WITHOUT_SHAPE and ord(letter) not in SELECTORS


def missing_letters(text: str, known: frozenset[int]) -> set[str]:
    """Return the letters of a text that are not among the known code points."""
    return {letter for letter in set(text) if ord(letter) not in known and has_shape(letter)}


def needs_system_fonts(text: str) -> bool:
    """Return whether a text has letters, such as Chinese, that none of the bundled fonts has."""
    return bool(missing_letters(text, bundled_letters()))


def families_for(text: str) -> list[str]:
    """Return the families of fonts in which figures write a text: the bundled one, and those of the system it needs."""
    families, missing = [FAMILY], missing_letters(text, bundled_letters())
    for path in sorted(findSystemFonts()) if missing else []:
        found = {letter for letter in missing if ord(letter) in read_letters(path)}
        if found:
            fontManager.addfont(path)
            families.append(FT2Font(path).family_name)
            missing -= found
    return families


def replace_missing_letters(text: str) -> str:
    """Put a question mark in place of each letter that no font here has: in a figure there is no room for more."""
    missing = missing_letters(text, bundled_letters()) if needs_system_fonts(text) else set()
    unknown = {letter for letter in missing if ord(letter) not in system_letters()}
    return "".join("?" if letter in unknown else letter for letter in text)


def name_missing_letters(text: str) -> str:
    """Put their code points in place of letters that no font here has: ⟨U+4E2D U+6587⟩."""
    if not needs_system_fonts(text):
        return text
    return name_letters(text, missing_letters(text, bundled_letters() | system_letters()))


def name_letters(text: str, letters: set[str]) -> str:
    """Put the code points of these letters in their place; of many in a row those of the first few."""
    if not letters:
        return text
    runs = re.compile(f"[{re.escape(''.join(sorted(letters)))}]+")
    return runs.sub(lambda found: f"⟨{list_code_points(found[0])}⟩", text)


def list_code_points(letters: str) -> str:
    """Write letters as U+4E2D U+6587."""
    points = " ".join(f"U+{ord(letter):04X}" for letter in letters[:MOST_NAMED])
    left = len(letters) - MOST_NAMED
    return f"{points} and {formats.plural(left, 'letter')} more" if left > 0 else points
