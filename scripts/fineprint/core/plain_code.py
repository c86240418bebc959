"""How what was trained is used without this project: lines of Python for model cards, from each part's own file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlainCode:
    """A part of a program.

    Attributes:
        imports: (module, name) pairs.
        lines: statements. Known to them are `base` and `revision` (where the backbone is had), `folder` (what was
            saved), `tokenizer`, `model`, `labels`, `answers` and `texts` (one row); a readout's leave the answer in
            `label`.
    """

    imports: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()


def write_program(parts: list[PlainCode]) -> str:
    """Return parts as one program, the imports first, a blank line between parts."""
    wanted: dict[str, set[str]] = {}
    for module, name in (pair for part in parts for pair in part.imports):
        wanted.setdefault(module, set()).add(name)
    imports = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(wanted.items())]
    blocks = ["\n".join(["import torch", *imports]), *("\n".join(part.lines) for part in parts if part.lines)]
    return "\n\n".join(blocks)
