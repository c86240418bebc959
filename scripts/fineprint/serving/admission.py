"""What is not served: unknown tasks, adapters that were made for another model or another room, damaged files.

Each is refused by a sentence before anything in memory has changed, so that the other tasks are answered as before.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import ADAPTER_FOLDER
from fineprint.serving.refusals import comes_from

if TYPE_CHECKING:
    import torch

    from fineprint.serving.entries import Entry


def check_names(asked: Iterable[str], served: Collection[str]) -> None:
    """Refuse requests for tasks that are not served.

    Raises:
        SettingsError: naming the first such task and those that are served.
    """
    unknown = next((name for name in asked if name not in served), None)
    if unknown is not None:
        raise SettingsError(f"task '{unknown}' is not served here; served tasks: {', '.join(sorted(served))}")


@contextmanager
def whole_files(entry: Entry) -> Iterator[None]:
    """Turn what reading a damaged or incomplete folder raises into a sentence.

    Raises:
        SettingsError: a file of the task is missing, cut short or no longer what it was.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, OSError, EOFError, KeyError, json.JSONDecodeError, UnicodeDecodeError) as error:
        if isinstance(error, KeyError) and not comes_from(error, "peft"):
            raise  # a mistake in the code; PEFT's means that its file lacks a key
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SettingsError(
            f"task '{entry.name}' cannot be served: a file in {entry.saved} is missing or damaged ({reason}); train it "
            "again, or restore the folder"
        ) from error


def check_backbone(entry: Entry, first: Entry) -> None:
    """Refuse an adapter that was trained on another backbone: its weights might fit and its answers be wrong.

    Raises:
        SettingsError: the folders of the backbones, or the names that the adapters give them, differ.
    """
    own, held = name_trained_on(entry), name_trained_on(first)
    if entry.backbone.resolve() == first.backbone.resolve() and own == held:
        return
    if own == held:
        own, held = str(entry.backbone), str(first.backbone)
    raise SettingsError(
        f"task '{entry.name}' cannot be served: its adapter was trained on {own}, and {held} is in memory"
    )


def name_trained_on(entry: Entry) -> str | None:
    """Return the backbone that an adapter's own configuration names."""
    file = entry.saved / ADAPTER_FOLDER / "adapter_config.json"
    name = json.loads(file.read_text(encoding="utf-8")).get("base_model_name_or_path")
    return None if name is None else str(Path(name))


def check_shapes(entry: Entry, saved: Mapping[str, torch.Tensor], room: Mapping[str, Any]) -> None:
    """Refuse an adapter whose tensors do not fit the room there is, such as one of another rank.

    Args:
        entry: the task.
        saved: its tensors, named as in the model.
        room: the model's own, by name.

    Raises:
        SettingsError: a tensor has another name or shape.
    """
    for name, tensor in saved.items():
        if name not in room:
            raise SettingsError(
                f"task '{entry.name}' cannot be served: its adapter has '{name}', the one in memory does not"
            )
        if tensor.shape != room[name].shape:
            raise SettingsError(
                f"task '{entry.name}' cannot be served: '{name}' of its adapter is {tuple(tensor.shape)} and the room "
                f"in memory {tuple(room[name].shape)}; adapters that take turns in one place need one rank and one kind"
            )
