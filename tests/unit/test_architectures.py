"""Methods on many architectures: trained, saved, loaded, answered as Transformers alone answers, or refused by a
sentence. `tests/try_methods.py` goes through all methods on each; here are those in which architectures differ."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from architectures import FORMS, SENTENCES
from fineprint.backbones._admission import admit
from fineprint.backbones.folder import Settings as Folder
from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import assemble_for_training, describe_fit, make_readout
from fineprint.models.matching import POOLER
from fineprint.readouts._groups import score_groups
from fineprint.tasks import Row
from try_methods import ROWS, TASK, make_method, run_method

DECODERS = [name for name, form in FORMS.items() if form.architecture == "decoder"]
ENCODERS = [name for name in FORMS if name not in DECODERS]
TAKE_NO_PREFIX = {"distilbert", "albert", "deberta", "modernbert", "mpnet"}
ADAPTED = {
    **{key: {"query": 2, "value": 2} for key in ("bert", "roberta", "electra", "camembert")},
    "albert": {"query": 1, "value": 1},  # its layers share their weights
    "distilbert": {"q_lin": 2, "v_lin": 2},
    "deberta": {"query_proj": 2, "value_proj": 2},
    "modernbert": {"Wqkv": 2},
    "mpnet": {"q": 2, "v": 2},
    **{key: {"q_proj": 2, "v_proj": 2} for key in ("llama", "mistral", "qwen2", "qwen3", "gemma2", "opt")},
    "phi3": {"qkv_proj": 2},
    "gpt2": {"c_attn": 2},
    **{key: {"query_key_value": 2} for key in ("gpt_neox", "bloom")},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Each architecture's folder, built when it is first asked for."""
    root, built = tmp_path_factory.mktemp("architectures"), {}

    def find(name):
        if name not in built:
            built[name] = FORMS[name].build(root / name)
        return built[name]

    return find


def assemble(method, folder):
    readout = make_readout(method, folder, TASK, ROWS, seed=1)
    return assemble_for_training(method, readout, folder, seed=1)


@pytest.mark.parametrize("name", FORMS)
def test_is_admitted_whole(name, folders, tmp_path):
    settings = Folder(kind="folder", architecture=FORMS[name].architecture, path=folders(name))
    assert settings.find_problems() == []
    settings.fetch(tmp_path, seed=1)
    found = admit(name, settings, tmp_path)
    assert found.layers == 2 and found.vocabulary <= found.embedding_rows
    assert found.loaded == found.expected - len(found.random)
    assert all(POOLER in weight.split(".") for weight in found.random), "nothing that decides answers is random"


@pytest.mark.parametrize("name", FORMS)
def test_lora_on_modules_that_suit_the_architecture(name, folders, tmp_path):
    readout = "classifier" if name in ENCODERS else "linear_head"
    method = make_method("lora", readout)
    assert describe_fit(assemble(method, folders(name))).adapted_modules == ADAPTED[name]
    assert run_method(method, folders(name), tmp_path) is None


@pytest.mark.parametrize("name", ["bert", "distilbert", "deberta", "modernbert", "phi3", "gpt2"])
def test_all_linear_modules_are_those_of_the_layers(name, folders):
    readout = "classifier" if name in ENCODERS else "generation"
    assembled = assemble(make_method("lora", readout, targets="all-linear"), folders(name))
    adapted = [
        path.removesuffix(".lora_A.default") for path, _ in assembled.module.named_modules() if "lora_A.default" in path
    ]
    fitted = describe_fit(assembled)
    outside = [path for path in adapted if not any(part.isdecimal() for part in path.split("."))]
    # What stands outside the layers is pretrained all the same; heads that begin at random and output layers are not.
    assert {path.rpartition("model.")[2] for path in outside} <= {"bert.pooler.dense", "head.dense"}
    assert sum(fitted.adapted_modules.values()) == len(adapted) >= 8
    assert not any(head in path.split(".") for head in fitted.random_modules for path in adapted)


@pytest.mark.parametrize("name", ["electra", "albert", "distilbert", "mpnet", "gpt2", "bloom"])
def test_virtual_tokens_are_as_wide_as_embeddings(name, folders, tmp_path):
    readout = "classifier" if name in ENCODERS else "generation"
    assert run_method(make_method("p_tuning", readout), folders(name), tmp_path) is None


def test_what_begins_at_random_is_not_quantized(backbone_folders, tmp_path):
    """There is nothing to quantize in it, and it is trained."""
    method = make_method("lora", "classifier", "nf4")
    assembled = assemble(method, backbone_folders["bert"])
    assert assembled.readout.random_modules == ("bert.pooler", "classifier")
    assert "bert.pooler" in assembled.readout.keep_unquantized
    assert run_method(method, backbone_folders["bert"], tmp_path) is None


@pytest.mark.parametrize("name", ENCODERS)
def test_prefixes_are_refused_where_no_keys_are_taken(name, folders, monkeypatch):
    for readout in ("classifier", "linear_head"):
        method = make_method("prefix_tuning", readout)
        if name not in TAKE_NO_PREFIX:
            assemble(method, folders(name))
            continue
        words = r"hands keys and values to the model, and .* take none"
        with pytest.raises(SettingsError, match=words):
            assemble(method, folders(name))
        # As the model's own code says it, whatever is known of its type before it is built.
        monkeypatch.setattr("fineprint.study.admission.TAKE_NO_PREFIX", frozenset())
        with pytest.raises(SettingsError, match=words):
            assemble(method, folders(name))


