"""Versions, hashes, commands, config."""

from __future__ import annotations

from typing import Any

import yaml

from fineprint.reporting import formats
from fineprint.reporting.methods import name_cells
from fineprint.reporting.setting import backbones_used
from fineprint.reporting.study import Study
from fineprint.reporting.table import Cell, Table, number, numeric, plain, text


def describe(study: Study) -> dict[str, Any]:
    """Return everything the section shows."""
    record = study.results["provenance"]
    commit, changed = record.get("commit"), record.get("uncommitted_changes")
    facts = [
        ("Study", study.config["study"]),
        ("Results collected", record.get("created") or formats.NOT_MEASURED),
        ("Commit", commit or "not known: the files were not in a git checkout"),
        ("Files differ from the commit", formats.NOT_MEASURED if changed is None else "yes" if changed else "no"),
        ("Config sha256", record.get("config_sha256") or formats.NOT_MEASURED),
        ("Seeds", formats.setting(study.seeds)),
        ("Seed of the data", formats.setting(study.config.get("data_seed"))),
    ]
    return {
        "facts": facts,
        "command": record.get("command") or "",
        "single_command": single_command(study),
        "versions": versions_table(study),
        "files": [table for table in (data_files(study), backbone_files(study), saved_files(study)) if table],
        "times": times_table(study),
        "config": yaml.safe_dump(study.config, sort_keys=False, allow_unicode=True, width=78, default_flow_style=None),
    }


def single_command(study: Study) -> str:
    """Return the command that makes one row again, on the example of the first method."""
    everything = study.results["provenance"].get("command") or "snakemake --cores 1"
    folder = f"results/{study.config['study']}/runs/{study.tasks[0]}/{study.methods[0]}/{study.seed}"
    return f"{everything} --force {' '.join(f'{folder}/{name}.json' for name in ('train', 'predict', 'scores'))}"


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
    """Return how long each rule or job took, where that was noted."""
    times = study.results["provenance"].get("wall_seconds") or {}
    rows = [[text(name, style="code"), number(value, formats.seconds)] for name, value in times.items()]
    return (
        Table("wall-seconds", "Wall time by rule or job.", [*plain("Rule or job"), *numeric("Time")], rows)
        if rows
        else None
    )
