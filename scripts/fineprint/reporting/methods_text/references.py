"""References: found by their number (DOI, arXiv, ACL), cited in sentences, linked to the list at the report's end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

NUMBER = re.compile(r"arXiv \d{4}\.\d{4,5}|ACL [A-Z]\d\d-\d{4}|doi 10\.\d{4,9}/[^\s,;)]+")


@dataclass(frozen=True)
class Reference:
    """One entry of report/references.yaml."""

    cite: str
    authors: str
    year: int
    title: str
    venue: str
    number: str
    link: str

    @property
    def key(self) -> str:
        """What the entry is called in links."""
        return re.sub(r"[^a-z0-9]+", "-", self.number.lower()).strip("-")

    @property
    def line(self) -> str:
        """The entry as one line of plain text."""
        return f"{self.authors} ({self.year}). {self.title}. {self.venue}. {self.number}."


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence; `link` leads to a reference."""

    text: str
    link: str = ""


Paragraph = list[Piece]


class Library:
    """All references, looked up by number."""

    def __init__(self, path: Path) -> None:
        entries: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["references"]
        self.references = [Reference(**entry) for entry in entries]

    @cached_property
    def by_number(self) -> dict[str, Reference]:
        """References by number."""
        return {reference.number: reference for reference in self.references}

    def cite(self, *numbers: str) -> list[Piece]:
        """Return " (Hu et al. 2021; Dettmers et al. 2023)"; a number that is not in the list stands as it is."""
        if not numbers:
            return []
        pieces = [Piece(" (")]
        for position, number in enumerate(numbers):
            found = self.by_number.get(number)
            pieces += [Piece("; ")] if position else []
            pieces.append(Piece(found.cite, f"#reference-{found.key}") if found else Piece(number))
        return [*pieces, Piece(")")]


def find_numbers(text: str) -> list[str]:
    """Return the numbers of works that a text names."""
    return NUMBER.findall(text)


def sentence(*parts: str | Iterable[Piece]) -> Paragraph:
    """Return a sentence of words and citations, with the space after it."""
    pieces: Paragraph = []
    for part in parts:
        pieces += [Piece(part)] if isinstance(part, str) else list(part)
    return [*pieces, Piece(" ")]
