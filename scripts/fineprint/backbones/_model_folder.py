"""Model folders: linking their files, and what a record says of them. No weight is loaded here."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from fineprint.backbones import BackboneSettings
from fineprint.backbones._folder_check import find_folder_problems, list_model_files
from fineprint.backbones._weight_files import list_weight_files, read_header
from fineprint.core.records import BackboneRecord, MatchedWeights, hash_folder
from fineprint.core.settings import SettingsError


def link_model_files(source: Path, folder: Path) -> None:
    """Link the files of a model folder into `folder`: configuration, safetensors, tokenizer.

    Raises:
        SettingsError: there is no whole model, or only weights in a format that can run code when loaded.
    """
    if problems := find_folder_problems(source):
        raise SettingsError("\n".join(problem.removesuffix(".") for problem in problems))
    for file in list_model_files(source):
        (folder / file.name).symlink_to(file.resolve())


def make_backbone_record(
    name: str, settings: BackboneSettings, folder: Path, facts: dict[str, Any], matched: MatchedWeights | None
) -> BackboneRecord:
    """Return a backbone's record: settings, facts, type, sizes and hashes."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = [folder / file for file in list_weight_files(folder)[0]]
    return BackboneRecord(
        name=name,
        pad_token=matched.pad_token if matched else None,
        settings=settings.model_dump(mode="json"),
        architecture=settings.architecture,
        facts={key: value for key, value in facts.items() if key != "revision"},
        revision=facts.get("revision"),
        model_type=config.get("model_type"),
        parameters=sum(count_stored_weights(file) for file in weights),
        bytes=sum(file.stat().st_size for file in weights),
        files=hash_folder(folder),
        matched=matched,
    )


def stored_bytes(folder: Path) -> int | None:
    """Return the bytes of a model folder's weights on disk, None where they are not there."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors")) or None


def count_stored_weights(file: Path) -> int:
    """Return the number of weights in a safetensors file, read from its header."""
    return sum(math.prod(entry["shape"]) for entry in read_header(file).values())
