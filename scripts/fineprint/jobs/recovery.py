"""A study's folder after Snakemake was killed: its stale lock is removed."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import psutil

LOCKS = Path(".snakemake/locks")
NOTE = Path(".snakemake/fineprint/run.json")
SAME_START = 1.0  # seconds: a process number may be given to another process later


def note_run() -> None:
    """Note that this process runs the study, once it has Snakemake's lock."""
    NOTE.parent.mkdir(parents=True, exist_ok=True)
    process = psutil.Process()
    noted = {"process": process.pid, "machine": socket.gethostname(), "started": process.create_time()}
    NOTE.write_text(json.dumps(noted), encoding="utf-8")


def release_dead_lock() -> str | None:
    """Take Snakemake's lock away if the process that had it is dead; return what was found, in a sentence.

    A lock that another machine's process left, or of which nothing is known, is left to Snakemake.
    """
    locks = sorted(LOCKS.glob("*.lock")) if LOCKS.exists() else []
    noted = read_note() if locks else None
    if noted is None or noted["machine"] != socket.gethostname() or noted["process"] in own_line():
        return None
    if is_alive(noted["process"], noted["started"]):
        since = time.strftime("%d %B %Y, %H:%M", time.localtime(noted["started"]))
        return (
            f"Another Snakemake (process {noted['process']}, since {since}) is running in this folder, so nothing "
            "can be built here. Wait until it ends, or stop it with Ctrl-C where it runs; do not unlock the folder "
            "before then."
        )
    for lock in locks:
        lock.unlink(missing_ok=True)
    return "The previous run in this folder was killed. Its lock has been removed; unfinished files will be rebuilt."


def read_note() -> dict[str, Any] | None:
    """Return what the last run noted of itself."""
    try:
        return json.loads(NOTE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def is_alive(process: float, started: float) -> bool:
    """Return whether a process with this number and start is running."""
    try:
        found = psutil.Process(int(process))
        return abs(found.create_time() - started) < SAME_START and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def own_line() -> list[int]:
    """Return this process and those that it descends from: jobs are started by the process that has the lock."""
    return [os.getpid(), *(parent.pid for parent in psutil.Process().parents())]
