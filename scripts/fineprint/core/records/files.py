"""Reading and writing records, and what is noted of files and folders: hashes and sizes."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from fineprint.core.settings import SettingsError

Read = TypeVar("Read")


def write_json(path: Path, record: Any) -> None:
    """Write a record readably and whole: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    text = json.dumps(record, indent=2, ensure_ascii=False, default=as_mapping)
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)


def as_mapping(record: Any) -> dict[str, Any]:
    """Return a record's fields with their values, for JSON."""
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def read_json(path: Path) -> Any:
    """Read plain data: what has no type of its own."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_record(path: Path, kind: type[Read]) -> Read:
    """Read a record from its file.

    Raises:
        SettingsError: the file is no such record; the message says what rebuilds it.
    """
    return make_record(read_json(path), kind, str(path))


def read_record_if_there(path: Path, kind: type[Read]) -> Read | None:
    """Read a record, or return None where there is no such file."""
    return read_record(path, kind) if path.exists() else None


def make_record(value: Any, kind: type[Read], source: str) -> Read:
    """Return plain data as a record; a record passes through.

    Args:
        value: a mapping with the record's fields, as JSON has them.
        kind: a record, or a list or mapping of records.
        source: where the data come from, for the message.

    Raises:
        SettingsError: a field is missing, unknown, or has a value that it cannot have.
    """
    try:
        return adapter_of(kind).validate_python(value)
    except ValidationError as error:
        mistakes = "; ".join(describe_mistake(mistake) for mistake in error.errors()[:3])
        rule = getattr(kind, "made_by", "")
        mend = f" `snakemake --forcerun {rule}` rebuilds it." if rule else ""
        raise SettingsError(f"{source} was made by another version of Fineprint ({mistakes}).{mend}") from error


@functools.cache
def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """Return what turns plain data into a type; made once, since making it takes longer than using it."""
    return TypeAdapter(kind)


def describe_mistake(mistake: Mapping[str, Any]) -> str:
    """Return in words what is wrong with one field."""
    path = ".".join(str(part) for part in mistake["loc"])
    words = {"missing": "is missing", "unexpected_keyword_argument": "is unknown"}
    return f"{path} {words.get(mistake['type'], 'cannot be ' + repr(mistake['input'])[:40])}"


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_folder(folder: Path) -> dict[str, str]:
    """Return relative file name → sha256 for every file below `folder`, hidden ones left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in files}


def folder_bytes(folder: Path) -> int:
    """Return the bytes that the files below `folder` take, hidden ones left out."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def read_predictions(path: Path) -> list[dict[str, Any]]:
    """Read what `write_predictions` wrote."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
