"""Write the settings that a job depends on as a file: a changed setting then reruns that job and what follows it."""

from pathlib import Path

from fineprint.core.packing import unpack
from fineprint.core.records import write_json
from fineprint.jobs.job import run_job


def main(*, settings: str, output: Path) -> None:
    """Write settings.

    Args:
        settings: as JSON text, or packed.
        output: the file.
    """
    write_json(output, unpack(settings))


if __name__ == "__main__":
    run_job(main)
