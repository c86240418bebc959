"""What Slurm's accounting says of a run's jobs."""

import itertools
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cluster import ask, wait_for

FIELDS = ("JobIDRaw", "JobName", "State", "Start", "End", "AllocTRES", "Partition", "Account", "Comment", "WorkDir")


@dataclass
class Job:
    """One job as accounted for; a job without a start never ran."""

    number: str
    run: str
    state: str
    start: datetime | None
    end: datetime | None
    granted: str
    partition: str
    account: str
    rules: str

    @property
    def memory_mb(self) -> int:
        """How much memory it held."""
        found = re.search(r"mem=([\d.]+)([MG])", self.granted)
        return round(float(found.group(1)) * (1024 if found.group(2) == "G" else 1)) if found else 0

    @property
    def gpus(self) -> int:
        """How many GPUs it held."""
        found = re.search(r"gres/gpu=(\d+)", self.granted)
        return int(found.group(1)) if found else 0


def list_jobs(folder: Path) -> list[Job]:
    """Return the jobs that were submitted from a folder, in the order of their numbers."""
    output = ask("sacct", "-X", "--noheader", "--parsable2", "--starttime=now-1days", f"--format={','.join(FIELDS)}")
    rows = [dict(zip(FIELDS, line.split("|"), strict=True)) for line in output.splitlines()]
    return [read(row) for row in rows if row["WorkDir"] == str(folder)]


def list_ended(folder: Path) -> list[Job]:
    """Return the jobs of a folder once all have ended; accounting lags behind a little."""
    wait_for("the end of all jobs", lambda: all(job.end for job in list_jobs(folder)), 30)
    return list_jobs(folder)


def read(row: dict[str, str]) -> Job:
    """Return a line of sacct's as a job."""
    start, end = (read_time(row[name]) for name in ("Start", "End"))
    state, rules = row["State"].split()[0], row["Comment"]
    return Job(
        row["JobIDRaw"], row["JobName"], state, start, end, row["AllocTRES"], row["Partition"], row["Account"], rules
    )


def read_time(text: str) -> datetime | None:
    """Return a time; Unknown and None are none."""
    return datetime.fromisoformat(text) if text[:1].isdigit() else None


def overlapping(jobs: list[Job]) -> list[tuple[str, str]]:
    """Return the pairs of jobs that ran at the same time."""
    ran = sorted((job for job in jobs if job.start and job.end), key=lambda job: job.start)
    return [(first.number, second.number) for first, second in itertools.pairwise(ran) if second.start < first.end]
