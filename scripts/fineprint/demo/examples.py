"""One generated example of any demo task, before it becomes a row."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """Texts by field name, the label's number, what the texts are about, what decides the label, and what is held out
    together (the first text as a rule)."""

    texts: dict[str, str]
    label: int
    genre: str
    phenomenon: str
    group: str = ""
