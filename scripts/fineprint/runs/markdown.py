"""Writing Markdown from texts that may hold anything: outside `Raw`, every mark comes out as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

MARKS = re.compile(r"([\\`*_\[\]#|<>~&$]|^[-+=])")  # inside a line, and at its start
NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
BACKTICKS = re.compile(r"`+")


class Raw(str):
    """Text that is Markdown already."""


def escape(value: Any) -> Raw:
    """Return a value as text on one line that Markdown shows as it stands."""
    if isinstance(value, Raw):
        return value
    text = " ".join(str(value).split())
    return Raw(NUMBERED.sub(r"\1\\\2", MARKS.sub(r"\\\1", text)))


def code(value: Any) -> Raw:
    """Return a value as a code span; a bar is escaped, since a table would end its cell there."""
    text = " ".join(str(value).split()).replace("|", r"\|")
    fence = "`" * (longest_run(text) + 1)
    space = " " if "`" in text else ""
    return Raw(f"{fence}{space}{text}{space}{fence}")


def block(value: str, language: str = "") -> Raw:
    """Return a text as a fenced block that nothing in it can end."""
    fence = "`" * max(3, longest_run(value) + 1)
    return Raw(f"{fence}{language}\n{value}\n{fence}")


def longest_run(text: str) -> int:
    """Return the length of the longest run of backticks."""
    return max((len(run) for run in BACKTICKS.findall(text)), default=0)


def render_markdown(template: Path, **values: Any) -> str:
    """Fill a template; every value is escaped unless a filter made it Markdown."""
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        undefined=StrictUndefined,
        finalize=escape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update({"code": code, "block": block})
    return environment.get_template(template.name).render(**values)
