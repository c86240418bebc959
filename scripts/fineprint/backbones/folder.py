"""A model folder on this machine, as `save_pretrained` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from fineprint.backbones import BackboneSettings
from fineprint.backbones._model_folder import link_model_files, list_model_files


class Settings(BackboneSettings):
    """Its files are linked, not copied.

    Attributes:
        path: relative to where snakemake is started, or absolute.
    """

    kind: Literal["folder"]
    path: Path

    def source_files(self) -> list[Path]:
        """Return the files that are linked, or at least the one that every model folder has."""
        folder = self.path.expanduser()
        return list_model_files(folder) or [folder / "config.json"]

    def read_config(self, model: Path) -> dict[str, Any] | None:
        """Return the folder's own config.json."""
        return super().read_config(self.path.expanduser())

    def plan_config(self, model: Path) -> Any:
        """Return the configuration of the folder itself."""
        return super().plan_config(self.path.expanduser())

    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Link the files; nothing is copied."""
        link_model_files(self.path.expanduser(), folder)
        return {"source": self.path.name}
