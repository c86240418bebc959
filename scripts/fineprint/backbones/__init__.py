"""Backbones: where a model folder comes from.

A source is one file in this folder with a class `Settings(BackboneSettings)`. Importing it must not import torch.
"""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Literal

from fineprint.core.records import read_json
from fineprint.hub.sources import SourceSettings

# What a model folder may hold. Pickled weights (.bin, .pt) are never loaded, remote code never run.
MODEL_FILES = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.jinja")
MODEL_FILES += ("*.tiktoken", "*.codes")  # bpe.codes is BERTweet's and PhoBERT's


class BackboneSettings(SourceSettings):
    """What every source has.

    Attributes:
        kind: the file's name.
        origin: set by sources that make a model themselves, worded to follow a name: the report then says that
            accuracies tell nothing of real models.
        pretrained: False where weights are random: claims about accuracy are not tested on them.
        architecture: which readouts can be used on it: all on a decoder but the classifier, all on an encoder but
            generation.
    """

    kind: str
    origin: ClassVar[str] = ""
    pretrained: ClassVar[bool] = True
    architecture: Literal["encoder", "decoder"]

    @property
    def hub_name(self) -> str | None:
        """The repository on the Hugging Face hub that others can have the model from, or None."""
        return None

    @property
    def place(self) -> Path | str | None:
        """The folder or repository that messages name; None for what is made here."""
        return self.hub_name

    def read_config(self, model: Path) -> dict[str, Any] | None:
        """Return what config.json says, or will say, without importing torch; None where nothing says it yet.

        Args:
            model: the model folder, where it is there already.
        """
        return read_json(model / "config.json") if (model / "config.json").is_file() else None

    def find_problems(self) -> list[str]:
        """Return what is wrong with the user's own files, a sentence each, without importing torch."""
        return []

    def list_linear(self) -> list[str] | None:
        """Return the paths, or at least the last parts, of the model's linear modules, None where they are not known
        before the model is fetched."""
        return None

    def plan_config(self, model: Path) -> Any:
        """Return Transformers' configuration for planning, None where it is known only once the model is made.

        Args:
            model: the model folder, where it is there already.
        """
        from fineprint.models.loading import read_config

        return read_config(model) if (model / "config.json").is_file() else None

    @abstractmethod
    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Fill `folder` with a model folder (config.json, safetensors, tokenizer) and return facts for the record.

        Raises:
            SettingsError: the model cannot be had; the message says what to do.
        """
