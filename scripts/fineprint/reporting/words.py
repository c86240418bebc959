"""The report's sentences and captions: YAML in `report/words/`, chosen by an outcome that the code decides.

    peak_memory:                  # report/words/cost.yaml
      allocated: Peak memory is the most that PyTorch's allocator held on the GPU.
      resident: Peak memory is the growth of the process's resident set during the phase (CPU run).
    caption: Cost on “{{ task }}”. {{ memory }}

    words = Words("cost")
    words("peak_memory", "allocated")
    words("caption", task=task, memory=…)

A text is a Jinja template. Everything in it is given by name, and a name that was not given is an error. Numbers are
written by the filters below, which are those of `core.formats`; a template computes nothing.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from fineprint.core import formats

FOLDER = Path(__file__).resolve().parents[3] / "report" / "words"
FILTERS = ("accuracy", "count", "duration", "energy", "join", "p_phrase", "p_value", "percent", "plural", "points")
FILTERS += ("rate", "seconds", "setting", "short_count", "size", "times")


class Words:
    """The texts of one file in `report/words/`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, key: str, outcome: str | None = None, /, **values: Any) -> str:
        """Return a text with its values filled in.

        Args:
            key: which text.
            outcome: which of its forms, where it has several.
            values: by the names that the text uses.

        Raises:
            LookupError: there is no such text or form.
            jinja2.UndefinedError: a name that the text uses was not given.
        """
        found = read_texts(self.name).get(key)
        if outcome is not None:
            found = found.get(outcome) if isinstance(found, dict) else None
        if not isinstance(found, str):
            raise LookupError(f"report/words/{self.name}.yaml has no text '{'.'.join(filter(None, (key, outcome)))}'.")
        return fill(found, values)


def fill(template: str, values: dict[str, Any]) -> str:
    """Fill a template. One that marks words as code gives markup with everything else escaped, any other plain text."""
    marked = "| code" in template
    filled = compile_text(template, marked).render(values).strip()
    return Markup(filled) if marked else filled


@functools.cache
def read_texts(name: str) -> dict[str, Any]:
    """Return a file's texts by key."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


@functools.cache
def compile_text(template: str, marked: bool) -> Any:
    """Return a template ready to be filled; with `marked` its values are escaped."""
    environment = Environment(undefined=StrictUndefined, autoescape=marked, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update({name: getattr(formats, name) for name in FILTERS})
    environment.filters["code"] = lambda value: Markup("<code>{}</code>").format(escape(value))
    return environment.from_string(template)
