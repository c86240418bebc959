"""One generated example of any demo task, before it becomes a row."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """Texts by field name, the label's number, what the texts are about, and what decides the label."""

    texts: dict[str, str]
    label: int
    genre: str
    phenomenon: str
