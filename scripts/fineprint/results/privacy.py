"""Paths of the computer that a study ran on are nobody's business who reads its report."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

# A path that leads out of the project: from the root, from somebody's home, or upward. Prompts have spaces in them.
OUTSIDE = re.compile(r"(?:/|~|\.\.(?:/|$))\S*")
HIDDEN = "…"


def hide_paths(value: Any) -> Any:
    """Return plain data in which every path that leads out of the project is its last part alone: …/train.jsonl."""
    if isinstance(value, dict):
        return {key: hide_paths(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [hide_paths(part) for part in value]
    return hide_path(value) if isinstance(value, str) and OUTSIDE.fullmatch(value) else value


def hide_path(path: str) -> str:
    """Return a path's last part, marked as one of a longer path."""
    name = PurePosixPath(path).name
    return f"{HIDDEN}/{name}" if name not in ("", "..") else HIDDEN


def hide_in_command(command: str) -> str:
    """Return a command whose words are hidden likewise."""
    return " ".join(hide_path(word) if OUTSIDE.fullmatch(word) else word for word in command.split(" "))
