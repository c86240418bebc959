"""Where rows and models come from: made here, the user's own files, or a repository on the Hugging Face hub.

Importing this must not import torch.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import PrivateAttr

from fineprint.core.settings import Settings, SettingsError
from fineprint.hub.repositories import FETCH, HubSource


class SourceSettings(Settings):
    """What tasks and backbones share. Where the source is on the hub, `use_revision` says which commit was fetched."""

    _revision: str | None = PrivateAttr(None)

    def hub_source(self) -> HubSource | None:
        """Return the repository that must be fetched first; None for what is made here or lies on this machine."""
        return None

    def source_files(self) -> list[Path]:
        """Return the user's files that this is made from: they must exist, and a change in one makes it again."""
        return []

    def use_revision(self, commit: str) -> None:
        """Note the commit that was fetched."""
        self._revision = commit

    def fetched_folder(self) -> Path:
        """Return the folder in the hub's cache that holds the fetched files; the network is not asked.

        Raises:
            SettingsError: nothing was fetched, or files are gone since.
        """
        from fineprint.hub.repositories import find_snapshot

        source = self.hub_source()
        assert source is not None
        if self._revision is None:
            raise SettingsError(f"'{source.name}' has not been fetched: {FETCH}")
        return find_snapshot(source, self._revision)
