"""The hub's errors become sentences that say what to do. The network is never asked."""

from unittest.mock import MagicMock

import pytest
from huggingface_hub import errors

from fineprint.backbones.hub import Settings
from fineprint.core.records import write_json
from fineprint.core.settings import SettingsError
from fineprint.hub.repositories import HubSource, check_access, check_disk, download, find_snapshot, sentences
from fineprint.study.fetching import check_unchanged

LLAMA = HubSource("model", "meta/llama", "v9", ("*.json",))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.GatedRepoError, r"is gated .* accept its terms on https://huggingface.co/meta/llama.* HF_TOKEN"),
        (errors.RepositoryNotFoundError, "is not on the hub, or private"),
        (errors.RevisionNotFoundError, "has no revision 'v9'"),
        (errors.HfHubHTTPError, "has not been fetched, and the hub cannot be reached"),
    ],
)
def test_answers_of_the_hub(error, words):
    with pytest.raises(SettingsError, match=words), sentences(LLAMA):
        raise error("refused", response=MagicMock(headers={}))


def test_no_connection():
    wanted = "run `snakemake fetch .* where there is internet, or name a local folder"
    with pytest.raises(SettingsError, match=wanted), sentences(LLAMA):
        raise ConnectionError("no route")


@pytest.fixture
def hub(monkeypatch):
    """The hub's answers, replaced."""
    import huggingface_hub

    api, download = MagicMock(), MagicMock()
    monkeypatch.setattr(huggingface_hub, "HfApi", api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return api.return_value, download


def test_every_source_is_asked_for_before_anything_is_downloaded(hub):
    api, download = hub
    refused = MagicMock(headers={})
    api.auth_check.side_effect = [
        errors.GatedRepoError("no", response=refused),
        None,
        errors.RepositoryNotFoundError("no", response=refused),
    ]
    api.repo_info.return_value = MagicMock(sha="c0ffee", siblings=[], gated=False)
    download.return_value = []
    with pytest.raises(SettingsError) as told:
        check_access(dict.fromkeys(["backbones/a", "backbones/b", "tasks/c"], LLAMA))
    assert "nothing was downloaded" in str(told.value)
    assert "backbones/a: 'meta/llama' is gated" in str(told.value) and "tasks/c: 'meta/llama' is not on the hub" in str(
        told.value
    )
    assert all(call.kwargs["dry_run"] for call in download.call_args_list)


def test_a_disk_too_small_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    check_disk(0)
    with pytest.raises(SettingsError, match=r"1000000000\.0 GB would be fetched, but the disk of .* set HF_HOME"):
        check_disk(10**18)


def test_a_file_other_than_declared_is_refused(hub, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"other")
    hub[1].return_value = str(tmp_path)
    with pytest.raises(SettingsError, match=r"model\.safetensors in the cache is not the file that the hub declares"):
        download(LLAMA, "c0ffee", {"model.safetensors": "0" * 64})


def test_what_is_not_in_the_cache_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(SettingsError, match="'meta/llama' has not been fetched completely: commit c0ffee"):
        find_snapshot(LLAMA, "c0ffee" * 6 + "0000")


def test_a_file_that_was_changed_since_is_refused(tmp_path):
    write_json(tmp_path / "encoder.json", {"files": {"config.json": "aa", "README.md": "bb"}})
    check_unchanged(tmp_path / "encoder.json", {"config.json": "aa", "of_another_source.json": "cc"})
    check_unchanged(None, {"config.json": "zz"})
    with pytest.raises(SettingsError, match=r"config\.json is not the file that was fetched"):
        check_unchanged(tmp_path / "encoder.json", {"config.json": "zz"})


def test_a_backbone_that_was_not_fetched_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="'roberta-large' has not been fetched: run `snakemake fetch"):
        Settings(kind="hub", architecture="encoder", name="roberta-large").fetch(tmp_path, seed=1)


def test_the_commit_that_was_fetched_is_recorded(backbone_folders, tmp_path, hub):
    """The real fetch, with the hub's cache replaced."""
    hub[1].return_value = str(backbone_folders["encoder"])
    backbone = Settings(kind="hub", architecture="encoder", name="roberta-large")
    backbone.use_revision("c0ffee")
    assert backbone.fetch(tmp_path, seed=1) == {
        "source": "roberta-large",
        "revision_asked": "main",
        "revision": "c0ffee",
    }
    asked = hub[1].call_args.kwargs
    assert asked["revision"] == "c0ffee" and asked["local_files_only"]
    assert not any(pattern.endswith(".bin") for pattern in asked["allow_patterns"])
    assert (tmp_path / "model.safetensors").exists()
