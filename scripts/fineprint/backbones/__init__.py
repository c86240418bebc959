"""Backbones: where a model folder comes from.

A source is one file in this folder with a class `Settings(BackboneSettings)`. Importing it must not import torch.
"""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Literal

from fineprint.sources import SourceSettings

# What a model folder may hold. Pickled weights (.bin, .pt) are never loaded, remote code never run.
MODEL_FILES = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.jinja")


class BackboneSettings(SourceSettings):
    """What every source has. `architecture` says which readouts can be used on it. `origin` is set by sources that make
    a model themselves, worded to follow a name: the report then says that accuracies tell nothing of real models.
    `pretrained` is False where weights are random: claims about accuracy are not tested on them."""

    kind: str
    origin: ClassVar[str] = ""
    pretrained: ClassVar[bool] = True
    architecture: Literal["encoder", "decoder"]

    @property
    def hub_name(self) -> str | None:
        """The repository on the Hugging Face hub that others can have the model from, or None."""
        return None

    @abstractmethod
    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Fill `folder` with a model folder (config.json, safetensors, tokenizer) and return facts for the record.

        Raises:
            SettingsError: the model cannot be had; the message says what to do.
        """
