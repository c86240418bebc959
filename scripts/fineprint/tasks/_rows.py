"""Rows on disk, the held-out cut, and what the report says of a task's rows."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from fineprint.core.records import SplitRecord, TaskRecord, hash_file
from fineprint.core.settings import SettingsError
from fineprint.tasks import NO_LABEL, Row, TaskSettings

TRAIN, HELD_OUT = "train", "held_out"
POOLED = "pooled"  # all test splits pooled, where there are several
TRIALS = "trials"  # the folder of predictions on held-out rows by other choices of a prompt
RESERVED = (HELD_OUT, POOLED, TRIALS)


def list_test_splits(record: TaskRecord) -> list[str]:
    """Return the names of a task's test splits, the headline split first."""
    return [split for split in record.splits if split not in (TRAIN, HELD_OUT)]


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write one JSON object per line, the folders above made where they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """Read what `write_rows` wrote."""
    with path.open(encoding="utf-8") as file:
        return [Row(**json.loads(line)) for line in file]


def drop_unlabeled(rows: list[Row]) -> list[Row]:
    """Return the rows that have a gold label."""
    return [row for row in rows if row.label != NO_LABEL]


def cut_held_out(rows: list[Row], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Cut training rows into (train, held out) so that no group, such as a premise, lies on both sides.

    Args:
        rows: labeled training rows.
        share: of the rows that are held out, about.
        seed: of the draw of groups.

    Raises:
        SettingsError: one of the two parts would be empty.
    """
    # Sorted first: a set's order differs from process to process, and the draw must not.
    groups = sorted({row.group for row in rows})
    random.Random(seed).shuffle(groups)
    sizes, wanted = Counter(row.group for row in rows), round(share * len(rows))
    held: set[str] = set()
    count = 0
    for group in groups:
        # Whole groups, so the share is met about: never less than asked, at most one group more.
        if count >= wanted:
            break
        held.add(group)
        count += sizes[group]
    train, held_out = [row for row in rows if row.group not in held], [row for row in rows if row.group in held]
    if not train or not held_out:
        raise SettingsError(
            f"held_out_fraction: of {len(rows)} training rows in {len(groups)} groups (such as premises) "
            f"{len(held_out)} would be held out and {len(train)} left to train on; both must be non-empty: add "
            "rows, or change group_column or held_out_fraction"
        )
    return train, held_out


def draw_rows(rows: list[Row], count: int, seed: int) -> list[Row]:
    """Return at most so many rows, drawn by the seed, in their own order: a file may be sorted by label."""
    chosen = sorted(random.Random(seed).sample(range(len(rows)), min(count, len(rows))))
    return [rows[number] for number in chosen]


def prepare_splits(task: TaskSettings, seed: int) -> tuple[dict[str, list[Row]], dict[str, dict[str, int]]]:
    """Load a task's rows, drop and count the unlabeled, cut the held-out part off the training rows.

    Returns:
        Rows by split, "train" and "held_out" first, and the number of dropped rows by split and reason.

    Raises:
        SettingsError: a split's name is taken, a split has no labels, or a label has no training row.
    """
    loaded = task.load_splits(seed)
    taken = sorted(set(loaded) & set(RESERVED))
    if taken:
        raise SettingsError(f"split '{taken[0]}' needs another name; these are taken: {', '.join(RESERVED)}")
    dropped = {
        split: dict(Counter(task.why_unlabeled(row) for row in rows if row.label == NO_LABEL))
        for split, rows in loaded.items()
    }
    labeled = {split: drop_unlabeled(rows) for split, rows in loaded.items()}
    for split, rows in labeled.items():
        if not rows:
            raise SettingsError(f"split '{split}' has no row with a gold label among {len(loaded[split])} rows")
    # Cut after dropping rows without a label, so that the share is one of the rows that count.
    train, held_out = cut_held_out(labeled.pop(TRAIN), task.held_out_fraction, seed)
    require_every_label(task, train, held_out)
    return {TRAIN: train, HELD_OUT: held_out, **labeled}, dropped


def require_every_label(task: TaskSettings, train: list[Row], held_out: list[Row]) -> None:
    """Refuse training rows that lack a label: nothing could be learned of it, and scores would not say why."""
    if (most := max(row.label for row in (*train, *held_out))) >= len(task.labels):
        raise SettingsError(f"`labels` names {len(task.labels)} labels, but this kind of task has {most + 1} or more")
    present, held = Counter(row.label for row in train), Counter(row.label for row in held_out)
    for number, label in enumerate(task.labels):
        if not present[number]:
            where = f"all {held[number]} are held out" if held[number] else "there is none"
            raise SettingsError(
                f"label '{label}' has no training example among {len(train)} ({where}); add examples, or leave the "
                "label out of `labels`"
            )


def make_task_record(
    name: str,
    task: TaskSettings,
    splits: dict[str, list[Row]],
    dropped: dict[str, dict[str, int]],
    files: dict[str, Path],
) -> TaskRecord:
    """Return the task's record: settings, labels, wording, and for each split its counts, hash and first rows."""
    return TaskRecord(
        name=name,
        settings=task.model_dump(mode="json"),
        facts=task.facts(),
        description=task.description,
        labels=list(task.labels),
        answers=list(task.answers),
        prompt=task.prompt,
        dropped=dropped,
        not_drawn=task.not_drawn(),
        rows_shared_with_train={
            split: count_shared(rows, splits[TRAIN]) for split, rows in splits.items() if split != TRAIN
        },
        splits={split: describe_split(task, rows, files[split]) for split, rows in splits.items()},
    )


def describe_split(task: TaskSettings, rows: list[Row], file: Path) -> SplitRecord:
    """Return counts by label and tag, the file's hash and one example row per label."""
    tags = sorted({tag for row in rows for tag in row.tags})
    examples = [next((row for row in rows if row.label == number), None) for number in range(len(task.labels))]
    return SplitRecord(
        rows=len(rows),
        groups=len({row.group for row in rows}),
        labels={label: sum(row.label == number for row in rows) for number, label in enumerate(task.labels)},
        tags={tag: dict(sorted(Counter(row.tags.get(tag, "") for row in rows).items())) for tag in tags},
        sha256=hash_file(file),
        examples=[row for row in examples if row is not None],
    )


def count_shared(rows: list[Row], train: list[Row]) -> int:
    """Return how many rows have exactly the texts of a training row."""
    known = {tuple(row.texts.values()) for row in train}
    return sum(tuple(row.texts.values()) in known for row in rows)


def test_splits(rows: Path) -> dict[str, list[Row]]:
    """Return the rows of every test split, in alphabetical order of the splits."""
    files = sorted(file for file in rows.glob("*.jsonl") if file.stem not in (TRAIN, HELD_OUT))
    return {file.stem: read_rows(file) for file in files}
