"""Versions, hashes, commands, times, config."""

from __future__ import annotations

from typing import Any

import yaml

from fineprint.core import formats
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.sections.places import place_cells, places_table, were_placed
from fineprint.reporting.sections.setting import backbones_used
from fineprint.reporting.table import Cell, Table, blank, number, numeric, plain, text
from fineprint.results.lookup import Study
from fineprint.results.steps import list_jobs, summarise_jobs


def describe(study: Study) -> dict[str, Any]:
    """Return everything the section shows."""
    record = study.results["provenance"]
    facts = [
        ("Study", study.config["study"]),
        ("Results collected", record.get("created") or formats.NOT_MEASURED),
        ("Commit of trainings and predictions", describe_commits(record.get("commits", []))),
        ("Commit of the report", name_commit(record)),
        ("Config sha256", record.get("config_sha256") or formats.NOT_MEASURED),
        ("Seeds", formats.setting(study.seeds)),
        ("Seed of the data", formats.setting(study.config.get("data_seed"))),
    ]
    return {
        "facts": facts,
        "command": record.get("command") or "",
        "row_command": row_command(study, "TASK", "METHOD", "SEED"),
        "choices": list_choices(study),
        "commands": commands_table(study),
        "versions": versions_table(study),
        "files": [table for table in (data_files(study), backbone_files(study), saved_files(study)) if table],
        "times": times_table(study),
        "places": places_table(study),
        "jobs": jobs_table(study),
        "config": yaml.safe_dump(study.config, sort_keys=False, allow_unicode=True, width=78, default_flow_style=None),
    }


def describe_commits(commits: list[dict[str, Any]]) -> str:
    """Return from which commits the jobs ran, the most frequent first; several are told, for code changed between."""
    if len(commits) <= 1:
        return name_commit(commits[0]) if commits else formats.NOT_MEASURED
    parts = [f"{name_commit(commit)} ({formats.plural(commit['jobs'], 'job')})" for commit in commits]
    return f"several: {'; '.join(parts)}"


def name_commit(record: dict[str, Any]) -> str:
    """Return a commit, and whether files differed from it."""
    if not record.get("commit"):
        return "not known: the files were not in a git checkout"
    return f"{record['commit']}{', with changes that were not committed' if record.get('uncommitted_changes') else ''}"


def row_command(study: Study, task: str, method: str, seed: object) -> str:
    """Return the command that makes one row again: its model, its answers and its scores, nothing else."""
    everything = study.results["provenance"].get("command") or "snakemake --cores 1"
    place = f"results/{study.config['study']}/runs/{task}/{method}/{seed}"
    return f"{everything} --force {place}/{{train,predict,scores}}.json"


def list_choices(study: Study) -> list[tuple[str, list[str]]]:
    """Return what may stand for each word of the command's pattern."""
    return [("TASK", study.tasks), ("METHOD", study.methods), ("SEED", [str(seed) for seed in study.seeds])]


def commands_table(study: Study) -> Table:
    """Return the command of every row."""
    rows = [
        [
            text(task, style="code"),
            *name_cells(study, task, method),
            text(seed, sort=seed),
            text(row_command(study, task, method, seed), style="code wrap"),
        ]
        for task in study.tasks
        for method in study.methods
        for seed in study.seeds
    ]
    columns = plain("Task", "No.", "Method", "Seed", "Command")
    return Table("commands", "The command that makes a row again.", columns, rows)


def versions_table(study: Study) -> Table:
    """Return the version of each package, and of Python, on each machine."""
    machines = study.environments()
    packages = list(dict.fromkeys(name for machine in machines for name in machine.get("versions", {})))
    heads = [str(position) for position in range(1, len(machines) + 1)]
    described = [
        {"fineprint": m.get("fineprint"), "python": m.get("python"), **m.get("versions", {})} for m in machines
    ]
    rows = [
        [text(name, style="code"), *(text(machine.get(name) or "not installed") for machine in described)]
        for name in ("fineprint", "python", *packages)
    ]
    titles = ["Version"] if len(heads) == 1 else [f"Machine {head}" for head in heads]
    return Table("versions", "Versions, as the jobs reported them.", plain("Package", *titles), rows)


