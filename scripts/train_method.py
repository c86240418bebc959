"""Train one method on one task with one seed, keep its best epoch, and save what was trained.

Started by torchrun, several processes share the training, a GPU each.
"""

from pathlib import Path

from fineprint.core.records import write_json
from fineprint.jobs.code_state import note_code
from fineprint.jobs.job import run_job
from fineprint.runs.running import train_run
from fineprint.training.checkpoints import Checkpoints, bind


def main(
    *,
    run_config: Path,
    task: Path,
    rows: Path,
    backbone: Path,
    backbone_record: Path,
    model: Path,
    record: Path,
    threads: int = 1,
    checkpoints: Path | None = None,
    checkpoint_minutes: float = 0,
) -> None:
    """Train a run.

    Args:
        run_config: the run's resolved settings.
        task: the task's record.
        rows: folder with the rows by split; only train.jsonl and held_out.jsonl are read.
        backbone: the backbone's folder.
        backbone_record: the backbone's record, for the model card.
        model: folder to save into.
        record: the training record.
        threads: that torch may use.
        checkpoints: folder of this run's checkpoints, which go when the run is done.
        checkpoint_minutes: between checkpoints; 0 writes none.
    """
    kept = None
    if checkpoints is not None and checkpoint_minutes:
        kept = Checkpoints(checkpoints, checkpoint_minutes, bind(run_config, task, backbone_record))
    trained = train_run(run_config, task, rows, backbone, backbone_record, model, threads, kept)
    if trained is not None:  # else another of several processes writes
        write_json(record, trained)
        note_code(record)
        if kept is not None:
            kept.remove()


if __name__ == "__main__":
    run_job(main)
