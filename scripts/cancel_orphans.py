"""Cancel what a killed Snakemake left in Slurm; `make resume` then unlocks the folder and runs again."""

from pathlib import Path

from fineprint.jobs.job import run_job
from fineprint.jobs.orphans import cancel_orphans, read_prefix


def main(*, folder: Path = Path(), profile: Path = Path("profiles/slurm"), patience_seconds: float = 600) -> None:
    """Cancel the jobs of earlier runs in a folder and wait until they have ended.

    Args:
        folder: the one in which Snakemake ran.
        profile: the one it ran with, which says how the jobs' names begin.
        patience_seconds: how long to wait for their end; a job writes a last checkpoint first.
    """
    canceled = cancel_orphans(folder.resolve(), read_prefix(profile), patience_seconds)
    print(f"Canceled {len(canceled)} jobs of an earlier run." if canceled else "No job of an earlier run is left.")


if __name__ == "__main__":
    run_job(main)
