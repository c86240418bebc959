"""The PDF: the report's HTML → pandoc → Typst markup → Typst's compiler. Both programs come in wheels."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import matplotlib
import pypandoc
import typst

from fineprint.records import Results
from fineprint.reporting.html import render

BODY = "body.typ"


def write_pdf(results: Results, figures: Path, report: Path, output: Path) -> None:
    """Render `results` as a PDF."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for figure in figures.glob("*.svg"):
            shutil.copy(figure, folder)
        shutil.copy(report / "style.typ", folder)
        body = to_typst(render(results, figures, report, "print"))
        (folder / BODY).write_text('#import "style.typ": *\n#show: report\n' + body, encoding="utf-8")
        output.write_bytes(compile_typst(folder, results, body))


def to_typst(html: str) -> str:
    """Turn HTML into Typst markup; pandoc escapes what would be markup in Typst."""
    arguments = ["--wrap=none", "--shift-heading-level-by=-1"]
    markup = pypandoc.convert_text(html, "typst", format="html", extra_args=arguments)
    return markup.replace("align(center)[#table(", "align(left)[#table(")


def compile_typst(folder: Path, results: Results, body: str) -> bytes:
    """Compile the markup. Title and date go in as data, not as markup."""
    created = results["provenance"].get("created") or ""
    inputs = {
        "title": str(results["study"]["title"]),
        "description": str(results["study"].get("description") or ""),
        "created": created[:10],
        "study": str(results["study"]["study"]),
    }
    return typst.compile(
        folder / BODY,
        root=folder,
        font_paths=[font_folder()],
        ignore_system_fonts=not needs_system_fonts(body),
        sys_inputs=inputs,
        timestamp=read_time(created),
    )


def font_folder() -> Path:
    """Return matplotlib's fonts: DejaVu Sans has the letters that Typst's own text font lacks."""
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def needs_system_fonts(text: str) -> bool:
    """Return whether a text has letters, such as Chinese, that none of the fonts in the wheels has."""
    from matplotlib.ft2font import FT2Font

    known = FT2Font(str(font_folder() / "DejaVuSans.ttf")).get_charmap()
    return any(ord(letter) not in known for letter in set(text) if letter.isprintable())


def read_time(created: str) -> datetime:
    """Return when the results were collected, the PDF's date, so that equal results give equal files."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
