"""The hub's errors become sentences that say what to do. The network is never asked."""

from unittest.mock import MagicMock

import pytest
from huggingface_hub import errors

from fineprint.backbones.hub import Settings
from fineprint.hub import sentences
from fineprint.settings import SettingsError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.GatedRepoError, r"is gated .* accept its terms on https://huggingface.co/meta/llama.* HF_TOKEN"),
        (errors.RepositoryNotFoundError, "is not on the hub, or private"),
        (errors.RevisionNotFoundError, "has no revision 'v9'"),
        (errors.HfHubHTTPError, "could not be fetched"),
    ],
)
def test_answers_of_the_hub(error, words):
    with pytest.raises(SettingsError, match=words), sentences("meta/llama", "v9", ""):
        raise error("refused", response=MagicMock(headers={}))


def test_no_connection():
    with (
        pytest.raises(SettingsError, match="check the connection, or name a local folder"),
        sentences("a/b", "main", ""),
    ):
        raise ConnectionError("no route")


def test_the_commit_that_was_loaded_is_recorded(backbone_folders, tmp_path, monkeypatch):
    """The real fetch, with the hub's two answers replaced: which commit a branch is, and where the files lie."""
    import huggingface_hub

    asked = {}

    def download(name, **options):
        asked.update(options, name=name)
        return str(backbone_folders["encoder"])

    api = MagicMock()
    api.return_value.model_info.return_value.sha = "c0ffee"
    monkeypatch.setattr(huggingface_hub, "HfApi", api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    facts = Settings(kind="hub", architecture="encoder", name="roberta-large").fetch(tmp_path, seed=1)
    assert facts == {"source": "roberta-large", "revision_asked": "main", "revision": "c0ffee"}
    assert asked["revision"] == "c0ffee" and not any(pattern.endswith(".bin") for pattern in asked["allow_patterns"])
    assert (tmp_path / "model.safetensors").exists()
