"""What every record is: a dataclass whose JSON has its fields as keys, no more and no fewer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, ClassVar

from pydantic import ConfigDict


class Record:
    """The base of all records.

    `made_by` is the rule that writes a record as a file of its own, to be rerun where the file cannot be read.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    made_by: ClassVar[str] = ""

    # Temporary, until every reader asks for attributes: a record reads like the mapping that it was.
    def __getitem__(self, key: str) -> Any:
        """Return a field's value."""
        if key not in self.keys():
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        """Set a field."""
        setattr(self, key, value)

    def __contains__(self, key: object) -> bool:
        """Whether a field was measured."""
        return self.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        """Go through the names of the fields."""
        return iter(self.keys())

    def keys(self) -> list[str]:
        """Return the names of the fields."""
        return [field.name for field in fields(self)]

    def items(self) -> list[tuple[str, Any]]:
        """Return the fields with their values."""
        return [(key, getattr(self, key)) for key in self.keys()]

    def values(self) -> list[Any]:
        """Return the values of the fields."""
        return [getattr(self, key) for key in self.keys()]

    def get(self, key: Any, default: Any = None) -> Any:
        """Return a field's value, or the default where there is no such field."""
        return getattr(self, key) if key in self.keys() else default
