"""Scoring a run: its own predictions, those of its merged models beside them, and the trials of its prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fineprint.core.records import (
    COLLAPSED,
    COST_ONLY,
    OK,
    PairedTest,
    PredictRecord,
    Score,
    ScoreRecord,
    TaskRecord,
    TrainRecord,
    TrialScore,
    TriedPrompt,
    as_mapping,
    read_predictions,
    read_record,
)
from fineprint.scoring.means import find_collapse
from fineprint.scoring.statistics import holm, mcnemar_p_value, paired_difference, score_predictions
from fineprint.tasks._rows import HELD_OUT, POOLED, TRIALS, list_test_splits

Entries = list[dict[str, Any]]
LENGTH = "length"  # the tag made here; a task's own tag of this name is kept instead
LENGTH_PARTS = 4


def score_run(task: Path, predictions: Path, predict_record: Path, train_record: Path) -> ScoreRecord:
    """Score every split, variant and trial below `predictions`.

    Args:
        task: the task's record.
        predictions: the folder that `predict_labels` wrote.
        predict_record: what it noted, trials among it.
        train_record: what training noted, whether it collapsed among it.
    """
    described, predicted = read_record(task, TaskRecord), read_record(predict_record, PredictRecord)
    why = predicted.run_config.get("why_no_accuracy")
    if why is not None:
        return without_scores(f"accuracy was not measured: {why}")
    splits = list_test_splits(described)
    own = read_splits(predictions, splits)
    folders = [folder for folder in sorted(predictions.iterdir()) if folder.is_dir() and folder.name != TRIALS]
    variants = {folder.name: read_splits(folder, splits) for folder in folders}
    scores = score_splits(own, described.labels)
    reason = explain_collapse(read_record(train_record, TrainRecord), described)
    return ScoreRecord(
        splits=scores,
        variants={name: score_splits(parts, described.labels) for name, parts in variants.items()},
        agreement={
            name: {split: share_agreeing(join_splits(own)[split], part) for split, part in join_splits(parts).items()}
            for name, parts in variants.items()
        },
        merging={
            name: {split: compare_variant(join_splits(own)[split], part) for split, part in join_splits(parts).items()}
            for name, parts in variants.items()
        },
        trials=score_trials(predictions / TRIALS, predicted.trials, described.labels),
        status=OK if reason is None else COLLAPSED,
        reason=reason,
    )


def explain_collapse(train: TrainRecord, task: TaskRecord) -> str | None:
    """Return why a training counts as collapsed, or None.

    Only what was to learn more than a constant can collapse: not a control that is shown a part of each example, and
    not a linear probe, whose backbone nothing has changed.
    """
    kept = next((epoch for epoch in train.epochs if epoch.epoch == train.best_epoch), None)
    is_control = train.parameters is None or not train.parameters.adapter or train.run_config["settings"]["fields"]
    if kept is None or train.held_out_rows is None or is_control:
        return None
    return find_collapse(kept.held_out_accuracy, train.held_out_rows, task.splits[HELD_OUT].labels)


def without_scores(reason: str) -> ScoreRecord:
    """Return the record of a run whose accuracy would mean nothing: not a score, and why."""
    return ScoreRecord(splits={}, variants={}, agreement={}, trials=[], status=COST_ONLY, reason=reason)


def score_splits(splits: dict[str, Entries], labels: Sequence[str]) -> dict[str, Score]:
    """Score each split, rows tagged by their length; the pooled rows make a further split where there are several."""
    joined = join_splits(splits)
    ranges = length_ranges(joined[list(joined)[-1]])
    return {
        split: score_predictions([tag_length(entry, ranges) for entry in entries], labels)
        for split, entries in joined.items()
    }


def read_splits(folder: Path, splits: list[str]) -> dict[str, Entries]:
    """Return the predictions of each split, in the order of the task's rows, by which runs are paired."""
    return {split: read_predictions(folder / f"{split}.jsonl") for split in splits}


def join_splits(splits: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the splits and, where there are two or more, all their rows under "pooled"."""
    if len(splits) < 2:
        return splits
    return {**splits, POOLED: [entry for entries in splits.values() for entry in entries]}


def length_ranges(entries: Entries) -> list[tuple[int, int]]:
    """Return the quarters of the rows' lengths in words, each with its first and last length; fewer where many rows
    have one length."""
    words = sorted(entry["words"] for entry in entries)
    # A length that occurs, so that ranges are of whole words.
    quantiles = np.quantile(words, np.arange(1, LENGTH_PARTS) / LENGTH_PARTS, method="lower")
    ends = sorted({*(int(value) for value in quantiles), words[-1]})
    starts = [words[0], *(end + 1 for end in ends[:-1])]
    return list(zip(starts, ends, strict=True))


def tag_length(entry: dict[str, Any], ranges: list[tuple[int, int]]) -> dict[str, Any]:
    """Return a prediction with the range of lengths that its row falls into as a tag, such as "9–12 words"."""
    start, end = next(part for part in ranges if part[0] <= entry["words"] <= part[1])
    name = f"{start} words" if start == end else f"{start}–{end} words"
    return {**entry, "tags": {LENGTH: name, **entry["tags"]}}


def share_agreeing(first: Entries, second: Entries) -> float:
    """Return the share of rows on which two predictions name the same label, or both none."""
    same = sum(a["id"] == b["id"] and a["label"] == b["label"] for a, b in zip(first, second, strict=True))
    return same / len(first)


def compare_variant(own: Entries, variant: Entries) -> PairedTest:
    """Compare a merged model with the method itself on the same rows; the difference is merged − own."""
    variant_only, own_only = count_discordant(variant, own)
    difference, low, high = paired_difference(variant_only, own_only, len(own))
    p_value = mcnemar_p_value(variant_only, own_only)
    return PairedTest(difference=difference, difference_low=low, difference_high=high, p_value=p_value)


def count_discordant(first: Entries, second: Entries) -> tuple[int, int]:
    """Return on how many rows only the first of two predictions is right, and on how many only the second."""
    outcomes = [(a["label"] == a["gold"], b["label"] == b["gold"]) for a, b in zip(first, second, strict=True)]
    return sum(a and not b for a, b in outcomes), sum(b and not a for a, b in outcomes)


def score_trials(folder: Path, trials: list[TriedPrompt], labels: Sequence[str]) -> list[TrialScore]:
    """Score the trials of a prompt, each against the method's own choice on the same rows; p-values are corrected for
    the other choices tried."""
    entries = [read_predictions(folder / f"{number}.jsonl") for number in range(len(trials))]
    scored = [score_trial(trial, part, labels) for trial, part in zip(trials, entries, strict=True)]
    for choice in dict.fromkeys(trial.choice for trial in trials):
        places = [number for number, trial in enumerate(trials) if trial.choice == choice]
        # Each kind of choice is a family of tests of its own.
        own = next((number for number in places if trials[number].own), None)
        others = [number for number in places if number != own]
        if own is not None:
            found = [mcnemar_p_value(*count_discordant(entries[number], entries[own])) for number in others]
            for number, corrected in zip(others, holm(found), strict=True):
                scored[number] = replace(scored[number], p_value_holm=corrected)
    return scored


def score_trial(trial: TriedPrompt, entries: Entries, labels: Sequence[str]) -> TrialScore:
    """Score one trial of a prompt on held-out rows."""
    score = score_predictions(entries, labels)
    return TrialScore(
        **as_mapping(trial),
        rows=score.rows,
        accuracy=score.accuracy,
        accuracy_low=score.accuracy_low,
        accuracy_high=score.accuracy_high,
        unparseable_share=score.unparseable_share,
    )
