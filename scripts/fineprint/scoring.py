"""Scoring a run: its own predictions, and those of its merged models beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fineprint.prediction import read_predictions
from fineprint.records import ScoreRecord, read_json
from fineprint.rows import HELD_OUT, TRAIN
from fineprint.statistics import find_collapse, score_predictions

Entries = dict[str, list[dict[str, Any]]]


def score_run(task: Path, predictions: Path) -> ScoreRecord:
    """Score every split and variant below `predictions`."""
    record = read_json(task)
    splits = [split for split in record["splits"] if split not in (TRAIN, HELD_OUT)]
    own = read_splits(predictions, splits)
    variants = {folder.name: read_splits(folder, splits) for folder in sorted(predictions.iterdir()) if folder.is_dir()}
    scores = {split: score_predictions(entries, record["labels"]) for split, entries in own.items()}
    reason = find_collapse(scores)
    return ScoreRecord(
        splits=scores,
        variants={
            name: {split: score_predictions(entries, record["labels"]) for split, entries in parts.items()}
            for name, parts in variants.items()
        },
        agreement={
            name: {split: share_agreeing(own[split], entries) for split, entries in parts.items()}
            for name, parts in variants.items()
        },
        status="ok" if reason is None else "collapsed",
        reason=reason,
    )


def read_splits(folder: Path, splits: list[str]) -> Entries:
    """Read the predictions of each split."""
    return {split: read_predictions(folder / f"{split}.jsonl") for split in splits}


def share_agreeing(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> float:
    """Return the share of rows on which two predictions name the same label, or both none."""
    same = sum(a["id"] == b["id"] and a["label"] == b["label"] for a, b in zip(first, second, strict=True))
    return same / len(first)
