"""Score a run's predictions on every test split."""

from pathlib import Path

from fineprint.core.records import write_json
from fineprint.jobs.code_state import note_code
from fineprint.jobs.job import run_job
from fineprint.scoring.scoring import score_run


def main(*, task: Path, predictions: Path, predict_record: Path, train_record: Path, record: Path) -> None:
    """Score a run.

    Args:
        task: the task's record.
        predictions: folder with the predictions by split.
        predict_record: what prediction noted.
        train_record: what training noted.
        record: the scores.
    """
    write_json(record, score_run(task, predictions, predict_record, train_record))
    note_code(record)


if __name__ == "__main__":
    run_job(main)
