"""Where a scheduler put a job: told in the job's log, kept in its record, read from the logs for the report."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from fineprint.core.records import Placement

# A log may be long, and the line comes before anything that the job itself says.
LINES_LOOKED_AT = 20
LINE = re.compile(r"Slurm job (?P<job>\S+) on node (?P<node>\S+), (?:no GPU|GPU (?P<gpus>\S+))$")


def describe_placement() -> Placement | None:
    """Return where Slurm put this process; None outside of Slurm.

    `CUDA_VISIBLE_DEVICES` alone says nothing: it may come from the user's own shell. Slurm's own variables exist only
    where it granted a GPU.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if not job:
        return None
    granted = os.environ.get("SLURM_STEP_GPUS") or os.environ.get("SLURM_JOB_GPUS")
    node = os.environ.get("SLURMD_NODENAME") or platform.node()
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES") or granted if granted else None
    return Placement(job=job, node=node, gpus=gpus)


def write_line(placement: Placement) -> str:
    """Write a placement as a line of the log."""
    gpus = f"GPU {placement.gpus}" if placement.gpus else "no GPU"
    return f"Slurm job {placement.job} on node {placement.node}, {gpus}"


def read_log(log: Path) -> Placement | None:
    """Return the placement that a log begins with; None where there is no log, or the job ran outside of Slurm."""
    if not log.exists():
        return None
    with log.open(encoding="utf-8", errors="replace") as file:
        lines = [line for line, _ in zip(file, range(LINES_LOOKED_AT), strict=False)]
    found = next((match for line in lines if (match := LINE.search(line.rstrip()))), None)
    return Placement(**found.groupdict()) if found else None
