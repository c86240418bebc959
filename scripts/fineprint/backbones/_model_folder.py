"""Model folders: linking their files, checking them, and what a record says of them. No weight is loaded here."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

from fineprint.backbones import MODEL_FILES, BackboneSettings
from fineprint.core.records import BackboneRecord, hash_folder
from fineprint.core.settings import SettingsError

BYTES_OF_LENGTH = 8  # a safetensors file begins with the length of its header


def link_model_files(source: Path, folder: Path) -> None:
    """Link the files of a model folder into `folder`: configuration, safetensors, tokenizer.

    Raises:
        SettingsError: there is no model, or only weights in a format that can run code when loaded.
    """
    if not (source / "config.json").exists():
        raise SettingsError(f"{source} is not a model folder (no config.json)")
    if not any(source.glob("*.safetensors")):
        raise SettingsError(
            f"{source} has no safetensors weights; pickled weights are not loaded. Convert them with "
            "model.save_pretrained(folder, safe_serialization=True)"
        )
    for file in list_model_files(source):
        (folder / file.name).symlink_to(file.resolve())


def list_model_files(source: Path) -> list[Path]:
    """Return the files of a model folder that are used: configuration, safetensors, tokenizer."""
    return sorted({file for pattern in MODEL_FILES for file in source.glob(pattern)})


def make_backbone_record(
    name: str, settings: BackboneSettings, folder: Path, facts: dict[str, Any], pad_token: str | None
) -> BackboneRecord:
    """Return a backbone's record: settings, facts, type, sizes and hashes."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = sorted(folder.glob("*.safetensors"))
    return BackboneRecord(
        name=name,
        pad_token=pad_token,
        settings=settings.model_dump(mode="json"),
        architecture=settings.architecture,
        facts={key: value for key, value in facts.items() if key != "revision"},
        revision=facts.get("revision"),
        model_type=config.get("model_type"),
        parameters=sum(count_stored_weights(file) for file in weights),
        bytes=sum(file.stat().st_size for file in weights),
        files=hash_folder(folder),
    )


def stored_bytes(folder: Path) -> int | None:
    """Return the bytes of a model folder's weights on disk, None where they are not there."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors")) or None


def count_stored_weights(file: Path) -> int:
    """Return the number of weights in a safetensors file, read from its header."""
    with file.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(BYTES_OF_LENGTH))
        header = json.loads(stream.read(length))
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")


def check_architecture(settings: BackboneSettings, folder: Path) -> None:
    """Refuse a backbone that is not what the config declares it to be."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    model_type = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    fits = {
        "encoder": model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        "decoder": model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and model_type not in MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    }
    if not fits[settings.architecture]:
        raise SettingsError(
            f"the model is of type '{model_type}', which Transformers does not know as {settings.architecture}; "
            "set `architecture` to encoder (BERT-like) or decoder (Llama-like)"
        )
