"""Rendering: one template for the page and, through pandoc, for the PDF."""

from __future__ import annotations

import base64
import csv
import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from fineprint.core.formats import CONTROL, REPLACED
from fineprint.core.records import Results, read_json
from fineprint.reporting.figures.plotting import FigureEntry
from fineprint.reporting.table import unmarked
from fineprint.reporting.view import Figure, build_view

ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")
DATA_ROWS_SHOWN = 200  # of a figure's data; curves have more points than a reader wants
DECIMALS = re.compile(r"^-?[01]?\.\d{5,}$")  # shares and small figures; a long number of bytes stays whole
SIZE = re.compile(r'<svg[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"')
PIXELS_A_POINT = 4 / 3
IDENTIFIER = re.compile(r'<[a-z][^<>]* id="([^"]+)"')
REFERENCE = re.compile(r'<li><span id="reference-([^"]+)">.*>([^<]+)</a>\.</li>\n')
EVIDENCE = re.compile(r'<span class="evidence">, <a href="#([^"]+)">[^<]*</a></span>')
INTERNAL = re.compile(r'<a href="#([^"]+)">(.*?)</a>')
SVG = "image/svg+xml"
PLAIN_IN_LINKS = " '()*+,-./:;=?@_~"  # signs that a link within double quotes may hold as they are


def read_figures(folder: Path, as_files: bool) -> list[Figure]:
    """Read figures.json and the data of each figure.

    Args:
        folder: what plot_figures wrote.
        as_files: refer to the SVG files (for the PDF) instead of embedding them.
    """
    entries = [FigureEntry(**entry) for entry in read_json(folder / "figures.json")]
    return [read_figure(folder, entry, as_files) for entry in entries]


def read_figure(folder: Path, entry: FigureEntry, as_files: bool) -> Figure:
    """Read one figure and its data."""
    picture, data = folder / f"{entry.name}.svg", folder / f"{entry.name}.csv"
    source = picture.name if as_files else embed(picture, SVG)
    link = data.name if as_files else embed(data, "text/csv")
    with data.open(encoding="utf-8", newline="") as file:
        columns, *rows = list(csv.reader(file)) or [[]]
    shown = [[shorten(value) for value in row] for row in rows] if len(rows) <= DATA_ROWS_SHOWN else []
    width, height = read_size(picture)
    return Figure(entry, source, link, data.name, width, height, columns, shown)


def embed(path: Path, kind: str) -> Markup:
    """Return a file of text as a link that holds the file itself; nothing in it is special to HTML any more."""
    text = path.read_text(encoding="utf-8")
    if kind == SVG:
        text = text.replace('"', "'")  # the same markup, and shorter as a link
    return Markup(f"data:{kind};charset=utf-8,{quote(text, safe=PLAIN_IN_LINKS)}")


def read_size(picture: Path) -> tuple[int, int]:
    """Return an SVG's size in pixels, so that a browser keeps its place free before it is drawn."""
    found = SIZE.search(picture.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{picture} names no width and height in points: draw it by save_figure.")
    return round(float(found[1]) * PIXELS_A_POINT), round(float(found[2]) * PIXELS_A_POINT)


def shorten(value: str) -> str:
    """Write a figure's datum with at most four decimals; the file to download has all of them."""
    return DECIMALS.sub(lambda found: f"{float(found[0]):.4g}", value)


def make_environment(report: Path, script_name: str = "sort.js") -> Environment:
    """Return Jinja with everything undefined refused and everything escaped; a page has one script, in this file."""
    environment = Environment(
        loader=FileSystemLoader(report),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cite"] = cite
    environment.filters["unmarked"] = unmarked
    numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))
    environment.globals["next_number"] = lambda kind: next(numbers[kind])  # in the order in which they are rendered
    environment.globals["styles"] = Markup((report / "style.css").read_text(encoding="utf-8"))
    script = (report / script_name).read_text(encoding="utf-8")
    environment.globals["script"] = Markup(script)
    # A second line of defense: whatever came through, only this script runs, and nothing is fetched.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals["script_source"] = Markup(f"'sha256-{digest}'")
    return environment


def cite(value: str) -> Markup:
    """Escape a text and turn its arXiv numbers into links."""
    return Markup(ARXIV.sub(r'<a href="https://arxiv.org/abs/\1">arXiv \1</a>', str(escape(value))))


def render(
    results: Results | Mapping[str, Any], figures: Path, report: Path, medium: str, only: str | None = None
) -> str:
    """Render the template for a medium, "page" or "print".

    Args:
        results: all records.
        figures: what plot_figures left.
        report: the folder of templates.
        medium: the medium.
        only: the one section to show; links to others are left out.
    """
    view: dict[str, Any] = build_view(results, read_figures(figures, as_files=medium == "print"), report)
    view["whole"] = only is None
    view["sections"] = [section for section in view["sections"] if only in (None, section.name)]
    template = "template.html.j2" if medium == "page" else "print.html.j2"
    html = make_environment(report).get_template(template).render(**view, medium=medium)
    html = CONTROL.sub(REPLACED, html)
    return drop_uncited(drop_dead_links(html)) if only is None else unlink(html)


def unlink(html: str) -> str:
    """Turn the links to places that are not there into plain text."""
    there = set(IDENTIFIER.findall(html))
    return INTERNAL.sub(lambda found: found[0] if found[1] in there else found[2], html)


def drop_dead_links(html: str) -> str:
    """Leave out the links to evidence, as checklist.yaml names it, that this study does not have."""
    there = set(IDENTIFIER.findall(html))
    return EVIDENCE.sub(lambda found: found[0] if found[1] in there else "", html)


def drop_uncited(html: str) -> str:
    """Leave out the works in the list of references that this report neither links to nor names by their number."""
    text = REFERENCE.sub("", html)
    return REFERENCE.sub(lambda found: found[0] if f'"#reference-{found[1]}"' in text or found[2] in text else "", html)
