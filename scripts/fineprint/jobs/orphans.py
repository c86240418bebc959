"""Jobs that a killed Snakemake left in Slurm: found by their name and folder, canceled, waited for.

They would go on writing while a new Snakemake submits the same jobs again.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

from fineprint.core.progress import logger
from fineprint.core.settings import SettingsError

# A killed Snakemake may leave an `sbatch` behind that submits a moment later: the queue is looked at once more.
SECONDS_BETWEEN_LOOKS = 1.0


def read_prefix(profile: Path) -> str:
    """Return how the names of jobs begin that Snakemake sends with a profile.

    Args:
        profile: its folder.

    Raises:
        SettingsError: there is no such profile, or it says no name, by which its jobs could be told from others.
    """
    import yaml

    file = profile / "config.yaml"
    if not file.is_file():
        raise SettingsError(f"{file} does not exist; give the folder of the profile that Snakemake ran with.")
    prefix = yaml.safe_load(file.read_text(encoding="utf-8")).get("slurm-jobname-prefix")
    if not prefix:
        raise SettingsError(
            f"{file} has no slurm-jobname-prefix, so its jobs cannot be distinguished from your others; cancel them "
            "yourself (`squeue --me`), then run Snakemake again with --unlock and once more without."
        )
    return f"{prefix}_"


def cancel_orphans(folder: Path, prefix: str, patience_seconds: float) -> list[str]:
    """Cancel this user's jobs of earlier runs in `folder` until none is left; return their numbers."""
    refuse_beside_living(folder)
    canceled: list[str] = []
    end = time.monotonic() + patience_seconds
    empty_looks = 0
    while empty_looks < 2:
        found = list_slurm_jobs(folder, prefix)
        empty_looks = 0 if found else empty_looks + 1
        if new := [job for job in found if job not in canceled]:
            logger.info("Cancelling %s", ", ".join(new))
            ask_slurm("scancel", *new)
            canceled += new
        if found and time.monotonic() > end:
            raise SettingsError(describe_stubborn(found, patience_seconds))
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return canceled


def list_slurm_jobs(folder: Path, prefix: str) -> list[str]:
    """Return the numbers of this user's jobs that have not ended, by name and by the folder they came from."""
    # The folder last, as it alone may hold a bar.
    lines = ask_slurm("squeue", "--noheader", f"--user={os.getuid()}", "--format=%A|%j|%Z").splitlines()
    jobs = [line.split("|", 2) for line in lines if line.count("|") >= 2]
    here = folder.resolve()
    return sorted({number for number, name, place in jobs if name.startswith(prefix) and Path(place).resolve() == here})


def ask_slurm(*command: str) -> str:
    """Return what a command of Slurm's prints; that it does not answer is never taken for an empty queue."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    except FileNotFoundError:
        raise SettingsError(f"`{command[0]}` is not installed on {socket.gethostname()}; use a login node.") from None
    except subprocess.TimeoutExpired:
        raise SettingsError(f"Slurm did not answer `{command[0]}` within a minute; try again later.") from None
    except subprocess.CalledProcessError as error:
        raise SettingsError(f"`{' '.join(command)}` failed: {error.stderr.strip()}") from None


def refuse_beside_living(folder: Path) -> None:
    """Stop if Snakemake still runs in this folder on this machine: its jobs are no orphans."""
    if drivers := find_drivers(folder):
        raise SettingsError(
            f"Snakemake still runs in {folder} (process {drivers[0]} on {socket.gethostname()}). Let it finish, or end "
            f"it by `kill -INT {drivers[0]}` (it then cancels its own jobs); then try again."
        )


def find_drivers(folder: Path) -> list[int]:
    """Return the processes that run Snakemake in this folder, those inside a job left out."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if is_driver(process.cmdline()) and Path(process.cwd()).resolve() == folder.resolve():
                found.append(process.pid)
        except (psutil.Error, OSError):  # it has ended, or is another user's
            continue
    return found


def is_driver(command: list[str]) -> bool:
    """Return whether a command line is a user's Snakemake; inside a job it is told its `--mode`."""
    return any(Path(part).name == "snakemake" for part in command[:4]) and "--mode" not in command


def describe_stubborn(jobs: list[str], seconds: float) -> str:
    """Return a sentence about jobs that do not end."""
    return (
        f"Canceled, but not ended within {seconds:.0f} s: {', '.join(jobs)}. `squeue --jobs={','.join(jobs)}` says "
        "why. Try again when they have ended, because two jobs must not write the same file."
    )
