"""What of a study's models and methods is refused before any job starts: sentences with the key, without torch."""

import json
import shutil
import subprocess
import sys

import pytest
import torch

from fineprint.adapters._targets import list_linear, name_last
from fineprint.adapters.lora import Settings as Lora
from fineprint.backbones.demo_decoder import Settings as DemoDecoder
from fineprint.backbones.demo_encoder import Settings as DemoEncoder
from fineprint.backbones.folder import Settings as Folder
from fineprint.core.settings import SettingsError, find_settings, read_model
from fineprint.study.admission import check_models
from fineprint.study.fetching import check_sources
from fineprint.study.schema import StudyConfig
from test_model_admission import WEIGHTS, change_config, cut_short


def read_targets(value):
    problems = []
    return read_model(Lora, {"kind": "lora", "target_modules": value}, "adapter", problems), problems


@pytest.mark.parametrize("value", ["all-linear", ["all-linear"]])
def test_all_linear_is_accepted(value):
    assert read_targets(value)[0].target_modules == "all-linear"


@pytest.mark.parametrize("value", ["query", [], [1], [""], {"query": 1}])
def test_targets_that_are_no_names_are_refused(value):
    settings, problems = read_targets(value)
    assert settings is None and len(problems) == 1
    assert problems[0].startswith("adapter.target_modules: a list of names such as [query, value], or all-linear, is ")


def make_study(backbone, **method):
    adapter = {"kind": "lora", "target_modules": ["query"]}
    values = {"backbone": "own", "adapter": adapter, "readout": {"kind": "classifier"}} | method
    made = {"training": {"learning_rate": 1.0}} | values
    made["adapter"] = find_settings("adapters", made["adapter"]["kind"]).model_validate(made["adapter"])
    made["readout"] = find_settings("readouts", made["readout"]["kind"]).model_validate(made["readout"])
    task = find_settings("tasks", "demo_nli").model_validate({"kind": "demo_nli"})
    return StudyConfig.model_validate(
        {
            "study": "a", "title": "A", "tasks": {"nli": task}, "backbones": {"own": backbone},
            "methods": {"one": made}, "run": {"tasks": ["nli"], "methods": ["one"], "seeds": [1]},
        }
    )  # fmt: skip


def told(study, results):
    """The problems that the config is refused for."""
    try:
        check_models(study, results)
    except SettingsError as refused:
        return str(refused).splitlines()[1:]
    return []


def test_a_study_on_a_local_folder_is_checked_when_its_config_is_read(whole_models, tmp_path, copy_model):
    electra = Folder(kind="folder", architecture="encoder", path=whole_models["electra"])
    assert told(make_study(electra), tmp_path) == []
    misspelt = make_study(electra, adapter={"kind": "lora", "target_modules": ["query", "valeu"]}, max_length=200)
    too_long, unknown = told(misspelt, tmp_path)
    assert too_long.startswith(
        "  - methods.one: max_length 200 does not fit the 128 positions of backbone 'own'; lower "
    )
    assert unknown == (
        "  - methods.one: adapter.target_modules: 'valeu' matches no linear module of this electra model; it has: "
        "dense, key, query, value."
    )
    prompted = make_study(electra, adapter={"kind": "prefix_tuning", "tokens": 10}, max_length=120)
    assert "max_length 120 and 10 virtual tokens do not fit the 128 positions" in told(prompted, tmp_path)[0]
    kept = make_study(electra, readout={"kind": "classifier", "head": "keep"})
    assert "readout.head: the head to keep has the labels" in told(kept, tmp_path)[0]
    spoilt = copy_model("electra")
    cut_short(spoilt)
    assert told(make_study(Folder(kind="folder", architecture="encoder", path=spoilt)), tmp_path)[0].startswith(
        f"  - backbones.own: {spoilt / WEIGHTS}: it has 5,000 bytes"
    )


@pytest.mark.parametrize("backbone", [DemoEncoder(), DemoDecoder()])
def test_what_is_known_of_a_demo_model_before_it_is_made_is_true(backbone, tmp_path):
    config = backbone.plan_config(tmp_path)
    known = backbone.read_config(tmp_path)
    assert known == {"model_type": config.model_type, "max_position_embeddings": config.max_position_embeddings}
    with torch.device("meta"):
        model = backbone.build_model(backbone.build_tokenizer())
    layers = [path for path in list_linear(model, ()) if any(part.isdecimal() for part in path.split("."))]
    assert name_last(layers) == sorted(backbone.linear)
    long = make_study(backbone, max_length=1000, readout={"kind": "linear_head"})
    problems = told(long, tmp_path)
    assert "max_length 1000 does not fit" in problems[0]
    assert len(problems) == (1 if config.model_type == "roberta" else 2), "a Llama has no module 'query'"


def test_an_adapter_s_folder_is_no_model(copy_model, tmp_path):
    folder = copy_model("electra")
    (folder / "config.json").rename(folder / "adapter_config.json")
    study = make_study(Folder(kind="folder", architecture="encoder", path=folder))
    check_sources(study)  # its files are there
    assert told(study, tmp_path) == [
        f"  - backbones.own: {folder}: it holds an adapter (adapter_config.json), no model; name the model that it was "
        "trained on."
    ]


def test_a_prefix_is_refused_by_the_model_s_type(copy_model, tmp_path):
    folder = copy_model("electra")
    prefix = {"kind": "prefix_tuning", "tokens": 10}
    for model_type, refused in (("electra", False), ("distilbert", True)):
        change_config(folder, model_type=model_type)
        study = make_study(Folder(kind="folder", architecture="encoder", path=folder), adapter=prefix, max_length=64)
        assert any("models of type 'distilbert' take none" in line for line in told(study, tmp_path)) == refused


def test_a_model_of_earlier_settings_decides_nothing(tmp_path, whole_models):
    """What an earlier run left counts only as long as the backbone is set as it was."""
    backbone = find_settings("backbones", "hub").model_validate(
        {"kind": "hub", "architecture": "encoder", "name": "a/b"}
    )
    made = tmp_path / "backbones" / "own"
    shutil.copytree(whole_models["electra"], made / "model")
    study = make_study(backbone, max_length=200)
    assert told(study, tmp_path) == [], "nothing says what that model was"
    (made / "settings.json").write_text(json.dumps({"settings": backbone.model_dump(mode="json")}))
    assert "does not fit the 128 positions" in told(study, tmp_path)[0]
    (made / "settings.json").write_text(json.dumps({"settings": {"name": "another"}}))
    assert told(study, tmp_path) == []


def test_the_config_is_checked_without_torch(whole_models):
    code = (
        "import sys; from pathlib import Path; from fineprint.backbones._folder_check import find_folder_problems; "
        "import fineprint.study.admission; "
        f"assert find_folder_problems(Path({str(whole_models['electra'])!r})) == []; "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "scripts", "PATH": ""})
