"""What is served: a trained task, or a copy of one under another name, read from the folders of its run."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.backbones._model_folder import stored_bytes
from fineprint.core.records import folder_bytes, read_json, read_predictions
from fineprint.inference.assembly import ADAPTER_FOLDER, HEAD_FOLDER, make_readout
from fineprint.readouts import EncodedExample, Readout
from fineprint.study.reading import read_run
from fineprint.study.schema import MethodSettings
from fineprint.tasks import Row
from fineprint.tasks._rows import TRAIN, read_rows, test_splits

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Entry:
    """One served task.

    Attributes:
        name: unique among those served, fit for a module's name.
        task: the task it was trained on.
        method: how it was trained.
        readout: how it answers.
        backbone: the backbone's folder.
        saved: what training saved.
        rows: of the task's first test split.
        examples: the same, encoded.
        labels: what the run answered to them, in their order.
    """

    name: str
    task: str
    method: MethodSettings
    readout: Readout
    backbone: Path
    saved: Path
    rows: list[Row]
    examples: list[EncodedExample]
    labels: list[int | None]

    @cached_property
    def disk_bytes(self) -> int:
        """Bytes of what training saved, read off the disk as training's own record says them: without model cards."""
        from fineprint.runs.model_card import CARD_FILE

        return folder_bytes(self.saved) - sum(file.stat().st_size for file in self.saved.rglob(CARD_FILE))

    @cached_property
    def backbone_bytes(self) -> int:
        """Bytes of the backbone's weights, read off the disk as its own record says them."""
        return stored_bytes(self.backbone) or 0


def read_entry(study: Path, task: str, method: str, seed: int, backbone: str) -> Entry:
    """Read one trained task of a study.

    Args:
        study: the study's results folder.
        task: the task's name.
        method: the method's name.
        seed: of the run.
        backbone: the backbone's name.
    """
    run, data = study / "runs" / task / method / str(seed), study / "data" / task
    settings, folder = read_run(read_json(run / "run_config.json")), study / "backbones" / backbone / "model"
    readout = make_readout(
        settings, folder, read_json(data / "task.json"), read_rows(data / "rows" / f"{TRAIN}.jsonl"), seed
    )
    split, rows = first_test_split(data)
    examples = readout.encode_all(rows, with_answer=False)
    answered = read_predictions(run / "predictions" / f"{split}.jsonl")
    labels = [entry["label"] for entry in answered]
    return Entry(task, task, settings, readout, folder, run / "model", rows, examples, labels)


def first_test_split(data: Path) -> tuple[str, list[Row]]:
    """Return name and rows of the test split that comes first in the task's record."""
    splits = test_splits(data / "rows")
    name = next(name for name in read_json(data / "task.json")["splits"] if name in splits)
    return name, splits[name]


def copy_entries(trained: list[Entry], count: int) -> list[Entry]:
    """Return `count` entries: the trained ones, then copies of them in turn under other names."""
    return [
        trained[number] if number < len(trained) else replace(trained[number % len(trained)], name=f"copy{number:03d}")
        for number in range(count)
    ]


def draw_requests(entries: list[Entry], count: int, seed: int) -> list[tuple[str, EncodedExample]]:
    """Return rows of all tasks in random order, each with the name of its task."""
    # By the number of tasks, not by the way: all ways answer one stream.
    drawn = random.Random(f"{seed} requests of {len(entries)}")
    chosen = (drawn.choice(entries) for _ in range(count))
    return [(entry.name, drawn.choice(entry.examples)) for entry in chosen]


def read_weights(saved: Path, head_names: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return the tensors that a run saved: those of the adapter, and those of the head named from the head on.

    A head saved with the adapter is told by its name; one saved apart is named from the head on as it is.
    """
    adapter, head = {}, read_tensors(saved / HEAD_FOLDER)
    for name, tensor in read_tensors(saved / ADAPTER_FOLDER).items():
        parts = name.split(".")
        place = next((place for place, part in enumerate(parts) if part in head_names), None)
        if place is None:
            adapter[name] = tensor
        else:
            head[".".join(parts[place + 1 :])] = tensor
    if not adapter:
        raise FileNotFoundError(f"no weights in {ADAPTER_FOLDER}")
    return adapter, head


def read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    """Return every tensor of a folder's safetensors files, on the device that models are loaded to."""
    import torch
    from safetensors.torch import load_file

    device = f"cuda:{torch.cuda.current_device()}" if torch.cuda.is_available() else "cpu"
    tensors: dict[str, torch.Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")) if folder.exists() else ():
        tensors |= load_file(file, device=device)
    return tensors
