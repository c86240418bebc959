"""Reading the predictions of a study once more, for what stands out in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fineprint.core.records import OK, Finding, Run, TaskRecord, read_record
from fineprint.findings.answers import Answers, make_answers
from fineprint.findings.rules import find_in_task
from fineprint.results.predictions import read_run_predictions
from fineprint.scoring.scoring import Entries, length_ranges, tag_length
from fineprint.tasks._rows import list_test_splits

Predictions = dict[tuple[str, int], Entries]  # of one split, by method and seed


def collect_findings(study: Mapping[str, Any], folder: Path, runs: Sequence[Run]) -> list[Finding]:
    """Return what stands out in the answers of a study's methods, task by task.

    Controls and runs that collapsed, or have no scores, are left out: of these it is known what stands out.

    Args:
        study: the resolved config.
        folder: the study's results folder.
        runs: of all tasks.
    """
    methods = [run for run in runs if run.status == OK and not is_control(run, study["methods"][run.method])]
    return [
        finding
        for task in dict.fromkeys(run.task for run in methods)
        for finding in find_in_task(read_answers(folder, task, [run for run in methods if run.task == task]))
    ]


def is_control(run: Run, settings: Mapping[str, Any]) -> bool:
    """Return whether a run only shows what is reached without reading all of an example, without a model, or with a
    head on the frozen backbone."""
    return bool(settings.get("fields")) or run.loads_no_model or run.trains_head_alone


def read_answers(folder: Path, task: str, runs: Sequence[Run]) -> list[Answers]:
    """Return what the runs of a task answered on each test split, the headline split first."""
    record = read_record(folder / "data" / task / "task.json", TaskRecord)
    predictions = read_tagged(folder, runs, list_test_splits(record))
    found = [make_answers(task, split, record.labels, entries) for split, entries in predictions.items()]
    return [answers for answers in found if answers is not None]


def read_tagged(folder: Path, runs: Sequence[Run], splits: Sequence[str]) -> dict[str, Predictions]:
    """Return the predictions of each split, with the length of each example among its tags, as it is scored."""
    read: dict[str, Predictions] = {split: {} for split in splits}
    for run in runs:
        for split, entries in read_run_predictions(folder, run, splits).items():
            read[split][run.method, run.seed] = entries
    any_run = (runs[0].method, runs[0].seed)
    ranges = length_ranges([entry for split in splits for entry in read[split][any_run]])
    return {
        split: {place: [tag_length(entry, ranges) for entry in entries] for place, entries in found.items()}
        for split, found in read.items()
    }
