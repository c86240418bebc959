"""A method that has no place on its model is refused by a sentence before training, where the model's files are there
when the config is read already then; heads of earlier tasks; what inputs a model takes."""

import inspect
import json
from types import SimpleNamespace

import pytest
import torch
import transformers
from transformers import CONFIG_MAPPING, AutoConfig, AutoModel, AutoTokenizer, ElectraForSequenceClassification
from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

from architectures import LABELS
from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import (
    assemble_for_prediction,
    assemble_for_training,
    describe_fit,
    make_readout,
    save_trained,
)
from fineprint.inference.first_pass import first_pass
from fineprint.models.limits import COUNTED_FROM_PAD, TAKE_NO_PREFIX, takes_token_types, usable_positions
from fineprint.training.loop import train
from test_model_admission import change_config
from try_methods import ROWS, TASK, make_method

# The head of an earlier task


@pytest.fixture
def tuned(whole_models, tmp_path):
    """Return a function that makes a folder with a head for labels, whose answer is always the first of them."""

    def make(labels):
        folder = tmp_path / "tuned"
        config = AutoConfig.from_pretrained(whole_models["electra"], id2label=dict(enumerate(labels)))
        model = ElectraForSequenceClassification.from_pretrained(whole_models["electra"], config=config)
        with torch.no_grad():
            model.classifier.out_proj.bias[0] = 5.0
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(whole_models["electra"]).save_pretrained(folder)
        return folder

    return make


def with_head(method, head):
    return method.model_copy(update={"readout": method.readout.model_copy(update={"head": head})})


@pytest.mark.parametrize("adapter", ["full", "lora"])
@pytest.mark.parametrize("labels", [LABELS, ("negative", "positive")])
def test_an_old_head_is_not_used(adapter, labels, tuned, tmp_path):
    """Neither of the same labels nor of others; a fresh one is drawn by the seed, and what was trained is loaded."""
    folder, method = tuned(labels), make_method(adapter, "classifier")
    heads = []
    for seed in (1, 2):
        readout = make_readout(method, folder, TASK, ROWS, seed)
        assembled = assemble_for_training(method, readout, folder, seed)
        weights = {n: p for n, p in assembled.module.named_parameters() if "classifier" in n and "original" not in n}
        assert readout.head_start == "fresh" and readout.random_modules == ("classifier",)
        assert all(weight.requires_grad for weight in weights.values())
        fitted = describe_fit(assembled)
        assert (fitted.weights, fitted.loaded, fitted.head) == (43, 39, "fresh"), "two layers of the head are drawn"
        biases = [weight for name, weight in weights.items() if name.endswith("bias")]
        assert len(biases) == 2 and not any(bias.any() for bias in biases), "the old head's bias was 5"
        heads.append({name: weight.detach().clone() for name, weight in weights.items()})
    assert any(not torch.equal(one, heads[1][name]) for name, one in heads[0].items()), "another seed, another head"
    save_trained(assembled, tmp_path)
    loaded = assemble_for_prediction(method, make_readout(method, folder, TASK, ROWS, 3), folder, tmp_path)
    found = {n: p for n, p in loaded.module.named_parameters() if "classifier" in n and "original" not in n}
    assert found.keys() == heads[1].keys()
    assert all(torch.equal(weight, heads[1][name]) for name, weight in found.items())


def test_an_old_head_is_kept_where_it_is_asked_for(tuned):
    folder, method = tuned(LABELS), with_head(make_method("lora", "classifier"), "keep")
    readout = make_readout(method, folder, TASK, ROWS, seed=1)
    assembled = assemble_for_training(method, readout, folder, seed=1)
    assert readout.head_start == "kept"
    answers = readout.predict(assembled.module.eval(), readout.collate(readout.encode_all(ROWS, False)))
    assert {answer.label for answer in answers} == {0}


@pytest.mark.parametrize("labels", [LABELS[::-1], ("negative", "positive")])
def test_a_head_of_other_labels_is_not_kept(labels, tuned):
    method = with_head(make_method("lora", "classifier"), "keep")
    with pytest.raises(SettingsError, match=rf"readout.head: .* has the labels {', '.join(labels)} .*head: fresh"):
        make_readout(method, tuned(labels), TASK, ROWS, seed=1)


def test_there_must_be_a_head_to_keep(copy_model):
    folder, method = copy_model("electra"), with_head(make_method("lora", "classifier"), "keep")
    change_config(folder, id2label=dict(enumerate(LABELS)), label2id={label: n for n, label in enumerate(LABELS)})
    readout = make_readout(method, folder, TASK, ROWS, seed=1)
    with pytest.raises(SettingsError, match="no whole classification head to keep"):
        assemble_for_training(method, readout, folder, seed=1)


# What a model takes


