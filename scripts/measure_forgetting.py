"""Measure what the first task loses when the second is learned on the same weights."""

from pathlib import Path

from fineprint.core.records import write_json
from fineprint.jobs.code_state import note_code
from fineprint.jobs.importing import import_libraries
from fineprint.jobs.job import run_job, use_threads


def main(*, settings: Path, study: Path, record: Path, threads: int = 1) -> None:
    """Measure what the first task loses when the second is learned on the same weights.

    Args:
        settings: JSON with the tasks, the methods and the seed.
        study: the study's results folder, with the runs of every task and method.
        record: what was measured.
        threads: that torch may use.
    """
    use_threads(threads)
    import_libraries()
    from fineprint.serving.forgetting import measure_study

    write_json(record, measure_study(settings, study))
    note_code(record)


if __name__ == "__main__":
    run_job(main)