def make_uneven_rows():
    """Rows of unequal length, so that batches are padded."""
    texts = [SENTENCES[number * 7][: 20 + 10 * number] for number in range(4)]
    return [Row(text, {"premise": text, "hypothesis": SENTENCES[0]}, 0, "") for text in texts]


@pytest.mark.parametrize("name", DECODERS)
def test_prompts_are_answered_as_transformers_answers_each_alone(name, folders):
    """Batches, padding, kept keys and positions of our own against one unpadded row at a time: likelihoods and text."""
    folder = folders(name)
    assembled = assemble(make_method("none", "generation", max_length=128), folder)
    readout, upstream = assembled.readout, AutoModelForCausalLM.from_pretrained(folder).eval()
    examples = readout.encode_all(make_uneven_rows(), with_answer=False)
    assert len({len(example["prompt"]) for example in examples}) > 1
    batch = readout.collate(examples)
    with torch.inference_mode():
        wanted = torch.stack([score_alone(upstream, example["prompt"], readout.scored_ids) for example in examples])
        torch.testing.assert_close(readout.label_scores(assembled.module, batch), wanted, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(
            score_groups(assembled.module, batch, readout.scored_ids), wanted, rtol=1e-4, atol=1e-4
        )
        answers = [one.answer for one in readout.predict(assembled.module, batch)]
        config = readout.generation_config(upstream)
        written = [write_alone(upstream, example["prompt"], config) for example in examples]
    assert answers == readout.context.tokenizer.batch_decode(written, skip_special_tokens=True)


def score_alone(model, prompt, answers):
    """The log-likelihood of each answer behind a prompt."""
    scores = []
    for answer in answers:
        logs = model(input_ids=torch.tensor([prompt + answer])).logits[0].float().log_softmax(dim=-1)
        scores.append(sum(logs[len(prompt) - 1 + place, token] for place, token in enumerate(answer)))
    return torch.stack(scores)


def write_alone(model, prompt, config):
    ids = torch.tensor([prompt])
    return model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config)[
        0, len(prompt) :
    ]


@pytest.mark.parametrize("name", ["bert", "roberta", "camembert", "mpnet", "gpt2", "opt"])
@pytest.mark.parametrize("adapter", ["none", "p_tuning", "prefix_tuning"])
def test_the_longest_input_that_is_accepted_fits(name, adapter, folders):
    """As many tokens as there are positions run, padded or not, and one more is refused. RoBERTa's kin have fewer than
    config.json names, and with virtual tokens their number is none that batches are usually padded to."""
    if adapter == "prefix_tuning" and name in TAKE_NO_PREFIX:
        pytest.skip("refused for another reason")
    positions = 126 if name in ("roberta", "camembert", "mpnet") else 128
    most = positions - (0 if adapter == "none" else 3)
    method = make_method(adapter, "linear_head", max_length=most)
    if adapter != "none":
        method = method.model_copy(update={"adapter": method.adapter.model_copy(update={"tokens": 3})})
    assembled = assemble(method, folders(name))
    examples = [{"input_ids": [7] * length, "label": [0]} for length in (most, 5)]
    batch = assembled.readout.collate(examples)
    assert batch["input_ids"].shape == (2, most)
    assert assembled.readout.loss(assembled.module, batch).isfinite()
    with pytest.raises(SettingsError, match=f"not fit the {positions} positions .*lower max_length to {most} or less"):
        make_readout(method.model_copy(update={"max_length": most + 1}), folders(name), TASK, ROWS, seed=1)


def test_prompts_with_answers_are_not_padded_beyond_the_positions(folders):
    method = make_method("prefix_tuning", "generation", max_length=124)
    method = method.model_copy(update={"adapter": method.adapter.model_copy(update={"tokens": 4})})
    assembled = assemble(method, folders("gpt2"))
    long = [Row("1", {"premise": " ".join(SENTENCES[:12]), "hypothesis": SENTENCES[3]}, 0, "")]
    examples = assembled.readout.encode_all(long, with_answer=True)
    assert assembled.readout.truncated_rows == 1
    batch = assembled.readout.collate(examples)
    assert batch["input_ids"].shape[1] <= 124
    assert assembled.readout.loss(assembled.module, batch).isfinite()


def test_padding_that_is_an_end_of_text_changes_nothing(folders):
    """GPT-2 has one special token for everything: whatever fills up an input, it is masked."""
    assembled = assemble(make_method("none", "generation"), folders("gpt2"))
    readout, tokenizer = assembled.readout, assembled.readout.context.tokenizer
    assert tokenizer.pad_token == tokenizer.eos_token == "<|endoftext|>"
    examples = readout.encode_all(ROWS[:4], with_answer=True)
    assert all(example["answer"][-1] == tokenizer.eos_token_id for example in examples)
    found = []
    for token in ("<|endoftext|>", "a"):
        tokenizer.pad_token = token
        batch = readout.collate(examples)
        with torch.inference_mode():
            found.append((readout.loss(assembled.module, batch), readout.label_scores(assembled.module, batch)))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)
    # The end of text behind each answer is learned, though it is what inputs are filled up with.
    assert readout.count_terms(examples) == int((batch["labels"] != -100).sum())