def test_token_types_are_left_out_where_the_model_has_none(whole_models, copy_model):
    """BERT's tokenizer beside a RoBERTa gives a type 1, of which the model has no embedding."""
    folder = copy_model("roberta")
    AutoTokenizer.from_pretrained(whole_models["electra"]).save_pretrained(folder)
    method = make_method("full", "classifier")
    for place, types in ((folder, False), (whole_models["electra"], True)):
        readout = make_readout(method, place, TASK, ROWS, seed=1)
        (example,) = readout.encode_all(ROWS[:1], with_answer=False)
        assert (
            ("token_type_ids" in example) == types == takes_token_types(json.loads((place / "config.json").read_text()))
        )
        code = "\n".join(readout.plain_code().lines)
        assert ("return_token_type_ids=False" in code) != types, "the model card's program leaves them out, too"


@pytest.mark.parametrize(
    ("config", "positions"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "camembert", "max_position_embeddings": 66}, 64),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "mpnet", "max_position_embeddings": 514, "pad_token_id": 0}, 512),
        ({"model_type": "gpt2", "n_positions": 1024}, 1024),
        ({"model_type": "bloom"}, None),
        ({"model_type": "some_vlm", "text_config": {"model_type": "llama", "max_position_embeddings": 64}}, 64),
    ],
)
def test_positions_that_can_be_used(config, positions):
    assert usable_positions(config) == positions


def test_the_models_that_take_no_prefix_are_those_whose_code_takes_none():
    for model_type in sorted(TAKE_NO_PREFIX):
        name = MODEL_MAPPING_NAMES[model_type]
        model = getattr(transformers, name[0] if isinstance(name, tuple) else name)
        assert "past_key_values" not in inspect.signature(model.forward).parameters, model_type


@pytest.mark.parametrize("model_type", sorted(COUNTED_FROM_PAD - {"esm", "ibert"}))
def test_positions_are_counted_from_the_pad_token_where_transformers_does(model_type):
    """Its table of positions then has the row of the padding set apart."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 66}
    config = CONFIG_MAPPING[model_type](**sizes)
    with torch.device("meta"):
        model = AutoModel.from_config(config)
    pads = [part.padding_idx for path, part in model.named_modules() if path.endswith("embeddings.position_embeddings")]
    assert usable_positions(config.to_dict()) == 66 - pads[0] - 1


def test_a_template_that_refuses_turns_is_named(copy_model):
    folder = copy_model("qwen2")
    refusing = "{% if messages[0]['role'] != 'system' %}{{ raise_exception('A system message is needed') }}{% endif %}x"
    for file in folder.glob("chat_template*"):
        file.unlink()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = refusing
    tokenizer.save_pretrained(folder)
    with pytest.raises(SettingsError, match=r"chat_template\) refuses turns of user: A system message is needed"):
        make_readout(make_method("none", "generation"), folder, TASK, ROWS, seed=1)


def test_a_tokenizer_without_an_end_of_text_cannot_generate(copy_model):
    folder = copy_model("qwen2")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.eos_token = None
    tokenizer.save_pretrained(folder)
    with pytest.raises(SettingsError, match="names no end-of-text token"):
        make_readout(make_method("none", "generation"), folder, TASK, ROWS, seed=1)


def test_a_folder_without_an_output_layer_cannot_generate(whole_models, copy_model):
    folder = copy_model("qwen2")
    change_config(folder, tie_word_embeddings=False)
    method = make_method("none", "generation")
    readout = make_readout(method, folder, TASK, ROWS, seed=1)
    with pytest.raises(SettingsError, match=r"lacks 1 weight that this readout needs, such as lm_head.weight"):
        assemble_for_training(method, readout, folder, seed=1)


def test_an_error_of_the_model_s_code_ends_in_a_sentence():
    assembled = SimpleNamespace(method=make_method("lora", "generation"), module=torch.nn.Linear(2, 2))
    words = "cannot be run with adapter 'lora', readout 'generation' and precision float32"
    with pytest.raises(SettingsError, match=words), first_pass(assembled):
        raise IndexError("out of range in self")
    for passed_on in (SettingsError("said"), torch.OutOfMemoryError("full")):
        with pytest.raises(type(passed_on), match=str(passed_on)), first_pass(assembled):
            raise passed_on


@pytest.mark.parametrize("broken", ["loss", "evaluate"])
def test_what_fails_at_first_fails_before_any_step(broken, whole_models, monkeypatch):
    method, folder = make_method("lora", "classifier"), whole_models["electra"]
    readout = make_readout(method, folder, TASK, ROWS, seed=1)
    assembled = assemble_for_training(method, readout, folder, seed=1)
    before = {name: weight.detach().clone() for name, weight in assembled.module.named_parameters()}
    examples = readout.encode_all(ROWS, with_answer=True)

    def fail(*_):
        raise ValueError("too many values to unpack (expected 2)")

    monkeypatch.setattr(readout, broken, fail)
    with pytest.raises(SettingsError, match="the first pass failed"):
        train(assembled, examples, examples[:6], seed=1, name="test")
    assert all(torch.equal(weight, before[name]) for name, weight in assembled.module.named_parameters())
