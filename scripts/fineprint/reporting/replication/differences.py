"""What differs between two studies beside their results: where they come from, versions, hardware, code, config."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fineprint.core import formats
from fineprint.core.records import (
    Aspect,
    CodeDifference,
    CodeState,
    ConfigDifference,
    Machine,
    Replication,
    StudyFacts,
    VersionDifference,
)
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.replication.tables import FIRST, SECOND
from fineprint.reporting.sections.setting import HARDWARE
from fineprint.reporting.table import Cell, Table, blank, text
from fineprint.reporting.words import Words

WORDS = Words("replication")


class Fact(NamedTuple):
    """A fact about both studies."""

    name: str
    first: str
    second: str


class MachineOf(NamedTuple):
    """A machine of one of the studies."""

    study: str
    machine: Machine


FACTS: list[tuple[str, Callable[[StudyFacts], object]]] = [
    ("title", lambda study: study.title),
    ("study", lambda study: study.study),
    ("folder", lambda study: study.folder),
    ("created", lambda study: study.created),
    ("methods_alone", lambda study: study.methods_alone),
    ("tasks_alone", lambda study: study.tasks_alone),
]


def facts_table(replication: Replication) -> Table:
    """Return what tells the two studies apart."""
    both = replication.first, replication.second
    facts = [Fact(name, *(formats.setting(get(study)) for study in both)) for name, get in FACTS]
    columns = [
        Column[Fact]("Fact", lambda fact: WORDS("fact", fact.name)),
        Column(FIRST, lambda fact: text(fact.first, style="wrap")),
        Column(SECOND, lambda fact: text(fact.second, style="wrap")),
    ]
    return build_table("studies", WORDS("facts_caption"), columns, facts)


def aspects_table(replication: Replication) -> Table:
    """Return what both studies share and what differs."""
    columns = [
        Column[Aspect]("Aspect", lambda aspect: WORDS("aspect_title", aspect.name)),
        Column("Same?", same_cell),
        Column(FIRST, lambda aspect: aspect_cell(aspect, aspect.first)),
        Column(SECOND, lambda aspect: aspect_cell(aspect, aspect.second)),
    ]
    return build_table("aspects", WORDS("aspects_caption"), columns, replication.aspects)


def same_cell(aspect: Aspect) -> Cell:
    """Return whether an aspect is the same in both studies."""
    outcome = {True: "yes", False: "no", None: "unknown"}[aspect.same]
    return text(WORDS("same", outcome), style="strong" if outcome == "no" else "")


def aspect_cell(aspect: Aspect, values: list[str]) -> Cell:
    """Return what a study has of an aspect; where no few words say it, where to look."""
    if values:
        return text("; ".join(values), style="wrap")
    return text(WORDS("look_below")) if aspect.same is False else blank(WORDS("not_listed"))


def versions_table(replication: Replication) -> Table | None:
    """Return the packages whose versions differ."""
    columns = [
        Column[VersionDifference]("Package", lambda found: text(found.package, style="code")),
        Column(FIRST, lambda found: write_versions(found.first)),
        Column(SECOND, lambda found: write_versions(found.second)),
    ]
    found = replication.versions
    return build_table("version-differences", WORDS("versions_caption"), columns, found) if found else None


def write_versions(versions: list[str]) -> str:
    """Return a package's versions in one study."""
    return ", ".join(versions) or WORDS("not_installed")


def hardware_table(replication: Replication) -> Table:
    """Return the machines of both studies."""
    machines = [
        MachineOf(name, machine)
        for name, study in ((FIRST, replication.first), (SECOND, replication.second))
        for machine in study.machines
    ]
    columns = [Column[MachineOf]("Study", lambda entry: entry.study), *map(of_machine, HARDWARE)]
    return build_table("both-hardware", WORDS("hardware_caption"), columns, machines)


def of_machine(column: Column[Machine]) -> Column[MachineOf]:
    """Return the report's column of a machine for one that stands with its study."""
    return Column(column.title, lambda entry: column.cell(entry.machine), column.write)


def code_table(replication: Replication) -> Table | None:
    """Return the rules whose jobs ran other code, with the files that differ."""
    columns = [
        Column[CodeDifference]("Rule", lambda found: text(found.rule, style="code")),
        Column("Files that differ", lambda found: text(", ".join(found.files), style="code wrap")),
    ]
    found = replication.code
    return build_table("code-differences", WORDS("code_caption"), columns, found) if found else None


def say_code(replication: Replication) -> list[str]:
    """Return whether both studies ran the same code, and whether each of them ran one code throughout."""
    aspect = next(aspect for aspect in replication.aspects if aspect.name == "code")
    outcome = {True: "same", False: "different", None: "unknown"}[aspect.same]
    studies = {"first": replication.first, "second": replication.second}
    mixed = [name for name, study in studies.items() if is_mixed(study.code)]
    return [WORDS("code", outcome), *(WORDS("mixed_code", name) for name in mixed)]


def is_mixed(code: CodeState | None) -> bool:
    """Return whether some results of a study were made by code that has changed before they were collected."""
    return bool(code and code.changed)


def config_table(replication: Replication) -> Table | None:
    """Return the keys of the resolved configs whose values differ."""
    columns = [
        Column[ConfigDifference]("Key", lambda found: text(found.path, style="code wrap")),
        Column(FIRST, lambda found: value_cell(found.first)),
        Column(SECOND, lambda found: value_cell(found.second)),
    ]
    found = replication.config
    return build_table("config-differences", WORDS("config_caption"), columns, found) if found else None


def value_cell(value: str | None) -> Cell:
    """Return a value of a config, or that it has no such key."""
    return blank(WORDS("no_key")) if value is None else text(value, style="code wrap")
