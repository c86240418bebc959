"""A model folder on this machine, as `save_pretrained` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from fineprint.backbones import BackboneSettings
from fineprint.backbones._folder_check import find_folder_problems, list_model_files, read_json_file
from fineprint.backbones._model_folder import link_model_files
from fineprint.backbones._weight_files import list_matrices, read_weights


class Settings(BackboneSettings):
    """Its files are linked, not copied.

    Attributes:
        path: relative to where snakemake is started, or absolute.
    """

    kind: Literal["folder"]
    path: Path

    @property
    def place(self) -> Path:
        """The folder as the config names it."""
        return self.path

    def source_files(self) -> list[Path]:
        """Return the files that are linked, or at least the one that every model folder has."""
        folder = self.path.expanduser()
        return list_model_files(folder) or [folder / "config.json"]

    def read_config(self, model: Path) -> dict[str, Any] | None:
        """Return the folder's own config.json."""
        file = self.path.expanduser() / "config.json"
        return read_json_file(file) if file.is_file() else None

    def find_problems(self) -> list[str]:
        """Return what is wrong with the folder."""
        return find_folder_problems(self.path.expanduser())

    def list_linear(self) -> list[str]:
        """Return the paths of what has a matrix in each layer, by the headers of the weights."""
        return list_matrices(read_weights(self.path.expanduser()).shapes)

    def plan_config(self, model: Path) -> Any:
        """Return the configuration of the folder itself."""
        return super().plan_config(self.path.expanduser())

    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Link the files; nothing is copied."""
        link_model_files(self.path.expanduser(), folder)
        return {"source": self.path.name}
