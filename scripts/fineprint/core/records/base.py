"""What every record is: a dataclass whose JSON has its fields as keys, no more and no fewer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict


class Record:
    """The base of all records.

    `made_by` is the rule that writes a record as a file of its own, to be rerun where the file cannot be read.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    made_by: ClassVar[str] = ""
