"""A model on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from fineprint.backbones import BackboneSettings
from fineprint.model_folder import link_model_files


class Settings(BackboneSettings):
    """Attributes: the repository's name, and the branch, tag or commit asked for; the commit loaded is recorded."""

    kind: Literal["hub"]
    name: str
    revision: str = "main"

    @property
    def hub_name(self) -> str:
        """The repository's name."""
        return self.name

    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Download into the hub's cache and link the files."""
        from fineprint.hub import download_model

        cached, commit = download_model(self.name, self.revision)
        link_model_files(cached, folder)
        return {"source": self.name, "revision_asked": self.revision, "revision": commit}
