"""The one style of all figures: colors that color-blind readers can tell, shapes and hatches that differ in gray."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from fineprint.reporting.figures.fonts import families_for

# Okabe & Ito's colors without yellow, which is too light on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "p", "h")
HATCHES = ("", "////", "----", "xxx")
INK, GRAY, LIGHT = "#1f2933", "#7b8794", "#d9dee4"
PATHS = re.compile(r'\b(?:d|x|y)="[^"]*"')
LONG_DECIMALS = re.compile(r"-?\d+\.\d{3,}")
# One width for all figures, saved without tight cropping: so their letters have one size on the page.
WIDTH = 7.2  # inches: the width of the text on an A4 page
SETTINGS = {
    "font.size": 8.5,
    "axes.edgecolor": GRAY,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LIGHT,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "fineprint",
    "figure.labelsize": 8.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def figure_style(text: str = "") -> Iterator[None]:
    """Apply the style inside the block only, with fonts that have the letters of `text`."""
    with matplotlib.rc_context({**SETTINGS, "font.family": families_for(text)}):
        yield


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as SVG with text as paths and without a date, so that equal data give equal files."""
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    drawn = PATHS.sub(round_coordinates, path.read_text(encoding="utf-8"))
    path.write_text(" ".join(drawn.split()), encoding="utf-8")  # letters are shapes: no white space means anything


def round_coordinates(attribute: re.Match[str]) -> str:
    """Return a path's attribute with coordinates to a hundredth of a point, finer than any printer; half as long."""
    return LONG_DECIMALS.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), attribute[0])
