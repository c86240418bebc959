"""Checkpoints of a training under way: where they lie, what they are bound to, and that each is whole or not there.

They lie outside a job's outputs, which Snakemake deletes when a job fails. Tensors are safetensors, the rest is JSON:
nothing that is read back can run code.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint import __version__
from fineprint.core.progress import logger
from fineprint.core.records import hash_file, read_json, write_json
from fineprint.jobs.environment import installed_versions

if TYPE_CHECKING:
    import torch

Tensors = dict[str, "torch.Tensor"]

FORMAT = 1  # a checkpoint of another layout is not read
STATE, WHOLE, PARTIAL = "state.json", "step-", "being-written"
# Another version of these may compute otherwise, or keep its state otherwise.
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate")
LEVELS = 4  # of folders below `checkpoints`: study, task, method, seed


@dataclass(frozen=True)
class Saved:
    """A checkpoint as read: plain values, and tensors by part and name, in the computer's memory."""

    state: dict[str, Any]
    tensors: dict[str, Tensors]


def bind(*files: Path) -> dict[str, Any]:
    """Return what a checkpoint must have in common with the training that it is to go on with.

    Args:
        files: what the training depends on, by content: its settings and the records of its rows and backbone.
    """
    versions = installed_versions()
    return {
        "format": FORMAT,
        "fineprint": __version__,
        "versions": {name: versions.get(name) for name in LIBRARIES},
        "files": {file.name: hash_file(file) for file in files},
    }


class Checkpoints:
    """The checkpoints of one run: the newest whole one, and while it is written the next."""

    def __init__(self, folder: Path, minutes: float, binding: dict[str, Any]) -> None:
        """Look at the clock: the first checkpoint is due in `minutes`.

        Args:
            folder: of this run alone; it is made when the first checkpoint is written.
            minutes: between checkpoints.
            binding: what `bind` returned for this run.
        """
        self.folder, self.seconds, self.binding = folder, minutes * 60, binding
        self.last = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the interval has passed since the last checkpoint or, before the first, since the start."""
        return time.monotonic() - self.last >= self.seconds

    def write(self, step: int, state: dict[str, Any], tensors: dict[str, Tensors]) -> bool:
        """Write a checkpoint and remove those before it; return whether it could be written.

        A full disk costs the checkpoint, not the training.
        """
        start, partial = time.monotonic(), self.folder / PARTIAL
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            write_parts(partial, {"binding": self.binding, **state}, tensors)
            finished = self.folder / f"{WHOLE}{step}"
            shutil.rmtree(finished, ignore_errors=True)
            # A rename is done or not done, whatever ends this process: there is never half a checkpoint of this name.
            partial.rename(finished)
        except OSError as error:
            logger.warning("No checkpoint could be written to %s; training continues: %s.", self.folder, error)
            shutil.rmtree(partial, ignore_errors=True)
            return False
        finally:
            self.last = time.monotonic()
        for older in self.whole()[:-1]:
            shutil.rmtree(older, ignore_errors=True)
        logger.info("Checkpoint at step %d written in %.1f s: %s", step, self.last - start, finished)
        return True

    def whole(self) -> list[Path]:
        """Return the checkpoints that were written to their end, the newest last."""
        found = self.folder.glob(f"{WHOLE}*") if self.folder.exists() else ()
        # By time rather than by step: after other settings a training begins at small steps again.
        return sorted(found, key=lambda path: (path / STATE).stat().st_mtime_ns if (path / STATE).exists() else 0)

    def read(self) -> Saved | None:
        """Return the newest checkpoint, or None where there is none that belongs to this very training."""
        from safetensors import SafetensorError

        if not self.whole():
            return None
        newest = self.whole()[-1]
        try:
            saved = read_checkpoint(newest, self.binding)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            logger.warning("The checkpoint %s cannot be read and is ignored: %s.", newest, error)
            return None
        if saved is None:
            logger.warning(
                "Ignoring the checkpoint %s, written with other settings, data or versions: training restarts.",
                newest,
            )
        return saved

    def remove(self) -> None:
        """Remove all checkpoints of the run, and the folders above that are then empty."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # not empty, or never made
            for parent in list(self.folder.parents)[:LEVELS]:
                parent.rmdir()


def write_parts(folder: Path, state: dict[str, Any], tensors: dict[str, Tensors]) -> None:
    """Write each part's tensors and last the state, all of it on the disk before this returns."""
    from safetensors.torch import save_file

    for part, values in tensors.items():
        save_file(values, folder / f"{part}.safetensors")
    write_json(folder / STATE, {**state, "parts": list(tensors)})
    # Else a machine that loses power after the rename could leave a folder of that name with empty files.
    for file in folder.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())


def read_checkpoint(folder: Path, binding: dict[str, Any]) -> Saved | None:
    """Return a checkpoint, or None if it is bound to something else."""
    from safetensors.torch import load_file

    state = read_json(folder / STATE)
    # As JSON gives it back: what was written has gone the same way.
    if state["binding"] != json.loads(json.dumps(binding)):
        return None
    return Saved(state, {part: load_file(folder / f"{part}.safetensors") for part in state["parts"]})
