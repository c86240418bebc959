"""The PDF: the report's HTML → pandoc → Typst markup → Typst's compiler. Both programs come in wheels.

It is a tagged PDF/UA-1, which the compiler checks: pictures and formulas have words, headings skip no level, every
letter has a glyph; one that no font has is named by its code point.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypandoc
import typst

from fineprint.core.formats import CONTROL, REPLACED
from fineprint.core.records import Results
from fineprint.reporting.figures.fonts import copy_fonts, name_letters, name_missing_letters, needs_system_fonts
from fineprint.reporting.html import render
from fineprint.results.study import Study

BODY, STYLE, FILTER, FONTS = "body.typ", "style.typ", "print.lua", "fonts"
STANDARD = "ua-1"
REFUSED = re.compile(r'the text `"(.*?)"` could not be displayed', re.DOTALL)
CODE_POINT = re.compile(r"\\u\{([0-9a-f]+)\}")


def write_pdf(
    results: Results | Mapping[str, Any], figures: Path, report: Path, output: Path, only: str | None = None
) -> None:
    """Render `results` as a PDF: the whole report, or `only` one section of it."""
    study = Study(results)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for figure in figures.glob("*.svg"):
            shutil.copy(figure, folder)
        shutil.copy(report / STYLE, folder)
        copy_fonts(folder / FONTS)
        body = to_typst(render(study.results, figures, report, "print", only), report)
        (folder / BODY).write_text(f'#import "{STYLE}": *\n#show: report\n{body}', encoding="utf-8")
        output.write_bytes(compile_typst(folder, study, body))


def to_typst(html: str, report: Path) -> str:
    """Turn HTML into Typst markup; pandoc escapes what would be markup in Typst."""
    arguments = ["--wrap=none", "--shift-heading-level-by=-1", f"--lua-filter={report / FILTER}"]
    shown = name_missing_letters(html)
    markup = pypandoc.convert_text(shown, "typst", format="html", extra_args=arguments)
    return markup.replace("align(center)[#table(", "align(left)[#table(")


def compile_typst(folder: Path, study: Study, body: str) -> bytes:
    """Compile the markup; a character that cannot be shown is named instead. Title and date go in as data, not as
    markup."""
    created = study.results.provenance.created
    inputs = {
        "title": str(study.config["title"]),
        "description": str(study.config.get("description") or ""),
        "created": created[:10],
        "study": str(study.config["study"]),
    }
    inputs = {key: name_missing_letters(CONTROL.sub(REPLACED, value)) for key, value in inputs.items()}
    while True:
        try:
            return typst.compile(
                folder / BODY,
                root=folder,
                font_paths=[folder / FONTS],
                ignore_system_fonts=not needs_system_fonts(body + "".join(inputs.values())),
                sys_inputs=inputs,
                timestamp=read_time(created),
                pdf_standards=[STANDARD],
            )
        except typst.TypstError as error:
            # A font may have a mark and yet not the letter before it. A character must not cost a study its report.
            refused = find_refused(str(error))
            body = (folder / BODY).read_text(encoding="utf-8")
            if not refused & set(body + "".join(inputs.values())):
                raise
            (folder / BODY).write_text(name_letters(body, refused), encoding="utf-8")
            inputs = {key: name_letters(value, refused) for key, value in inputs.items()}


def find_refused(message: str) -> set[str]:
    """Return the characters that Typst says it cannot show, but those of ASCII, which every font has."""
    found = REFUSED.search(message)
    shown = CODE_POINT.sub(lambda point: chr(int(point[1], 16)), found[1]) if found else ""
    return {letter for letter in shown if not letter.isascii()}


def read_time(created: str) -> datetime:
    """Return when the results were collected, the PDF's date, so that equal results give equal files."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
