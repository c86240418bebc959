"""By which code a result was made: a note beside every record, compared with the library as it is now.

An edit in the library makes nothing again by itself, or a refactoring would retrain everything; that results were made
by other code is said instead, when Snakemake starts and in the report.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import fineprint
from fineprint.core.records import ChangedRule, CodeState, read_json, write_json

LIBRARY = Path(fineprint.__file__).parent
# The note is no output of its rule: an output that is missing would make a training run again.
SUFFIX = ".code.json"
MOST_FILES_NAMED = 6


@functools.cache
def read_sources() -> dict[str, bytes]:
    """Return the content of every file of the library by its place in it.

    The first answer stands for the process: files may change under a long job, which has read them by then.
    """
    return {path.relative_to(LIBRARY).as_posix(): path.read_bytes() for path in sorted(LIBRARY.rglob("*.py"))}


@functools.cache
def hash_bytes(content: bytes) -> str:
    """Return the sha256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@functools.cache
def hash_code(source: bytes) -> str:
    """Return the sha256 of what a source file does: comments, docstrings and formatting make no difference to it."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a file in the middle of an edit
        return hash_bytes(source)
    return hash_bytes("\0".join(flatten(tree)).encode())


def flatten(node: ast.AST) -> Iterator[str]:
    """Yield a syntax tree as words, without positions and docstrings; what is empty is left out, since newer versions
    of Python have fields that older ones lack."""
    yield f"({type(node).__name__}"
    for name, value in ast.iter_fields(node):
        if name == "body" and has_docstring(node):
            value = value[1:]
        if value is None or value == []:
            if isinstance(node, ast.Constant) and name == "value":
                yield "None"
            continue
        yield name
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield from flatten(part)
            else:
                yield repr(part)
    yield ")"


def has_docstring(node: ast.AST) -> bool:
    """Return whether a module, class or function begins with a docstring."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or not node.body:
        return False
    first = node.body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def note_code(record: Path) -> None:
    """Write beside a job's record which files of the library the job has imported, and their hashes.

    To be called when the work is done: kinds, among others, are imported by name on the way.
    """
    sources = read_sources()
    files = {
        name: {"sha256": hash_bytes(sources[name]), "code_sha256": hash_code(sources[name])}
        for name in imported_files()
        if name in sources
    }
    write_json(place_note(record), {"rule": Path(sys.argv[0]).stem, "files": files})


def place_note(record: Path) -> Path:
    """Return where the note on a record lies."""
    return record.with_suffix(SUFFIX)


def imported_files() -> list[str]:
    """Return the library's files that this process has imported, by their place in the library."""
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] == fineprint.__name__]
    paths = [Path(module.__file__) for module in modules if getattr(module, "__file__", None)]
    return sorted({path.relative_to(LIBRARY).as_posix() for path in paths if path.is_relative_to(LIBRARY)})


def find_changed_rules(records: Iterable[Path]) -> list[ChangedRule]:
    """Return the rules that made one of these records by other code than there is now, in the order of the records.

    Records that are not there, and those without a note, say nothing.
    """
    jobs: dict[str, list[set[str]]] = {}
    for note in read_notes(records):
        jobs.setdefault(note["rule"], []).append(find_changed_files(note["files"]))
    return [
        ChangedRule(rule=rule, jobs=sum(map(bool, changed)), of_jobs=len(changed), files=sorted(set().union(*changed)))
        for rule, changed in jobs.items()
        if any(changed)
    ]


def read_notes(records: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Yield the notes on those records that are there."""
    for record in records:
        note = place_note(record)
        if record.exists() and note.exists():
            yield read_json(note)


def read_code_hashes(records: Iterable[Path]) -> dict[str, dict[str, set[str]]]:
    """Return, by rule and by file of the library, the hashes of the code that made these records: one each where no
    file changed on the way."""
    found: dict[str, dict[str, set[str]]] = {}
    for note in read_notes(records):
        for name, hashes in note["files"].items():
            found.setdefault(note["rule"], {}).setdefault(name, set()).add(hashes["code_sha256"])
    return found


def find_changed_files(noted: Mapping[str, Mapping[str, str]]) -> set[str]:
    """Return the files that do something else now than they did when they were noted, deleted ones included."""
    return {name for name, hashes in noted.items() if has_changed(read_sources().get(name), hashes)}


def has_changed(source: bytes | None, noted: Mapping[str, str]) -> bool:
    """Return whether a file does something else now; only one whose bytes differ is parsed, which takes longest."""
    if source is None:
        return True
    return hash_bytes(source) != noted["sha256"] and hash_code(source) != noted["code_sha256"]


def describe_code(records: Iterable[Path]) -> CodeState:
    """Return for the provenance of a study how many of its records say by which code they were made, and which rules
    made some of them by other code than there is now."""
    there = [record for record in records if record.exists()]
    return CodeState(
        records=len(there),
        records_without_note=sum(not place_note(record).exists() for record in there),
        changed=find_changed_rules(there),
    )


def write_warning(changed: list[ChangedRule], command: str) -> str:
    """Return what is said when Snakemake starts: rule by rule which files have changed, and what makes it right.

    Args:
        changed: at least one rule.
        command: that runs the study.
    """
    width = max(len(entry.rule) for entry in changed)
    lines = [
        f"  {entry.rule:{width}}  {entry.jobs} of {entry.of_jobs} jobs: {name_files(entry.files)}" for entry in changed
    ]
    rules = " ".join(entry.rule for entry in changed)
    return "\n".join(
        [
            "Results made by code in scripts/fineprint/ that has changed since; they are not rebuilt automatically:",
            *lines,
            f"To rebuild them: {command} --forcerun {rules}",
        ]
    )


def name_files(files: Iterable[str]) -> str:
    """Return the files, or where they are many, how many there are of each room."""
    names = list(files)
    if len(names) <= MOST_FILES_NAMED:
        return ", ".join(names)
    rooms: dict[str, int] = {}
    for name in names:
        room = name.split("/")[0]
        rooms[room] = rooms.get(room, 0) + 1
    return ", ".join(f"{room} ({count})" for room, count in rooms.items())
