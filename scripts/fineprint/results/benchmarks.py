"""What a study's jobs left beside their outputs: wall time, memory where sampled often enough, where they ran."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

from fineprint.core.records import Job
from fineprint.jobs.placement import read_log

# Snakemake looks at a job's memory every half second: of a job of a few tenths it sees little more than the shell.
SAMPLED_SECONDS = 5.0
MEBIBYTE = 1024 * 1024
SECTIONS = ("tasks", "backbones")  # of the config, in the places of what was fetched
RULES_OF_MANY_TASKS = ("write_serving_settings", "serve_tasks", "combine_tasks", "measure_forgetting")


class Place(NamedTuple):
    """A run, as the names of its files tell it."""

    task: str
    method: str
    seed: str


def read_jobs(folder: Path, study: dict[str, Any], logs: Path | None = None) -> list[Job]:
    """Return rule, wildcards, wall time and peak resident size of each job of the study, by rule and wildcards.

    `folder` has the benchmark files, `logs` the log files by the same names: a log says where Slurm put the job. A file
    of a task, run, seed or backbone that the study no longer has was left by an earlier version of it.
    """
    compared, many = runs_compared(study), runs_of_many_tasks(study)
    runs = {*compared, *many}
    known = {name for run in runs for name in (*run, study["methods"][run.method]["backbone"])} | set(SECTIONS)
    places = [(file, file.relative_to(folder).with_suffix("").parts) for file in sorted(folder.rglob("*.tsv"))]
    return [
        read_job(file, (logs or folder) / file.relative_to(folder).with_suffix(".log"), *parts)
        for file, parts in places
        if (parts[1:] in runs if len(parts) - 1 == len(Place._fields) else set(parts[1:]) <= known)
        and (many or parts[0] not in RULES_OF_MANY_TASKS)
    ]


def runs_compared(study: dict[str, Any]) -> list[Place]:
    """Return the runs of the comparison of methods."""
    run = study["run"]
    return [
        Place(task, method, str(seed)) for task in run["tasks"] for method in run["methods"] for seed in run["seeds"]
    ]


def runs_of_many_tasks(study: dict[str, Any]) -> list[Place]:
    """Return the runs of many tasks on one backbone; some are also of the comparison."""
    part = study.get("serving") or {"tasks": (), "methods": {}}
    seed = str(study["run"]["seeds"][0])
    return [Place(task, method, seed) for task in part["tasks"] for method in part["methods"].values()]


def is_of_many_tasks_alone(study: dict[str, Any], job: Job) -> bool:
    """Return whether a job would not have been but for many tasks on one backbone."""
    compared, many = runs_compared(study), runs_of_many_tasks(study)
    if job.rule in RULES_OF_MANY_TASKS:
        return True
    names = {name for run in compared for name in (*run, study["methods"][run.method]["backbone"])}
    wildcards = tuple(job.job.split("/")) if job.job else ()
    if len(wildcards) == len(Place._fields):
        return wildcards in set(many) - set(compared)
    return not set(wildcards) <= names | set(SECTIONS)


def read_job(file: Path, log: Path, rule: str, *wildcards: str) -> Job:
    """Return what one file says, and the job's log; memory is None where it was not sampled or not often enough."""
    with file.open(encoding="utf-8") as stream:
        row = next(csv.DictReader(stream, delimiter="\t"))
    seconds, peak = float(row["s"]), read_number(row.get("max_rss"))
    sampled = peak is not None and seconds >= SAMPLED_SECONDS
    return Job(
        rule=rule,
        job="/".join(wildcards),
        seconds=seconds,
        peak_resident_bytes=round(peak * MEBIBYTE) if sampled and peak is not None else None,
        placement=read_log(log),
    )


def read_number(text: str | None) -> float | None:
    """Return a number, or None for a mark such as "NA" or "-"."""
    try:
        return float(text or "")
    except ValueError:
        return None