def hash_cell(value: str | None) -> Cell:
    """Return a short hash with the whole one behind it."""
    return text(formats.shorten_hash(value, 16), note=value or "", style="code")


def data_files(study: Study) -> Table:
    """Return the hash of every split."""
    rows = [
        [text(task, style="code"), text(split, style="code"), hash_cell(facts.get("sha256"))]
        for task in study.tasks
        for split, facts in study.results["tasks"][task]["splits"].items()
    ]
    return Table(
        "hashes-data", "Rows: the sha256 of each split's file (beginning).", plain("Task", "Split", "sha256"), rows
    )


def backbone_files(study: Study) -> Table | None:
    """Return the hash of every file of every backbone."""
    rows = [
        [text(name, style="code"), text(file, style="code"), hash_cell(value)]
        for name in backbones_used(study)
        for file, value in (study.results["backbones"][name].get("files") or {}).items()
    ]
    return (
        Table(
            "hashes-backbones",
            "Backbones: the sha256 of each file (beginning).",
            plain("Backbone", "File", "sha256"),
            rows,
        )
        if rows
        else None
    )


def saved_files(study: Study) -> Table | None:
    """Return the hash of everything that training saved."""
    rows = []
    for task in study.tasks:
        for method in study.methods:
            run = study.run(task, method)
            for file, value in (run["train"]["saved_files"] if run and run["train"] else {}).items():
                rows.append(
                    [
                        text(task, style="code"),
                        *name_cells(study, task, method),
                        text(file, style="code"),
                        hash_cell(value),
                    ]
                )
    columns = plain("Task", "No.", "Method", "File", "sha256")
    return (
        Table(
            "hashes-saved", f"Trained weights of seed {study.seed}: the sha256 of each file (beginning).", columns, rows
        )
        if rows
        else None
    )


def times_table(study: Study) -> Table | None:
    """Return how long the jobs of each rule took together, and the longest of them."""
    times = summarise_jobs(study)
    leaves = {step.rule: step.leaves for step in study.results.steps}
    order = [rule for rule in leaves if rule in times] + [rule for rule in times if rule not in leaves]
    rows = [rule_row(rule, leaves.get(rule, ""), times[rule]) for rule in order]
    columns = [
        *plain("Rule", "Leaves"),
        *numeric("Jobs", "Time", "Longest"),
        *plain("Longest job"),
        *numeric("Peak resident"),
    ]
    total = formats.seconds(sum(found["seconds"] for found in times.values()))
    caption = (
        f"Wall time by rule, {total} over all jobs; jobs that ran side by side count one by one. Peak resident is the "
        "highest size of a job's processes that Snakemake saw; of jobs shorter than five seconds it sees too little. "
        "Collecting the results and what follows are not in it."
    )
    return Table("wall-seconds", caption, columns, rows, style="compact") if rows else None


def rule_row(rule: str, leaves: str, found: dict[str, Any]) -> list[Cell]:
    """Return one rule's row."""
    return [
        text(rule, style="code"),
        text(leaves),
        number(found["jobs"], formats.count),
        number(found["seconds"], formats.seconds),
        number(found["longest_seconds"], formats.seconds),
        text(found["longest_job"], style="code") if found["longest_job"] else blank("the rule has one job"),
        number(found["peak_resident_bytes"], formats.size),
    ]


def jobs_table(study: Study) -> Table | None:
    """Return every job, with its place where a scheduler chose one."""
    placed = were_placed(study)
    rows = [
        [
            text(job["rule"], style="code"),
            text(job["job"], style="code") if job["job"] else blank("the rule has one job"),
            number(job["seconds"], formats.seconds),
            number(job["peak_resident_bytes"], formats.size),
            *(place_cells(job) if placed else []),
        ]
        for job in list_jobs(study)
    ]
    columns = [*plain("Rule", "Job"), *numeric("Time", "Peak resident")]
    columns += plain("Node", "Slurm's number", "GPU") if placed else []
    return Table("jobs", "Wall time and memory of every job.", columns, rows, style="compact") if rows else None
