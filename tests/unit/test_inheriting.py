"""What a study takes over from config.yaml, and what not; keys that stand twice."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fineprint.core.settings import SettingsError
from fineprint.study.inheriting import (
    explain_inherited,
    find_repeated_keys,
    leave_behind,
    read_base,
    refuse_repeated_keys,
)
from fineprint.study.reading import read_study
from test_config import merge

ROOT = Path(__file__).parents[2]
BASE = {
    "study": "demo",
    "title": "The demo",
    "description": "A tiny RoBERTa.",
    "backbones": {"encoder": {"kind": "demo_encoder", "steps": 5}, "decoder": {"kind": "demo_decoder"}},
    "methods": {"lora": {"title": "RoBERTa, LoRA", "backbone": "encoder", "adapter": {"kind": "lora", "rank": 8}}},
}


def inherit(given):
    return leave_behind(merge(BASE, given), given, BASE)


def test_an_own_study_has_not_the_demo_s_title_and_description():
    own = inherit({"study": "mine"})
    assert own["title"] == "Fine-tuning methods: mine" and "description" not in own
    titled = inherit({"study": "mine", "title": "T", "description": "D"})
    assert (titled["title"], titled["description"]) == ("T", "D")
    assert inherit({"data_seed": 1})["title"] == "The demo", "the demo with another seed is the demo"
    assert inherit({"study": "demo"})["description"] == "A tiny RoBERTa."


def test_another_kind_drops_the_keys_of_the_old_one():
    found = inherit({"backbones": {"encoder": {"kind": "folder", "path": "m"}}})
    assert found["backbones"] == {"encoder": {"kind": "folder", "path": "m"}, "decoder": {"kind": "demo_decoder"}}
    adapter = inherit({"methods": {"lora": {"adapter": {"kind": "p_tuning", "tokens": 3}}}})["methods"]["lora"][
        "adapter"
    ]
    assert adapter == {"kind": "p_tuning", "tokens": 3}
    kept = inherit({"methods": {"lora": {"adapter": {"kind": "lora", "alpha": 1}}}})["methods"]["lora"]["adapter"]
    assert kept == {"kind": "lora", "rank": 8, "alpha": 1}


def test_a_method_on_another_backbone_loses_the_inherited_title():
    assert "title" not in inherit({"methods": {"lora": {"backbone": "decoder"}}})["methods"]["lora"]
    assert inherit({"methods": {"lora": {"backbone": "decoder", "title": "L"}}})["methods"]["lora"]["title"] == "L"
    assert inherit({"methods": {"lora": {"adapter": {"rank": 2}}}})["methods"]["lora"]["title"] == "RoBERTa, LoRA"


def test_methods_of_the_base_that_an_own_study_does_not_run_are_not_its_own():
    run = {"run": {"methods": ["mine"]}}
    own = inherit({"study": "mine", "methods": {"mine": {}, "kept": {}}, **run})
    assert list(own["methods"]) == ["mine", "kept"]
    assert list(inherit({"study": "mine", "run": {"methods": ["lora"]}})["methods"]) == ["lora"]
    assert list(inherit({"methods": {"mine": {}}, **run})["methods"]) == ["lora", "mine"], "the demo keeps its own"


@pytest.mark.parametrize("given", [{"methods": None}, {"methods": [1]}, {"backbones": {"encoder": None}}, {}])
def test_sections_of_another_shape_are_left_to_the_reader(given):
    config = {**BASE, **given}
    assert leave_behind(config, given, BASE) == config


def test_a_mistake_in_an_inherited_key_is_said_to_be_inherited():
    given = {"methods": {"lora": {"adapter": {"alpha": 1}}}}
    config = merge(BASE, given)
    inherited = explain_inherited("methods.lora.adapter.rank: too large.", given, config)
    assert inherited.startswith("methods.lora.adapter.rank: too large. (Inherited from config.yaml")
    for own in ("methods.lora.adapter.alpha: too small.", "methods.lora.adapter.gamma: unknown.", "no path"):
        assert explain_inherited(own, given, config) == own
    base = read_base(ROOT / "config.yaml")
    given = {"defaults": {"max_length": 4}}
    with pytest.raises(SettingsError) as error:
        read_study(merge(base, given), given)
    assert "Inherited" not in str(error.value)


def test_a_missing_base_is_said(tmp_path):
    with pytest.raises(SettingsError, match="is missing or holds no settings"):
        read_base(tmp_path / "config.yaml")


REPEATED = """\
study: a
methods:
  one: {title: x, title: y}
  two: {title: z}
tasks: [{kind: a, kind: b}]
methods: {}
"""


def test_keys_that_stand_twice_are_named_with_their_lines(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text(REPEATED)
    found = find_repeated_keys(file)
    assert [sentence.split(": ", 1)[1].split(";")[0] for sentence in found] == [
        "`methods` stands in lines 2 and 6",
        "`title` stands in lines 3 and 3",
        "`kind` stands in lines 5 and 5",
    ]
    with pytest.raises(SettingsError, match="Invalid configuration"):
        refuse_repeated_keys([file])
    file.write_text("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [1, 2]\n")
    assert find_repeated_keys(file) == []
    file.write_text("a: [")
    assert find_repeated_keys(file) == [], "what is no YAML is for Snakemake to refuse"


def test_no_config_of_the_project_has_a_key_twice():
    refuse_repeated_keys([ROOT / "config.yaml", *ROOT.glob("studies/*.yaml"), *ROOT.glob("tests/config/*.yaml")])


def test_a_study_may_be_started_from_another_folder(tmp_path):
    """A dry run in a folder that holds nothing but the study."""
    study = {"study": "elsewhere", "run": {"methods": ["roberta_lora"], "seeds": [1]}, "serving": None}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        str(ROOT / "Snakefile"),
        "-n",
        "--cores",
        "1",
        "--configfile",
        "study.yaml",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert f"{ROOT}/scripts/train_method.py" in done.stdout
    assert not (ROOT / "results" / "elsewhere").exists()
