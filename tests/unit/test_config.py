"""Bad input is refused by sentences before any job starts, all mistakes at once."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fineprint.core.settings import SettingsError, list_kinds
from fineprint.study.fetching import check_sources
from fineprint.study.reading import describe_run, read_run, read_study

ROOT = Path(__file__).parents[2]
DEMO = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def merge(base, overlay):
    """Merge as Snakemake does: mappings deeply, everything else replaced."""
    merged = copy.deepcopy(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else copy.deepcopy(value)
    return merged


def overlays():
    return sorted((ROOT / "studies").glob("*.yaml"))


def changed(**paths):
    config = copy.deepcopy(DEMO)
    for path, value in paths.items():
        *parents, last = path.split("__")
        part = config
        for parent in parents:
            part = part[parent]
        part[last] = value
    return config


def test_the_demo_has_every_method_of_the_assignment():
    study = read_study(DEMO)
    assert list(study.run.methods) == [
        *("roberta_full", "roberta_lora", "roberta_p_tuning", "roberta_prefix_tuning"),
        *("llama_zero_shot", "llama_one_shot", "llama_qlora_generation", "llama_qlora_head"),
        *("roberta_probe", "llama_probe", "roberta_hypothesis", "majority"),
    ]
    assert study.methods["llama_qlora_head"].adapter.kind == "lora"
    assert study.methods["llama_qlora_head"].precision == "nf4"


@pytest.mark.parametrize("overlay", overlays(), ids=lambda path: path.stem)
def test_every_study_is_accepted(overlay):
    study = read_study(merge(DEMO, yaml.safe_load(overlay.read_text(encoding="utf-8"))))
    assert study.study == overlay.stem


def on_other_data():
    """Overlays but those of the demo itself, on its data and models, which its numbers were tuned for."""
    return [path for path in overlays() if "backbones" in yaml.safe_load(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("overlay", on_other_data(), ids=lambda path: path.stem)
def test_no_tuned_number_of_the_demo_leaks_into_another_study(overlay):
    """Whatever number the demo sets for a method, an overlay that runs the method sets too."""
    own = yaml.safe_load(overlay.read_text(encoding="utf-8"))

    def numbers(tree, path=()):
        if isinstance(tree, dict):
            return {found for key, value in tree.items() for found in numbers(value, (*path, key))}
        return {path} if isinstance(tree, (int, float)) and not isinstance(tree, bool) else set()

    merged = merge(DEMO, own)
    for method in merged["run"]["methods"]:
        demo, here = numbers(DEMO["methods"].get(method, {})), numbers(own["methods"].get(method, {}))
        default = {("training", key) for key in own.get("defaults", {}).get("training", {})}
        prompting = {("readout", key) for key in ("shots", "temperature", "max_new_tokens")}  # as in the assignment
        left = demo & numbers(merged["methods"][method])  # a part that is set to null takes its numbers along
        assert left - here - default - prompting == set(), method


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"methods__roberta_lora__adapter__rnak": 3}, ["methods.roberta_lora.adapter.rnak", "unknown", "rank"]),
        ({"methods__roberta_lora__adapter__rank": 0}, ["methods.roberta_lora.adapter.rank", "greater than or equal"]),
        ({"methods__roberta_lora__adapter": {"kind": "loora"}}, ["adapter", "loora", "lora, none, p_tuning"]),
        (
            {"methods__roberta_lora__readout": {"kind": "generation"}},
            ["generation", "decoder", "'encoder' is declared"],
        ),
        ({"methods__roberta_full__precision": "nf4"}, ["full", "nf4", "another adapter"]),
        ({"methods__roberta_full__precision": "int3"}, ["int3", "float32", "nf4"]),
        (
            {"methods__roberta_p_tuning__adapter": {"kind": "p_tuning", "encoder_layers": 3}},
            ["roberta_p_tuning.adapter.encoder_layers: it acts with encoder: lstm alone", "found 3"],
        ),
        (
            {"methods__roberta_p_tuning__adapter": {"kind": "p_tuning", "encoder_dropout": 0.1}},
            ["encoder_dropout: it acts with encoder: lstm alone"],
        ),
        ({"methods__roberta_full__merge_into": ["float32"]}, ["merge_into", "full"]),
        ({"methods__roberta_lora__merge_into": ["dequantized_bfloat16"]}, ["float32", "write bfloat16 instead"]),
        (
            {"methods__llama_qlora_generation__merge_into": ["dequantised_bfloat16"]},
            ["merge_into: dequantised_bfloat16 is now called dequantized_bfloat16."],
        ),
        (
            {"tasks__nli__unlabelled_rows": 2},
            ["tasks.nli.unlabelled_rows: this key is now called unlabeled_rows."],
        ),
        ({"methods__llama_qlora_generation__merge_into": ["int3"]}, ["merge_into", "int3", "dequantized_bfloat16"]),
        ({"methods__roberta_full__backbone": "bert"}, ["bert", "decoder, encoder"]),
        ({"methods__llama_zero_shot__training": {"epochs": 3}}, ["llama_zero_shot.training", "nothing is trained"]),
        ({"methods__roberta_full__training": {"learning_rate": "fast"}}, ["training.learning_rate", "'fast'"]),
        ({"run__methods": ["roberta_fulll"]}, ["run.methods", "roberta_fulll", "roberta_full"]),
        ({"run__seeds": []}, ["run.seeds", "at least 1"]),
        ({"run__seeds": [1, 2, 1]}, ["run: seeds: 1 is named more than once"]),
        ({"run__seeds": [-1]}, ["run.seeds", "greater than or equal to 0"]),
        ({"run__methods": ["roberta_full", "roberta_full"]}, ["methods: roberta_full is named more than once"]),
        ({"methods__roberta_full__fields": []}, ["methods.roberta_full.fields", "at least 1"]),
        (
            {"methods__roberta_full__fields": ["hypotesis"]},
            ["methods.roberta_full.fields: the rows of task 'nli' have no text 'hypotesis'", "premise, hypothesis"],
        ),
        (
            {"run__tasks": ["nli", "sentiment"]},
            ["methods.roberta_hypothesis.fields: the rows of task 'sentiment'", "leave the method out of run.methods"],
        ),
        (
            {"methods__llama_zero_shot__fields": ["hypothesis"]},
            ["methods.llama_zero_shot.fields: the prompt of task 'nli' asks for {premise}", "hidden from this method"],
        ),
        ({"methods__majority__adapter": {"kind": "full"}}, ["methods.majority", "loads no model", "adapter 'none'"]),
        ({"methods__majority__training": {"epochs": 2}}, ["methods.majority.training", "nothing is trained"]),
        ({"tasks__nli__kind": "nlii"}, ["tasks.nli", "nlii", "own_files"]),
        ({"tasks__nli__prompt": "no field"}, ["tasks.nli.prompt", "{premise}"]),
        ({"tasks__nli__prompt": "{premise.__class__}"}, ["tasks.nli.prompt"]),
        ({"tasks__nli__labels": ["yes", "maybe", "yes "]}, ["tasks.nli.labels: expected at least two distinct labels"]),
        ({"tasks__nli__train_rows": -90}, ["tasks.nli.train_rows", "greater than or equal to 10; found -90."]),
        ({"tasks__nli__train_rows": 10**12}, ["tasks.nli.train_rows", "less than or equal to 20000"]),
        ({"tasks__nli__answers": ["yes"]}, ["tasks.nli.answers", "3"]),
        ({"study": "My Study"}, ["study", "a-z"]),
        ({"methods__llama_qlora_head__training__shard_weights": True}, ["shard_weights", "paged_adamw_8bit"]),
        ({"methods__llama_qlora_head__training": {"shard_weights": True}}, ["shard_weights", "nf4"]),
        (
            {
                "methods__roberta_p_tuning__backbone": "decoder",
                "methods__roberta_p_tuning__readout": {"kind": "generation"},
                "methods__roberta_p_tuning__training": {"shard_weights": True},
            },
            ["shard_weights", "p_tuning", "generation", "another adapter"],
        ),
        ({"color": "red"}, ["color", "unknown", "backbones"]),
        ({"methods": {}}, ["methods", "at least one"]),
    ],
)
def test_mistakes_are_named(changes, words):
    with pytest.raises(SettingsError) as caught:
        read_study(changed(**changes))
    for word in words:
        assert word in str(caught.value)


def test_all_mistakes_are_told_at_once():
    config = changed(methods__roberta_lora__adapter__rnak=3, methods__roberta_full__max_length="x")
    with pytest.raises(SettingsError, match=r"max_length[\s\S]*rnak"):
        read_study(config)


def test_missing_files_are_told_before_any_job():
    own = yaml.safe_load((ROOT / "studies/own_data.yaml").read_text(encoding="utf-8"))
    with pytest.raises(SettingsError) as caught:
        check_sources(read_study(merge(DEMO, own)))
    for words in ("tasks.own_nli: data/train.jsonl", "backbones.own_decoder: models/decoder/config.json"):
        assert words in str(caught.value)
    check_sources(read_study(DEMO))


def test_more_rows_need_no_code():
    extra = {
        "lora_64": {"backbone": "encoder", "adapter": {"kind": "lora", "rank": 64, "target_modules": ["query"]}},
        "few_shot": {"backbone": "decoder", "adapter": {"kind": "none"}, "readout": {"kind": "generation", "shots": 4}},
        "decoder_lora": {"backbone": "decoder", "adapter": {"kind": "lora", "target_modules": ["q_proj"]}},
        "decoder_full": {"backbone": "decoder", "adapter": {"kind": "full"}, "readout": {"kind": "generation"}},
        "encoder_linear": {"backbone": "encoder", "adapter": {"kind": "full"}, "readout": {"kind": "linear_head"}},
    }
    for name, method in extra.items():
        method.setdefault("readout", {"kind": "linear_head"})
        assert name in read_study(merge(DEMO, {"methods": {name: method}})).methods


def test_controls_are_left_out_by_name_and_a_prompt_may_ask_for_what_is_seen():
    methods = [name for name in DEMO["run"]["methods"] if name not in ("majority", "roberta_hypothesis")]
    study = read_study(changed(run__methods=methods, run__tasks=["nli", "sentiment"]))
    assert "majority" not in study.run.methods and "majority" in study.methods
    sees = {"methods__llama_zero_shot__fields": ["hypothesis"], "tasks__nli__prompt": "Is it so? {hypothesis}"}
    assert read_study(changed(**sees)).methods["llama_zero_shot"].fields == ("hypothesis",)


def test_a_run_is_told_by_its_settings_alone():
    study = read_study(DEMO)
    config = json.loads(json.dumps(describe_run(study, "nli", "roberta_lora", 42)))
    assert read_run(config) == study.methods["roberta_lora"].model_copy(update={"title": ""})
    assert "title" not in config, "another title trains nothing anew"
    zero_shot = json.loads(json.dumps(describe_run(study, "nli", "llama_zero_shot", 1)))
    assert read_run(zero_shot).training is None


def test_reading_the_config_imports_no_torch():
    code = (
        "import sys, yaml; sys.path.insert(0, 'scripts'); from fineprint.study.reading import read_study; "
        "from fineprint.core.settings import find_settings, list_kinds; "
        "[find_settings(p, k) for p in ('adapters', 'readouts', 'tasks', 'backbones') for k in list_kinds(p)]; "
        "read_study(yaml.safe_load(open('config.yaml'))); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'pandas', 'datasets')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_ready_made_llama_classifier_is_not_used():
    sources = [*(ROOT / "scripts").rglob("*.py"), *(ROOT / "rules").glob("*.smk")]
    assert not [path for path in sources if "LlamaForSequenceClassification" in path.read_text(encoding="utf-8")]


def test_no_remote_code_and_no_pickle():
    for path in (ROOT / "scripts").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "trust_remote_code=True" not in text and "import pickle" not in text and "torch.load(" not in text, path
        assert "output_hidden_states" not in text, "all hidden states are never kept"


def test_no_kind_is_named_outside_its_file():
    """Neither the loop nor the report asks for an adapter or readout by name."""
    for package in ("adapters", "readouts"):
        for kind in list_kinds(package):
            for path in (ROOT / "scripts").rglob("*.py"):
                if path.parent.name != package:
                    text = path.read_text(encoding="utf-8")
                    assert f'== "{kind}"' not in text and f"== '{kind}'" not in text, (path, kind)
