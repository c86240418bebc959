"""The page on which every test example can be looked at with all answers: data in the page, drawn by a small script."""

from __future__ import annotations

import json
from pathlib import Path

from markupsafe import Markup

from fineprint.core.formats import CONTROL, REPLACED
from fineprint.core.records import Examples, as_mapping
from fineprint.reporting.html import make_environment
from fineprint.reporting.words import Words

WORDS = Words("errors")
TEMPLATE, SCRIPT = "examples.html.j2", "examples.js"


def render_examples(examples: Examples, report: Path) -> str:
    """Return the page.

    Args:
        examples: what collect_results wrote.
        report: the folder of templates, styles and scripts.
    """
    page = {
        "title": WORDS("page", "title", title=examples.title),
        "description": WORDS("page", "description"),
        "created": examples.created,
        "data": write_data(examples),
    }
    html = make_environment(report, SCRIPT).get_template(TEMPLATE).render(**page, sections=[], medium="page")
    return CONTROL.sub(REPLACED, html)


def write_data(examples: Examples) -> Markup:
    """Return the data as JSON that can stand in a script element: nothing in it is taken for a tag or its end."""
    text = json.dumps(examples, ensure_ascii=False, separators=(",", ":"), default=as_mapping)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
