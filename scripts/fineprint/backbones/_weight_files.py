"""A model folder's files of weights: read by their headers alone, and what is wrong with them as sentences."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
BYTES_OF_LENGTH = 8  # a safetensors file begins with the length of its header
LONGEST_HEADER = 100_000_000  # as the safetensors library allows
LFS_POINTER = b"version https://git-lfs"
FLOATS = ("F64", "F32", "F16", "BF16")
MATRIX = 2  # dimensions of what a linear module multiplies by
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack", "*.gguf")


@dataclass
class Weights:
    """What the headers say.

    Attributes:
        shapes: of the tensors, by name.
        problems: sentences that name the file.
    """

    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_header(file: Path) -> dict[str, Any]:
    """Return the entries of a safetensors file: shape, dtype and place of each tensor.

    Raises:
        ValueError: a sentence on what is wrong with the file.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(BYTES_OF_LENGTH)
        if LFS_POINTER.startswith(start) and start:
            raise ValueError("it is a git-lfs pointer instead of the file: run `git lfs pull` in the model's folder")
        length = struct.unpack("<Q", start)[0] if len(start) == BYTES_OF_LENGTH else LONGEST_HEADER + 1
        if length > min(LONGEST_HEADER, size):
            raise ValueError("it is no whole safetensors file, its header is cut short: fetch it again")
        try:
            header = json.loads(stream.read(length))
            entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
            end = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
        except (ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
            raise ValueError("it is no whole safetensors file, its header cannot be read: fetch it again") from error
    wanted = BYTES_OF_LENGTH + length + end
    if size != wanted:
        raise ValueError(f"it has {size:,} bytes, its header speaks of {wanted:,}: it is not whole, fetch it again")
    return entries


def list_weight_files(folder: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Return the files that hold a model's weights, each with the tensors that the index puts there, and what is wrong
    with the index."""
    if (folder / WHOLE).exists():
        return {WHOLE: []}, []
    if not (folder / INDEX).exists():
        return {}, [describe_missing_weights(folder)]
    try:
        places = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        files: dict[str, list[str]] = {}
        for name, file in places.items():
            files.setdefault(file, []).append(name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, [f"{folder / INDEX}: it is no index of weights (weight_map): fetch it again."]
    return files, []


def describe_missing_weights(folder: Path) -> str:
    """Say why a folder without the usual files of weights has none."""
    if any(folder.glob("*.safetensors")):
        return f"{folder}: it has neither {WHOLE} nor {INDEX}; save the model anew with model.save_pretrained(folder)."
    pickled = sorted(file.name for pattern in PICKLED for file in folder.glob(pattern))
    if pickled:
        return (
            f"{folder}: it has no safetensors weights; pickled weights ({pickled[0]}) are not loaded, since they can "
            "run code. Convert them with model.save_pretrained(folder), which writes safetensors."
        )
    return f"{folder}: it has no weights ({WHOLE})."


def read_weights(folder: Path) -> Weights:
    """Read the headers of a model folder's weights."""
    files, problems = list_weight_files(folder)
    found = Weights(problems=problems)
    for name, tensors in sorted(files.items()):
        file = folder / name
        if not file.exists():
            found.problems.append(f"{file}: it does not exist, though {INDEX} names it: fetch it again.")
            continue
        try:
            header = read_header(file)
        except OSError as error:
            found.problems.append(f"{file}: it cannot be read ({error.strerror}).")
            continue
        except ValueError as error:
            found.problems.append(f"{file}: {error}.")
            continue
        found.shapes |= {tensor: tuple(entry["shape"]) for tensor, entry in header.items()}
        found.problems += describe_packed(file, header)
        lost = [tensor for tensor in tensors if tensor not in header]
        if lost:
            found.problems.append(f"{file}: it lacks {lost[0]}, which {INDEX} puts there: fetch it again.")
    return found


def describe_packed(file: Path, header: Mapping[str, Any]) -> list[str]:
    """Say that a file's weights are no floating-point numbers, as those of a quantized model."""
    packed = [name for name, entry in header.items() if name.endswith(".weight") and entry["dtype"] not in FLOATS]
    if not packed:
        return []
    return [
        f"{file}: {packed[0]} is stored as {header[packed[0]]['dtype']}: its weights are quantized already; name the "
        "model's original folder, which `precision: nf4` or int8 quantizes while loading."
    ]


def list_matrices(shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return the paths of a model's modules that multiply by a matrix; embeddings look like it and are among them."""
    return [name.removesuffix(".weight") for name, shape in shapes.items() if len(shape) == MATRIX]
