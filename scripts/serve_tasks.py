"""Serve the study's tasks on one backbone in every way that its adapters allow, and measure each."""

from pathlib import Path

from fineprint.core.records import write_json
from fineprint.jobs.code_state import note_code
from fineprint.jobs.importing import import_libraries
from fineprint.jobs.job import run_job, use_threads


def main(*, settings: Path, study: Path, record: Path, threads: int = 1) -> None:
    """Measure serving.

    Args:
        settings: JSON with the tasks, the methods, the seed and how serving is measured.
        study: the study's results folder, with the runs of every task and method.
        record: what was measured.
        threads: that torch may use.
    """
    use_threads(threads)
    import_libraries()
    from fineprint.serving.serving import serve_study

    write_json(record, serve_study(settings, study))
    note_code(record)


if __name__ == "__main__":
    run_job(main)
