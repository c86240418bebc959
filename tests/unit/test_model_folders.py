"""Model folders: links, refusals, sizes read without loading weights."""

import json

import pytest
from transformers import AutoModelForMaskedLM

from fineprint.backbones._admission import check_architecture
from fineprint.backbones._model_folder import link_model_files, make_backbone_record
from fineprint.backbones.folder import Settings as Folder
from fineprint.core.settings import SettingsError


def test_folder_is_linked_and_described(backbone_folders, tmp_path):
    settings = Folder(kind="folder", architecture="encoder", path=backbone_folders["encoder"])
    facts = settings.fetch(tmp_path, seed=1)
    record = make_backbone_record("encoder", settings, tmp_path, facts, None)
    model = AutoModelForMaskedLM.from_pretrained(tmp_path)
    assert record.parameters == sum(p.numel() for p in model.parameters())
    assert record.model_type == "roberta" and len(record.files["model.safetensors"]) == 64
    check_architecture(settings, tmp_path)


def test_pickled_weights_are_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(SettingsError, match=r"no safetensors weights; pickled weights \(pytorch_model.bin\) are not"):
        link_model_files(tmp_path, tmp_path / "out")


def test_missing_model_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"no config.json"):
        link_model_files(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(("declared", "real"), [("encoder", "decoder"), ("decoder", "encoder"), ("decoder", "bert")])
def test_wrongly_declared_architecture_is_refused(declared, real, backbone_folders):
    settings = Folder(kind="folder", architecture=declared, path=backbone_folders[real])
    with pytest.raises(SettingsError, match=f"does not know as {declared}"):
        check_architecture(settings, backbone_folders[real])


def test_unknown_architecture_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nothing"}), encoding="utf-8")
    with pytest.raises(SettingsError, match="'nothing'"):
        check_architecture(Folder(kind="folder", architecture="encoder", path=tmp_path), tmp_path)
