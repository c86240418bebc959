"""The Hugging Face hub: who may read what, which commit a revision is, downloading, and errors as sentences.

A token comes from the environment (`HF_TOKEN`) or the login of `hf auth login`; it is never printed or stored. Only
`scripts/check_access.py` and `scripts/fetch_source.py` ask the hub, and `scripts/plan.py` for a config.json; every
other job finds what they left in the hub's cache (`HF_HOME`).
"""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fineprint.core.records import hash_file
from fineprint.core.settings import SettingsError

# Weights in other formats that some repositories keep in sub-folders.
IGNORED_FILES = ["original/*", "onnx/*", "openvino/*", "coreml/*"]


def check_access(sources: Mapping[str, HubSource]) -> dict[str, dict[str, Any]]:
    """Ask for every source whether it may be read and which commit its revision is; nothing is downloaded.

    Raises:
        SettingsError: a sentence for each source that cannot be had, or one that says that the disk is too small.
    """
    found, problems = {}, []
    for where, source in sources.items():
        try:
            found[where] = resolve_revision(source)
        except SettingsError as error:
            problems.append(f"{where}: {error}")
    if problems:
        raise SettingsError("nothing was downloaded:\n" + "\n".join(f"  - {problem}" for problem in problems))
    check_disk(sum(entry["bytes_to_download"] for entry in found.values()))
    return found


def resolve_revision(source: HubSource) -> dict[str, Any]:
    """Return a source's commit, its files as the hub declares them, and how much is not in the cache yet."""
    from huggingface_hub import HfApi, snapshot_download

    with sentences(source):
        # The description of a gated repository may be read by all, its files only by those who were let in.
        HfApi().auth_check(source.name, repo_type=source.kind)
        about = HfApi().repo_info(
            source.name, revision=source.revision, repo_type=source.kind, files_metadata=True, timeout=60
        )
        plan = snapshot_download(source.name, revision=about.sha, dry_run=True, **selection(source))
    declared = {file.rfilename: file.lfs.sha256 for file in about.siblings or [] if file.lfs is not None}
    return {
        "source": source.name,
        "revision_asked": source.revision,
        "revision": about.sha,
        "gated": bool(getattr(about, "gated", False)),
        "bytes_to_download": sum(file.file_size or 0 for file in plan if file.will_download),
        "sha256": {name: sha for name, sha in declared.items() if is_wanted(name, source)},
    }


def selection(source: HubSource) -> dict[str, Any]:
    """Return the hub library's arguments that choose a source's files."""
    return {"repo_type": source.kind, "allow_patterns": list(source.files), "ignore_patterns": IGNORED_FILES}


def is_wanted(name: str, source: HubSource) -> bool:
    """Return whether a file of a repository is used."""
    ignored = any(fnmatch.fnmatch(name, pattern) for pattern in IGNORED_FILES)
    return not ignored and any(fnmatch.fnmatch(name, pattern) for pattern in source.files)


def check_disk(wanted: int) -> None:
    """Refuse downloads that the disk of the hub's cache cannot hold."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise SettingsError(
            f"nothing was downloaded: {wanted / 1e9:.1f} GB would be fetched, but the disk of {folder} has "
            f"{free / 1e9:.1f} GB free; free some space, or set HF_HOME to a folder on another disk that all nodes see"
        )


def download(source: HubSource, commit: str, declared: Mapping[str, str]) -> Path:
    """Download a source's files at a commit into the hub's cache and return their folder.

    Raises:
        SettingsError: it cannot be downloaded, or a file's content is not what the hub declares.
    """
    from huggingface_hub import snapshot_download

    with sentences(source):
        folder = Path(snapshot_download(source.name, revision=commit, **selection(source)))
    wrong = [name for name, sha in declared.items() if hash_file(folder / name) != sha]
    if wrong:
        raise SettingsError(
            f"'{source.name}': {wrong[0]} in the cache is not the file that the hub declares; delete "
            f"{(folder / wrong[0]).resolve()} and fetch again"
        )
    return folder


def download_config(source: HubSource) -> Path:
    """Download a model's config.json alone and return its folder."""
    from huggingface_hub import hf_hub_download

    with sentences(source):
        return Path(hf_hub_download(source.name, "config.json", revision=source.revision)).parent


def find_snapshot(source: HubSource, commit: str) -> Path:
    """Return the folder of a fetched commit, without asking the network.

    Raises:
        SettingsError: it is not in the cache, or not whole.
    """
    from huggingface_hub import constants, errors, snapshot_download

    try:
        folder = Path(snapshot_download(source.name, revision=commit, local_files_only=True, **selection(source)))
    except (errors.LocalEntryNotFoundError, errors.IncompleteSnapshotError) as error:
        raise SettingsError(
            f"'{source.name}' has not been fetched completely: commit {commit[:12]} is missing in "
            f"{constants.HF_HUB_CACHE}; {FETCH}, and make sure that HF_HOME names the same folder there and here"
        ) from error
    return folder


@contextmanager
def sentences(source: HubSource) -> Iterator[None]:
    """Turn the hub's errors into sentences that say what to do."""
    import httpx2
    from huggingface_hub import errors

    name = source.name
    page = f"https://huggingface.co/{'datasets/' if source.kind == 'dataset' else ''}{name}"
    try:
        yield
    except errors.GatedRepoError as error:
        raise SettingsError(
            f"'{name}' is gated and this account has no access: accept its terms on {page}, then log in with "
            "`hf auth login` or set HF_TOKEN to a token that may read gated repositories"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise SettingsError(
            f"'{name}' has no revision '{source.revision}'; see the branches and tags on {page}"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise SettingsError(f"'{name}' is not on the hub, or private: check the name on {page}, or log in") from error
    except (errors.LocalEntryNotFoundError, errors.HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(
            f"'{name}' has not been fetched, and the hub cannot be reached from here ({reason}): run "
            "`snakemake fetch --cores 1 --configfile …` with this study's config where there is internet, or name a "
            "local folder instead"
        ) from error


FETCH = (
    "run `snakemake fetch --cores 1 --configfile …` with this study's config where there is internet; if it says that "
    "all is there, add `--forcerun fetch_source`"
)


@dataclass(frozen=True)
class HubSource:
    """A repository on the hub.

    Attributes:
        kind: what it holds.
        name: such as FacebookAI/roberta-large.
        revision: branch, tag or commit asked for.
        files: patterns of the files that are used.
    """

    kind: Literal["model", "dataset"]
    name: str
    revision: str
    files: tuple[str, ...]
