"""The schema that editors check config files by: current, true to what is accepted, and strict."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from fineprint.core.settings import list_kinds
from fineprint.study.json_schema import build_schema
from fineprint.study.schema import MethodSettings

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "docs/config.schema.json"
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml")), *sorted((ROOT / "tests/config").iterdir())]


@pytest.fixture(scope="module")
def schema():
    return build_schema()


@pytest.fixture(scope="module")
def validator(schema):
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def test_the_written_schema_is_current(schema):
    assert json.loads(WRITTEN.read_text(encoding="utf-8")) == schema, "run `make schema`"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_config_fits_and_names_the_schema(path, validator):
    text = path.read_text(encoding="utf-8")
    assert not list(validator.iter_errors(yaml.safe_load(text)))
    name, place = text.splitlines()[0].split("=")
    assert name == "# yaml-language-server: $schema" and (path.parent / place).resolve() == WRITTEN


@pytest.mark.parametrize(
    "config",
    [
        {"serving_": None},
        {"run": {"task": ["nli"]}},
        {"hardware": {"gpu_per_run": 1}},
        {"defaults": {"training": {"warmup_share": 0.1}}},
        {"methods": {"x": {"max_tokens": 64}}},
        {"methods": {"x": {"precision": "nf5"}}},
        {"methods": {"x": {"memory": "12GB"}}},
        {"methods": {"x": {"adapter": {"kind": "lora", "rnak": 8}}}},
        {"methods": {"x": {"adapter": {"kind": "lora", "tokens": 8}}}},
        {"methods": {"x": {"adapter": {"rank": 8, "tokens": 8}}}},
        {"methods": {"x": {"adapter": {"kind": "lorra"}}}},
        {"methods": {"x": {"readout": {"trials": {"temperature": [0.1]}}}}},
        {"methods": {"A b": {}}},
        {"tasks": {"x": {"kind": "sst2", "train_share": 0.1}}},
        {"backbones": {"x": {"kind": "hub", "architecture": "decodr"}}},
    ],
    ids=str,
)
def test_a_misspelled_key_or_value_is_refused(config, validator):
    assert list(validator.iter_errors(config))


def test_every_kind_and_every_key_is_there_and_explained(schema):
    for room, base in (("adapters", "Adapter"), ("readouts", "Readout"), ("tasks", "Task"), ("backbones", "Backbone")):
        found = [option["$ref"] for option in schema["$defs"][f"{base}Settings"]["anyOf"]]
        assert found == [f"#/$defs/{room}.{kind}" for kind in list_kinds(room)]
    assert set(schema["$defs"]["MethodSettings"]["properties"]) == set(MethodSettings.model_fields)
    silent = [
        f"{name}.{key}"
        for name, model in [("", schema), *schema["$defs"].items()]
        for key, part in model.get("properties", {}).items()
        if not part.get("description")
    ]
    assert not silent, "write the key under `Attributes:` in its class's docstring"
