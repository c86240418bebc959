"""Answer the test rows with a trained or prompted method, and with its merged model where the config asks for one."""

from pathlib import Path

from fineprint.core.records import write_json
from fineprint.jobs.code_state import note_code
from fineprint.jobs.job import run_job
from fineprint.runs.running import predict_run


def main(
    *,
    run_config: Path,
    task: Path,
    rows: Path,
    backbone: Path,
    model: Path,
    predictions: Path,
    record: Path,
    threads: int = 1,
) -> None:
    """Predict a run's test rows.

    Args:
        run_config: the run's resolved settings.
        task: the task's record.
        rows: folder with the rows by split; every split but train and held_out is answered.
        backbone: the backbone's folder.
        model: what `train_method` saved.
        predictions: folder for one file per split, merged variants in sub-folders.
        record: the prediction record.
        threads: that torch may use.
    """
    write_json(record, predict_run(run_config, task, rows, backbone, model, predictions, threads))
    note_code(record)


if __name__ == "__main__":
    run_job(main)
