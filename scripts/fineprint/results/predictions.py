"""Reading the predictions of a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fineprint.core.records import Run, read_predictions
from fineprint.scoring.scoring import Entries


def read_run_predictions(folder: Path, run: Run, splits: Iterable[str]) -> dict[str, Entries]:
    """Return what a run answered on each of these splits, in the order of the task's examples.

    Args:
        folder: the study's results folder.
        run: that predicted.
        splits: of its task.
    """
    place = folder / "runs" / run.task / run.method / str(run.seed) / "predictions"
    return {split: read_predictions(place / f"{split}.jsonl") for split in splits}
