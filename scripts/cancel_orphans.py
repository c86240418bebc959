"""Cancel what a killed Snakemake left in Slurm; `make resume` then unlocks the folder and runs again."""

from pathlib import Path

from fineprint.job import run_job
from fineprint.orphans import cancel_orphans


def main(*, folder: Path = Path(), prefix: str = "fineprint_", patience_seconds: float = 600) -> None:
    """Cancel the jobs of earlier runs in a folder and wait until they have ended.

    Args:
        folder: the one in which Snakemake ran.
        prefix: how their names begin: `slurm-jobname-prefix` of the profile, and an underscore.
        patience_seconds: how long to wait for their end; a job writes a last checkpoint first.
    """
    cancelled = cancel_orphans(folder.resolve(), prefix, patience_seconds)
    print(f"Cancelled {len(cancelled)} jobs of an earlier run." if cancelled else "No job of an earlier run is left.")


if __name__ == "__main__":
    run_job(main)
