"""Write the settings that a job depends on as a file: a changed setting then reruns that job and what follows it."""

from pathlib import Path

from fineprint.job import run_job
from fineprint.packing import unpack
from fineprint.records import write_json


def main(*, settings: str, output: Path) -> None:
    """Write settings.

    Args:
        settings: as JSON text, or packed.
        output: the file.
    """
    write_json(output, unpack(settings))


if __name__ == "__main__":
    run_job(main)
