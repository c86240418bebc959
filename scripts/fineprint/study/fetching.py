"""What a study needs from elsewhere: the user's own files, and repositories on the hub that must be fetched first."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.core.records import hash_folder, read_json
from fineprint.core.settings import SettingsError
from fineprint.hub.repositories import FETCH, HubSource
from fineprint.hub.sources import SourceSettings
from fineprint.study.serving import used_methods, used_tasks

if TYPE_CHECKING:
    from fineprint.study.schema import StudyConfig


def used_sources(study: StudyConfig) -> dict[str, SourceSettings]:
    """Return the tasks and backbones that the study's runs use, by their place in the config such as tasks/multinli."""
    backbones = dict.fromkeys(study.methods[method].backbone for method in used_methods(study))
    return {
        **{f"tasks/{name}": study.tasks[name] for name in used_tasks(study)},
        **{f"backbones/{name}": study.backbones[name] for name in backbones},
    }


def check_sources(study: StudyConfig) -> None:
    """Refuse a study whose own rows or models do not exist.

    Raises:
        SettingsError: every missing file, a sentence each.
    """
    problems = [
        f"{where.replace('/', '.')}: {file} does not exist; paths are relative to where snakemake is started."
        for where, source in used_sources(study).items()
        for file in source.source_files()
        if not file.exists()
    ]
    if problems:
        raise SettingsError("This study cannot be run:\n" + "\n".join(f"  - {problem}" for problem in problems))


def list_hub_sources(study: StudyConfig) -> dict[str, dict[str, Any]]:
    """Return what of a study lies on the hub, by its place in the config, as plain data."""
    found = {where: source.hub_source() for where, source in used_sources(study).items()}
    return {where: asdict(source) for where, source in found.items() if source is not None}


def read_hub_source(values: dict[str, Any]) -> HubSource:
    """Return what `asdict` made plain data of."""
    return HubSource(**{**values, "files": tuple(values["files"])})


def fetch(source: HubSource, resolved: dict[str, Any]) -> dict[str, Any]:
    """Download one source at the commit that was resolved and return its record."""
    from fineprint.hub.repositories import download

    folder = download(source, resolved["revision"], resolved["sha256"])
    files = hash_folder(folder)
    sizes = sum((folder / name).stat().st_size for name in files)
    kept = {key: resolved[key] for key in ("source", "revision_asked", "revision", "gated")}
    return {**kept, "kind": source.kind, "bytes": sizes, "files": files}


def check_unchanged(record: Path | None, files: dict[str, str]) -> None:
    """Refuse files whose content is not what was fetched.

    Args:
        record: what fetching left; None for what is not from the hub.
        files: hashes by name, as the files are now.
    """
    known = read_json(record)["files"] if record is not None else {}
    # Files that fetching did not record, such as a README, decide nothing.
    changed = [name for name, sha in files.items() if known.get(name, sha) != sha]
    if changed:
        raise SettingsError(
            f"{changed[0]} is not the file that was fetched: it was changed in the hub's cache; {FETCH}"
        )


def use_fetched(source: SourceSettings, record: Path | None) -> None:
    """Tell a source on the hub which commit was fetched, from the record that fetching left."""
    if record is not None:
        source.use_revision(read_json(record)["revision"])
