"""Reading predictions and test examples for the section on errors, and for the page on which all can be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fineprint.core.records import (
    COST_ONLY,
    NOT_MADE,
    OK,
    ExampleSet,
    MethodAnswers,
    MissedExample,
    Run,
    TaskErrors,
    TaskRecord,
    read_record,
)
from fineprint.findings.answers import UNPARSEABLE, Answers
from fineprint.findings.overlap import find_commonest_answer, find_hardest, find_missed_by_all, measure_pairs
from fineprint.results.collecting_findings import is_control, read_answers, read_tagged
from fineprint.scoring.scoring import Entries
from fineprint.tasks import Row
from fineprint.tasks._rows import list_test_splits, read_rows

SHOWN = 8  # of the examples that every run misses
METHODS_COMPARED = 2  # fewer have nothing in common


def collect_errors(study: Mapping[str, Any], folder: Path, runs: Sequence[Run]) -> list[TaskErrors]:
    """Return what the errors of each task's methods on its headline split have in common.

    Args:
        study: the resolved config.
        folder: the study's results folder.
        runs: of all tasks.
    """
    compared = [run for run in runs if run.status == OK and not is_control(run, study["methods"][run.method])]
    found = []
    for task in dict.fromkeys(run.task for run in compared):
        answers = read_answers(folder, task, [run for run in compared if run.task == task])
        if answers and len(answers[0].given) >= METHODS_COMPARED:
            found.append(describe_errors(answers[0], read_split(folder, task, answers[0].split)))
    return found


def read_split(folder: Path, task: str, split: str) -> dict[str, Row]:
    """Return the examples of a split by their ids."""
    return {row.id: row for row in read_rows(folder / "data" / task / "rows" / f"{split}.jsonl")}


def describe_errors(answers: Answers, rows: Mapping[str, Row]) -> TaskErrors:
    """Return what the errors on a split have in common."""
    missed = np.flatnonzero(find_missed_by_all(answers))
    return TaskErrors(
        task=answers.task,
        split=answers.split,
        methods=list(answers.given),
        examples=answers.examples,
        runs=sum(map(len, answers.given.values())),
        pairs=measure_pairs(answers),
        hardest=find_hardest(answers),
        missed=len(missed),
        shown=[show_missed(answers, rows, int(place)) for place in missed[:SHOWN]],
    )


def show_missed(answers: Answers, rows: Mapping[str, Row], place: int) -> MissedExample:
    """Return an example that every run misses."""
    row = rows[answers.ids[place]]
    answer, runs = find_commonest_answer(answers, place)
    gold = answers.labels[answers.golds[place]]
    return MissedExample(id=row.id, texts=row.texts, gold=gold, answer=answer, runs=runs)


def collect_examples(study: Mapping[str, Any], folder: Path, runs: Sequence[Run]) -> list[ExampleSet]:
    """Return every test split of every task with the answers of each method, of its first seed that has any."""
    return [
        example_set
        for task in study["run"]["tasks"]
        for example_set in collect_sets(study, folder, task, list(first_runs(runs, task)))
    ]


def first_runs(runs: Sequence[Run], task: str) -> Iterator[Run]:
    """Return each method's first run on a task that has scores."""
    seen: set[str] = set()
    for run in runs:
        if run.task == task and run.method not in seen and run.scores and run.status not in (*NOT_MADE, COST_ONLY):
            seen.add(run.method)
            yield run


def collect_sets(study: Mapping[str, Any], folder: Path, task: str, runs: list[Run]) -> Iterator[ExampleSet]:
    """Return the test splits of a task; nothing where no method answered."""
    record = read_record(folder / "data" / task / "task.json", TaskRecord)
    predictions = read_tagged(folder, runs, list_test_splits(record)) if runs else {}
    for split, found in predictions.items():
        rows, tagged = read_split(folder, task, split), next(iter(found.values()))
        yield ExampleSet(
            task=task,
            split=split,
            labels=record.labels,
            fields=list(next(iter(rows.values())).texts),
            ids=[entry["id"] for entry in tagged],
            texts=[list(rows[entry["id"]].texts.values()) for entry in tagged],
            golds=[entry["gold"] for entry in tagged],
            tags=[entry["tags"] for entry in tagged],
            methods=[describe_answers(study, run, found[run.method, run.seed]) for run in runs],
        )


def describe_answers(study: Mapping[str, Any], run: Run, entries: Entries) -> MethodAnswers:
    """Return a run's answers with their confidence."""
    return MethodAnswers(
        title=run.title,
        number=study["run"]["methods"].index(run.method) + 1,
        seed=run.seed,
        answers=[UNPARSEABLE if entry["label"] is None else entry["label"] for entry in entries],
        confidences=[confidence(entry) for entry in entries],
    )


def confidence(entry: Mapping[str, Any]) -> int | None:
    """Return the probability of the answer in per cent; None for an answer without a label or without probabilities."""
    label, probabilities = entry["label"], entry.get("probabilities")
    return None if label is None or not probabilities else round(100 * probabilities[label])
