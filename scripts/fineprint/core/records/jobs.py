"""What a job ran on and with, where a scheduler put it, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass

from fineprint.core.records.base import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement(Record):
    """A job's number, its node, and the GPUs it held by their numbers on that node, None without one."""

    job: str
    node: str
    gpus: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GPU(Record):
    """A GPU, and the CUDA version that torch was built with."""

    name: str
    memory_bytes: int
    cuda: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine(Record):
    """Hardware and software, the same for all jobs on a machine."""

    fineprint: str
    python: str
    system: str
    processor: str
    processor_model: str | None  # the numbers that tell it exactly, where the system gives them
    cores: int | None
    memory_bytes: int
    gpu: GPU | None
    versions: dict[str, str]  # package → version


@dataclass(frozen=True, kw_only=True)
class Commit(Record):
    """A commit of the workflow and whether files differed from it; None outside a git checkout."""

    commit: str | None
    uncommitted_changes: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment(Machine, Commit):
    """What one job ran on and with."""

    placement: Placement | None = None  # where no scheduler was at work


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Record):
    """One job of the study, by Snakemake's own record of it."""

    rule: str
    job: str  # its wildcards, joined by "/"
    seconds: float
    peak_resident_bytes: int | None  # where it was sampled often enough
    placement: Placement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitCount(Commit):
    """How many of the runs' jobs ran from a commit."""

    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRule(Record):
    """A rule whose results were made, in part at least, by code that has changed since."""

    rule: str
    jobs: int  # that this concerns
    of_jobs: int  # that have left a note
    files: list[str]  # of the library that those jobs imported and that differ now, such as training/loop.py


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeState(Record):
    """How many of a study's records say by which code they were made, and which rules made some by other code."""

    records: int
    records_without_note: int
    changed: list[ChangedRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance(Commit):
    """When, by what command, from what commit and on what hardware a study was made."""

    created: str  # ISO 8601, UTC
    command: str
    config_sha256: str
    hardware: list[Machine]
    jobs: list[Job]
    commits: list[CommitCount]
    code: CodeState | None = None
