"""What a study's jobs left beside their outputs: wall time, memory where sampled often enough, where they ran."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from fineprint.placement import read_log

# Snakemake looks at a job's memory every half second: of a job of a few tenths it sees little more than the shell.
SAMPLED_SECONDS = 5.0
MEBIBYTE = 1024 * 1024


def read_jobs(folder: Path, study: dict[str, Any], logs: Path | None = None) -> list[dict[str, Any]]:
    """Return rule, wildcards, wall time and peak resident size of each job of the study, by rule and wildcards.

    `folder` has the benchmark files, `logs` the log files by the same names: a log says where Slurm put the job. A file
    of a task, method, seed or backbone that the study no longer has was left by an earlier version of it.
    """
    run = study["run"]
    backbones = {study["methods"][method]["backbone"] for method in run["methods"]}
    known = {*run["tasks"], *run["methods"], *map(str, run["seeds"]), *backbones}
    places = [(file, file.relative_to(folder).with_suffix("").parts) for file in sorted(folder.rglob("*.tsv"))]
    return [
        read_job(file, *parts) | find_placement((logs or folder) / file.relative_to(folder))
        for file, parts in places
        if set(parts[1:]) <= known
    ]


def find_placement(place: Path) -> dict[str, Any]:
    """Return where the job ran by its log, or nothing if no scheduler was at work."""
    placement = read_log(place.with_suffix(".log"))
    return {"placement": placement} if placement else {}


def read_job(file: Path, rule: str, *wildcards: str) -> dict[str, Any]:
    """Return what one file says; memory is None where it was not sampled or not often enough."""
    with file.open(encoding="utf-8") as stream:
        row = next(csv.DictReader(stream, delimiter="\t"))
    seconds, peak = float(row["s"]), read_number(row.get("max_rss"))
    sampled = peak is not None and seconds >= SAMPLED_SECONDS
    return {
        "rule": rule,
        "job": "/".join(wildcards),
        "seconds": seconds,
        "peak_resident_bytes": round(peak * MEBIBYTE) if sampled and peak is not None else None,
    }


def read_number(text: str | None) -> float | None:
    """Return a number, or None for a mark such as "NA" or "-"."""
    try:
        return float(text or "")
    except ValueError:
        return None
