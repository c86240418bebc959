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
WITHOUT_SHAPE = ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn")  # control, formatting, spaces, marks that join a letter


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
    return unicodedata.category(letter) not in WITHOUT_SHAPE


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
    """Put a count in place of letters that no font here has: ⟨4 letters without a font⟩."""
    if not needs_system_fonts(text):
        return text
    missing = missing_letters(text, bundled_letters() | system_letters())
    if not missing:
        return text
    runs = re.compile(f"[{re.escape(''.join(sorted(missing)))}]+")
    return runs.sub(lambda found: f"⟨{formats.plural(len(found[0]), 'letter')} without a font⟩", text)
