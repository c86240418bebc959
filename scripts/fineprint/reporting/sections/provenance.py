"""Versions, hashes, commands, times, config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from fineprint.core import formats
from fineprint.core.records import Commit, Job, Machine
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask
from fineprint.reporting.sections.places import PLACE, places_table
from fineprint.reporting.sections.setting import backbones_used
from fineprint.reporting.table import Cell, Table, blank, text
from fineprint.reporting.words import Words
from fineprint.results.steps import list_jobs, summarize_jobs
from fineprint.results.study import Study

WORDS = Words("provenance")


def describe_provenance(study: Study) -> dict[str, Any]:
    """Return everything the section shows."""
    record = study.results.provenance
    facts = [
        ("Study", study.config["study"]),
        ("Results collected", record.created or formats.NOT_MEASURED),
        ("Commit of trainings and predictions", name_commits(study)),
        ("Commit of the report", name_commit(record)),
        ("Config sha256", record.config_sha256 or formats.NOT_MEASURED),
        ("Seeds", formats.setting(study.seeds)),
        ("Seed of the data", formats.setting(study.config.get("data_seed"))),
    ]
    return {
        "facts": facts,
        "command": record.command or "",
        "rerun": write_rerun(study),
        "duration": write_duration(study),
        "run_command": rerun_command(study, "TASK", "METHOD", "SEED"),
        "choices": [("TASK", study.tasks), ("METHOD", study.methods), ("SEED", [str(seed) for seed in study.seeds])],
        "commands": commands_table(study),
        "versions": versions_table(study),
        "files": [table for table in (data_files(study), backbone_files(study), saved_files(study)) if table],
        "times": times_table(study),
        "places": places_table(study),
        "jobs": jobs_table(study),
        "config": yaml.safe_dump(study.config, sort_keys=False, allow_unicode=True, width=78, default_flow_style=None),
    }


def write_rerun(study: Study) -> str:
    """Return the commands that make this report again, from the checkout on; empty where the last is not known."""
    record = study.results.provenance
    changed = bool(record.uncommitted_changes)
    return WORDS("rerun", commit=record.commit, changed=changed, command=record.command) if record.command else ""


def write_duration(study: Study) -> str:
    """Return how long all jobs took together, and on how many; empty where their times are not known."""
    jobs = list_jobs(study)
    return WORDS("duration", jobs=len(jobs), seconds=sum(job.seconds for job in jobs)) if jobs else ""


def name_commits(study: Study) -> str:
    """Return from which commits the jobs ran, the most frequent first; several are told, for code changed between."""
    commits = study.results.provenance.commits
    if len(commits) <= 1:
        return name_commit(commits[0]) if commits else formats.NOT_MEASURED
    return WORDS("commits", commits=[(name_commit(commit), commit.jobs) for commit in commits])


def name_commit(record: Commit) -> str:
    """Return a commit, and whether files differed from it."""
    outcome = "none" if not record.commit else "changed" if record.uncommitted_changes else "clean"
    return WORDS("commit", outcome, commit=record.commit)


def rerun_command(study: Study, task: str, method: str, seed: object) -> str:
    """Return the command that repeats one run: its model, its answers and its scores, nothing else."""
    everything = study.results.provenance.command or "snakemake --cores 1"
    place = f"results/{study.config['study']}/runs/{task}/{method}/{seed}"
    return f"{everything} --force {place}/{{train,predict,scores}}.json"


@dataclass(frozen=True)
class SeedOfMethod(MethodOnTask):
    """A method on a task with one of the study's seeds."""

    seed: int


TASK = Column[MethodOnTask]("Task", lambda entry: text(entry.task, style="code"))
COMMANDS = [
    TASK,
    *METHOD,
    Column[SeedOfMethod]("Seed", lambda entry: text(entry.seed, sort=entry.seed)),
    Column(
        "Command",
        lambda entry: text(rerun_command(entry.study, entry.task, entry.method, entry.seed), style="code wrap"),
    ),
]


def commands_table(study: Study) -> Table:
    """Return the command of every run."""
    runs = [
        SeedOfMethod(study, task, method, seed)
        for task in study.tasks
        for method in study.methods
        for seed in study.seeds
    ]
    return build_table("commands", WORDS("commands_caption"), COMMANDS, runs)


