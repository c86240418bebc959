"""The Hugging Face hub: which commit a revision is, downloading a model, and errors as sentences.

A token comes from the environment (`HF_TOKEN`) or the login of `hf auth login`; it is never printed or stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fineprint.backbones import MODEL_FILES
from fineprint.settings import SettingsError

# Weights in other formats that some repositories keep in sub-folders.
IGNORED_FILES = ["original/*", "onnx/*", "openvino/*", "coreml/*"]


def resolve_dataset(name: str, revision: str) -> str:
    """Return the commit that a revision of a data set is."""
    from huggingface_hub import HfApi

    with sentences(name, revision, "datasets/"):
        return str(HfApi().dataset_info(name, revision=revision).sha)


def download_model(name: str, revision: str) -> tuple[Path, str]:
    """Download a model's safetensors, configuration and tokenizer; return the cached folder and the commit."""
    from huggingface_hub import HfApi, snapshot_download

    with sentences(name, revision, ""):
        commit = str(HfApi().model_info(name, revision=revision).sha)
        folder = snapshot_download(
            name, revision=commit, allow_patterns=list(MODEL_FILES), ignore_patterns=IGNORED_FILES
        )
    return Path(folder), commit


@contextmanager
def sentences(name: str, revision: str, kind: str) -> Iterator[None]:
    """Turn the hub's errors into sentences that say what to do."""
    from huggingface_hub import errors

    page = f"https://huggingface.co/{kind}{name}"
    try:
        yield
    except errors.GatedRepoError as error:
        raise SettingsError(
            f"'{name}' is gated and this account has no access: accept its terms on {page}, then log in with "
            "`hf auth login` or set HF_TOKEN to a token that may read gated repositories"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise SettingsError(f"'{name}' has no revision '{revision}'; see the branches and tags on {page}") from error
    except errors.RepositoryNotFoundError as error:
        raise SettingsError(f"'{name}' is not on the hub, or private: check the name on {page}, or log in") from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(
            f"'{name}' could not be fetched from the hub ({reason}); check the connection, or name a local folder"
        ) from error
