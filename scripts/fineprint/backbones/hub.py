"""A model on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from fineprint.backbones import MODEL_FILES, BackboneSettings
from fineprint.backbones._model_folder import link_model_files
from fineprint.hub.repositories import HubSource


class Settings(BackboneSettings):
    """Fetched by the rule `fetch_source`, the only one that asks the network.

    Attributes:
        name: of the repository, such as FacebookAI/roberta-large.
        revision: branch, tag or commit asked for; the commit loaded is recorded.
    """

    kind: Literal["hub"]
    name: str
    revision: str = "main"

    @property
    def hub_name(self) -> str:
        """The repository's name."""
        return self.name

    def hub_source(self) -> HubSource:
        """Return the repository; nothing but configuration, safetensors and tokenizer is fetched."""
        return HubSource("model", self.name, self.revision, MODEL_FILES)

    def plan_config(self, model: Path) -> Any:
        """Return the configuration that was fetched, or download it, and nothing else."""
        from fineprint.hub.repositories import download_config

        return super().plan_config(model) or super().plan_config(download_config(self.hub_source()))

    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Link the files that were fetched into the hub's cache."""
        link_model_files(self.fetched_folder(), folder)
        return {"source": self.name, "revision_asked": self.revision, "revision": self._revision}
