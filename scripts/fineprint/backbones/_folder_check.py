"""What makes a model folder unusable, found from its files alone in a moment: sentences that name file and cure.

Neither torch nor Transformers is imported, so that the config of a study can be checked by it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fineprint.backbones import MODEL_FILES
from fineprint.backbones._weight_files import LFS_POINTER, read_weights

CONFIG = "config.json"
# A tokenizer is at least one of these; without any Transformers makes one up, to which every word is unknown.
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model", "*.tiktoken", "tekken.json")
# Read when the tokenizer or the model is loaded, where they are there; tokenizer.json, which may be large, is not among
# them: whoever loads it says what is wrong with it.
OBJECTS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json")
LARGEST_POINTER = 1000  # bytes; a file of any use may be smaller, and then does not begin as a pointer does


def find_folder_problems(folder: Path) -> list[str]:
    """Return what is wrong with a model folder, a sentence each; none where its files look whole."""
    if not (folder / CONFIG).is_file():
        return [describe_missing_config(folder)]
    pointers = [file for file in list_model_files(folder) if is_pointer(file)]
    problems = [
        f"{file}: it is a git-lfs pointer instead of the file: run `git lfs pull` in the model's folder."
        for file in pointers
    ]
    if problems:
        return problems
    config = read_json_file(folder / CONFIG)
    if config is None:
        return [f"{folder / CONFIG}: it is no JSON object: fetch it again."]
    return find_config_problems(folder, config) + find_tokenizer_problems(folder) + read_weights(folder).problems


def list_model_files(source: Path) -> list[Path]:
    """Return the files of a model folder that are used: configuration, safetensors, tokenizer."""
    return sorted({file for pattern in MODEL_FILES for file in source.glob(pattern)})


def describe_missing_config(folder: Path) -> str:
    """Say what a folder without config.json is, as far as that can be seen."""
    if (folder / "adapter_config.json").exists():
        return f"{folder}: it holds an adapter (adapter_config.json), no model; name the model that it was trained on."
    return f"{folder} is not a model folder (no config.json)."


def is_pointer(file: Path) -> bool:
    """Return whether git-lfs left a pointer in a file's place."""
    if not file.is_file() or file.stat().st_size > LARGEST_POINTER:
        return False
    return file.read_bytes().startswith(LFS_POINTER)


def read_json_file(file: Path) -> dict[str, Any] | None:
    """Return the object that a JSON file holds, None where it holds none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def find_config_problems(folder: Path, config: dict[str, Any]) -> list[str]:
    """Return what config.json says that cannot be used here."""
    file, problems = folder / CONFIG, []
    if not isinstance(config.get("model_type"), str):
        problems.append(f"{file}: model_type is missing, so that nothing says which architecture this is.")
    if config.get("is_encoder_decoder"):
        problems.append(
            f"{file}: models of type '{config.get('model_type')}' are an encoder and a decoder together, which no "
            "readout can use; name an encoder (BERT-like) or a decoder (Llama-like)."
        )
    if isinstance(config.get("quantization_config"), dict):
        method = config["quantization_config"].get("quant_method", "in a way that it does not name")
        problems.append(
            f"{file}: its weights are quantized already ({method}, by quantization_config); name the model's original "
            "folder, which `precision: nf4` or int8 quantizes while loading."
        )
    return problems


def find_tokenizer_problems(folder: Path) -> list[str]:
    """Return what is wrong with a folder's tokenizer files, and with what stands beside them."""
    if not any(file.exists() for pattern in VOCABULARIES for file in folder.glob(pattern)):
        return [
            f"{folder}: it has no tokenizer (tokenizer.json, vocab.txt, vocab.json or a SentencePiece .model); save it "
            "there with tokenizer.save_pretrained(folder)."
        ]
    broken = [folder / name for name in OBJECTS if (folder / name).exists() and read_json_file(folder / name) is None]
    return [f"{file}: it is no JSON object: fetch it again." for file in broken]
