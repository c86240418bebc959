"""References: found by their number (DOI, arXiv, ACL), cited in sentences, linked to the list at the report's end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

NUMBER = re.compile(r"arXiv \d{4}\.\d{4,5}|ACL [A-Z]\d\d-\d{4}|doi 10\.\d{4,9}/[^\s,;)]+")
CITATION = re.compile(r" ?\[@([^\]]+)\]")


@dataclass(frozen=True)
class Reference:
    """One entry of report/references.yaml; `model_type`: of the backbones that it describes."""

    cite: str
    authors: str
    year: int
    title: str
    venue: str
    number: str
    link: str
    model_type: str = ""

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

    def link(self, text: str) -> Paragraph:
        """Return a text in pieces, its marks [@number; number] written out: (Hu et al. 2021; Dettmers et al. 2023)."""
        words, *rest = CITATION.split(text)
        pieces = [Piece(words)]
        for numbers, after in zip(rest[::2], rest[1::2], strict=True):
            pieces += [*self.cite(*numbers.split("; ")), Piece(after)]
        return [piece for piece in pieces if piece.text]

    def cite(self, *numbers: str) -> Paragraph:
        """Return works in brackets; a number that is not in the list stands as it is."""
        pieces = [Piece(" (")]
        for position, number in enumerate(numbers):
            found = self.by_number.get(number)
            pieces += [Piece("; ")] if position else []
            pieces.append(Piece(found.cite, f"#reference-{found.key}") if found else Piece(number))
        return [*pieces, Piece(")")]


def mark_citation(*numbers: str) -> str:
    """Return the mark by which a text cites works; empty for none."""
    return f" [@{'; '.join(numbers)}]" if numbers else ""


def find_numbers(text: str) -> list[str]:
    """Return the numbers of works that a text names."""
    return NUMBER.findall(text)