def versions_table(study: Study) -> Table:
    """Return the version of each package, and of Python, on each machine."""
    machines = study.environments()

    def version_column(number: int, machine: Machine) -> Column[str]:
        versions = {"fineprint": machine.fineprint, "python": machine.python, **machine.versions}
        title = "Version" if len(machines) == 1 else f"Machine {number}"
        return Column(title, lambda package: versions.get(package) or "not installed")

    packages = dict.fromkeys(package for machine in machines for package in machine.versions)
    name = Column[str]("Package", lambda package: text(package, style="code"))
    columns = [name, *(version_column(number, machine) for number, machine in enumerate(machines, start=1))]
    return build_table("versions", WORDS("versions_caption"), columns, ["fineprint", "python", *packages])


def hash_cell(sha256: str) -> Cell:
    """Return a short hash with the whole one behind it."""
    return text(formats.shorten_hash(sha256, 16), note=sha256, style="code")


class Hash(NamedTuple):
    """The sha256 of a file of a task or a backbone."""

    owner: str
    file: str
    sha256: str


def hashes_table(name: str, owner: str, file: str, hashes: list[Hash]) -> Table | None:
    """Return a table of hashes; `owner` and `file` are the heads of what they belong to."""
    columns = [
        Column[Hash](owner, lambda found: text(found.owner, style="code")),
        Column(file, lambda found: text(found.file, style="code")),
        Column("sha256", lambda found: hash_cell(found.sha256)),
    ]
    return build_table(f"hashes-{name}", WORDS("hashes", name), columns, hashes) if hashes else None


def data_files(study: Study) -> Table | None:
    """Return the hash of every split."""
    splits = {task: study.results.tasks[task].splits for task in study.tasks}
    hashes = [Hash(task, name, split.sha256) for task in study.tasks for name, split in splits[task].items()]
    return hashes_table("data", "Task", "Split", hashes)


def backbone_files(study: Study) -> Table | None:
    """Return the hash of every file of every backbone."""
    files = {name: study.results.backbones[name].files for name in backbones_used(study)}
    hashes = [Hash(name, *file) for name in files for file in files[name].items()]
    return hashes_table("backbones", "Backbone", "File", hashes)


@dataclass(frozen=True)
class SavedFile(MethodOnTask):
    """A file that a training saved."""

    file: str
    sha256: str


SAVED = [
    TASK,
    *METHOD,
    Column[SavedFile]("File", lambda saved: text(saved.file, style="code")),
    Column("sha256", lambda saved: hash_cell(saved.sha256)),
]


def saved_files(study: Study) -> Table | None:
    """Return the hash of everything that training saved."""
    files = [
        SavedFile(study, task, method, file, value)
        for task in study.tasks
        for method in study.methods
        if (run := study.run(task, method)) and run.train
        for file, value in run.train.saved_files.items()
    ]
    return build_table("hashes-saved", WORDS("hashes", "saved", seed=study.seed), SAVED, files) if files else None


def times_table(study: Study) -> Table | None:
    """Return how long the jobs of each rule took together, and the longest of them."""
    times = summarize_jobs(study)
    outputs = {step.rule: step.leaves for step in study.results.steps}
    columns = [
        Column[str]("Rule", lambda rule: text(rule, style="code")),
        Column("Output", outputs.get),
        Column("Jobs", lambda rule: times[rule].jobs, formats.count),
        Column("Time", lambda rule: times[rule].seconds, formats.seconds),
        Column("Longest", lambda rule: times[rule].longest.seconds, formats.seconds),
        Column("Longest job", lambda rule: job_cell(times[rule].longest.job)),
        Column("Peak resident", lambda rule: times[rule].peak_resident_bytes, formats.size),
    ]
    caption = WORDS("times_caption", total=sum(found.seconds for found in times.values()))
    rules = [*(rule for rule in outputs if rule in times), *(rule for rule in times if rule not in outputs)]
    return build_table("wall-seconds", caption, columns, rules, style="compact") if times else None


def job_cell(job: str) -> Cell:
    """Return what a job is called among those of its rule."""
    return text(job, style="code") if job else blank(WORDS("one_job"))


JOBS = [
    Column[Job]("Rule", lambda job: text(job.rule, style="code")),
    Column("Job", lambda job: job_cell(job.job)),
    Column("Time", lambda job: job.seconds, formats.seconds),
    Column("Peak resident", lambda job: job.peak_resident_bytes, formats.size),
]


def jobs_table(study: Study) -> Table | None:
    """Return every job, with its place where a scheduler chose one."""
    jobs = list_jobs(study)
    columns = [*JOBS, *(PLACE if any(job.placement for job in jobs) else [])]
    return build_table("jobs", WORDS("jobs_caption"), columns, jobs, style="compact") if jobs else None
