"""Models of any size with random weights: what is written loads like any other model."""

import json

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSequenceClassification

from fineprint.backbones._admission import check_architecture
from fineprint.backbones._model_folder import make_backbone_record
from fineprint.backbones.random_weights import Settings
from fineprint.core.settings import SettingsError
from fineprint.models.loading import load_tokenizer, load_whole
from fineprint.readouts._prompts import build_prompt
from fineprint.tasks import Row
from fineprint.tasks.random_pairs import Settings as RandomPairs
from test_project import ROOT

SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
ENCODER = {**SHAPE, "vocab_size": 600, "max_position_embeddings": 130, "type_vocab_size": 1}
DECODER = {**SHAPE, "vocab_size": 700, "max_position_embeddings": 256, "num_key_value_heads": 2}
FORMS = {"encoder": ("roberta", ENCODER), "decoder": ("llama", DECODER)}


def make(architecture, **changes):
    model_type, sizes = FORMS[architecture]
    given = {"model_type": model_type, "sizes": sizes, **changes}
    return Settings(kind="random_weights", architecture=architecture, **given)


def write(folder, settings, seed=1):
    folder.mkdir()
    facts = settings.fetch(folder, seed)
    return make_backbone_record("random", settings, folder, facts, None)


def read_weights(folder):
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("random")
    for architecture in FORMS:
        write(root / architecture, make(architecture))
    return root


def test_an_encoder_loads_whole_and_as_a_classifier(folders):
    model, report = AutoModelForMaskedLM.from_pretrained(folders / "encoder", output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert model.config.hidden_size == 32 and model.config.pad_token_id == 1
    assert model.lm_head.decoder.weight is model.roberta.embeddings.word_embeddings.weight, "tied, so written once"
    classifier = AutoModelForSequenceClassification.from_pretrained(folders / "encoder", num_labels=3)
    assert torch.equal(
        classifier.roberta.encoder.layer[1].output.dense.weight, model.roberta.encoder.layer[1].output.dense.weight
    )


def test_weights_are_drawn_as_a_fresh_model_s(folders):
    model, report = AutoModelForCausalLM.from_pretrained(folders / "decoder", output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            assert 0.015 < float(parameter.detach().std()) < 0.025, name
            assert abs(float(parameter.detach().mean())) < 0.004, name
        else:
            assert torch.equal(parameter, torch.ones_like(parameter)), name
    assert not torch.equal(model.model.layers[0].mlp.up_proj.weight, model.model.layers[1].mlp.up_proj.weight)


def test_a_seed_gives_the_same_weights_in_files_of_any_size(tmp_path):
    whole = write(tmp_path / "whole", make("decoder"))
    parts = write(tmp_path / "parts", make("decoder", shard_bytes=60_000))
    other = write(tmp_path / "other", make("decoder"), seed=2)
    assert parts.facts["files_of_weights"] > 2 == whole.facts["files_of_weights"] + 1
    index = json.loads((tmp_path / "parts/model.safetensors.index.json").read_text(encoding="utf-8"))
    assert set(index["weight_map"].values()) == {file.name for file in (tmp_path / "parts").glob("*.safetensors")}
    first, second, third = (read_weights(tmp_path / name) for name in ("whole", "parts", "other"))
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["lm_head.weight"], third["lm_head.weight"])
    assert whole.parameters == parts.parameters == sum(tensor.numel() for tensor in first.values())
    assert other.files["tokenizer.json"] == whole.files["tokenizer.json"]


def test_other_dtypes_and_model_types(tmp_path):
    record = write(
        tmp_path / "bert", make("encoder", model_type="bert", sizes={**SHAPE, "vocab_size": 600}, dtype="bfloat16")
    )
    assert record.model_type == "bert" and record.bytes < 2.3 * record.parameters
    check_architecture(make("encoder"), tmp_path / "bert")
    assert {tensor.dtype for tensor in read_weights(tmp_path / "bert").values()} == {torch.bfloat16}


def test_four_bits_load_and_give_finite_losses(folders):
    model, _ = load_whole(AutoModelForCausalLM, folders / "decoder", "nf4", ["lm_head"])
    ids = load_tokenizer(folders / "decoder")("the premise", return_tensors="pt")["input_ids"]
    assert model.model.layers[0].mlp.up_proj.weight.dtype is torch.uint8
    assert torch.isfinite(model(input_ids=ids, labels=ids).loss)


@pytest.mark.parametrize("architecture", FORMS)
def test_one_word_is_one_token(folders, architecture):
    tokenizer = load_tokenizer(folders / architecture)
    assert len(tokenizer) == FORMS[architecture][1]["vocab_size"]
    assert tokenizer.pad_token != tokenizer.eos_token
    special = {"encoder": 4, "decoder": 2}[architecture]
    task = RandomPairs(kind="random_pairs", train_rows=20, test_rows=20, words=100)
    for row in task.load_splits(1)["test"]:
        words = sum(len(text.split()) for text in row.texts.values())
        assert len(tokenizer(*row.texts.values())["input_ids"]) == words + special
        assert tokenizer.unk_token_id not in tokenizer(*row.texts.values())["input_ids"]
    assert tokenizer.decode(tokenizer("CONTRADICTION", add_special_tokens=False)["input_ids"]) == "CONTRADICTION"


def test_prompts_are_chat_turns_of_about_llama_s_length(folders):
    tokenizer, task = load_tokenizer(folders / "decoder"), RandomPairs(kind="random_pairs", words=100)
    row = Row("1", {"premise": "baba " * 24, "hypothesis": "baba " * 12}, 0, "1")
    text = build_prompt(tokenizer, task.prompt, task.answers, [], row)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.unk_token_id not in ids and ids.count(tokenizer.bos_token_id) == 1
    assert ids.count(tokenizer.convert_tokens_to_ids("<|eot_id|>")) == 1, "one turn ends; the answer's has yet to"
    empty = build_prompt(tokenizer, task.prompt, task.answers, [], Row("2", {"premise": "", "hypothesis": ""}, 0, "2"))
    assert 50 <= len(tokenizer(empty, add_special_tokens=False)["input_ids"]) <= 70


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_type": "lama"}, "model_type 'lama' is unknown"),
        (
            {"sizes": {**DECODER, "layers": 2}},
            "sizes.layers: config.json of 'llama' has no such key; it has: .*num_hidden_layers",
        ),
        ({"sizes": {**DECODER, "vocab_size": 50}}, "vocab_size 50 is too small"),
        ({"sizes": {**DECODER, "hidden_size": 30}}, "sizes: Transformers refuses them for 'llama'"),
        ({"architecture": "encoder"}, "'llama' cannot be built as encoder"),
    ],
)
def test_mistakes_are_named(tmp_path, changes, words):
    with pytest.raises(SettingsError, match=words):
        Settings(
            **{"kind": "random_weights", "architecture": "decoder", "model_type": "llama", "sizes": DECODER, **changes}
        ).fetch(tmp_path, 1)


@pytest.mark.parametrize(("name", "parameters"), [("roberta_large", 355_412_057), ("llama_3_8b", 8_030_261_248)])
def test_the_study_s_models_have_the_published_sizes(name, parameters):
    study = yaml.safe_load((ROOT / "studies/capacity.yaml").read_text(encoding="utf-8"))
    settings = Settings(**study["backbones"][name])
    config = settings.make_config()
    assert len(settings.make_tokenizer(config)) == config.vocab_size
    assert sum(parameter.numel() for parameter in settings.make_empty_model(config).parameters()) == parameters
