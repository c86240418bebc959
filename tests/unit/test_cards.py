"""Model cards: they load again as cards, their program works with plain PEFT and Transformers, nothing leaks."""

import contextlib
import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from peft import PeftConfig
from transformers import AutoTokenizer, BertForSequenceClassification

from fineprint.core.records import (
    BackboneRecord,
    TaskRecord,
    folder_bytes,
    hash_folder,
    read_json,
    read_record,
    write_json,
)
from fineprint.core.settings import find_settings
from fineprint.inference.assembly import assemble_for_prediction, make_readout
from fineprint.runs.markdown import block, code, escape
from fineprint.runs.model_card import Base, best_epoch, describe_metadata, name_base
from fineprint.runs.training import train_run
from test_methods import COMBINATIONS, logits_of, make_method
from tiny_run import HELD_OUT_ROWS, PLACE, lay_out, train_laid_out

MODEL = PLACE / "model"
HARD = 'A | `b` ``` *c* <script>alert(1)</script> [d](e) {{ 7 * 7 }} "f" \\ --- \n---\n# g'


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A folder of its own, as the workflow's root."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def tiny_rows(tiny_rows):
    """Few rows: three steps are enough to move what is trained."""
    return tiny_rows[:36]


def program_of(card, row):
    """Return the card's program with a real row in place of the words to fill in."""
    ((_, program),) = re.findall(r"(?ms)^(```+)python\n(.*?)^\1$", card.text)
    assert program.count("\ntexts = ") == 1
    return re.sub(r"(?m)^texts = .*$", lambda _: f"texts = {row.texts!r}", program)


def run_program(program):
    names = {}
    exec(compile(program, "card", "exec"), names)
    return names


def answer_as_the_workflow(method, backbone, task_record, rows, row):
    """Return logits or the generated answer for one row."""
    readout = make_readout(method, backbone, task_record, rows[HELD_OUT_ROWS:], seed=1)
    assembled = assemble_for_prediction(method, readout, backbone, MODEL)
    prediction = readout.predict(assembled.module, readout.collate([readout.encode(row, with_answer=False)]))[0]
    return logits_of(assembled, [row]), prediction


def greedy(method):
    """Return the method without sampling, so that two generations can be compared."""
    if "temperature" not in type(method.readout).model_fields:
        return method
    return method.model_copy(update={"readout": method.readout.model_copy(update={"temperature": 0.0})})


def check_program(method, backbone, task_record, rows, tolerance=1e-3):
    card, row = ModelCard.load(MODEL / "README.md"), rows[3]
    logits, prediction = answer_as_the_workflow(method, backbone, task_record, rows, row)
    program = program_of(card, row)
    assert "fineprint" not in program
    found = run_program(program)
    if prediction.answer is not None:
        assert found["answer"] == prediction.answer
    else:
        torch.testing.assert_close(found["logits"].float(), logits, rtol=tolerance, atol=tolerance)
        assert found["label"] == task_record["labels"][prediction.label]


# One architecture of each readout will do: what the program says of the other is the same.
PAIRS = [(a, r, where) for a, r, where in COMBINATIONS if where == min(find_settings("readouts", r).architectures)]


@pytest.mark.parametrize(("adapter", "readout", "architecture"), PAIRS)
def test_the_card_s_program_answers_as_the_workflow_does(
    adapter, readout, architecture, backbone_folders, task_record, tiny_rows
):
    method = greedy(make_method(adapter, readout, architecture, epochs=1, learning_rate=0.1))
    if not method.trains:
        pytest.skip("nothing is trained")
    backbone = backbone_folders[architecture]
    train_laid_out(method, backbone, task_record, tiny_rows)
    if make_readout(method, backbone, task_record, tiny_rows, seed=1).plain_code() is None:
        assert "```python" not in ModelCard.load(MODEL / "README.md").text, "nothing is better than a wrong program"
        return
    check_program(method, backbone, task_record, tiny_rows)


@pytest.mark.parametrize(("adapter", "two_labels"), itertools.product(("full", "lora"), (False, True)))
def test_the_program_loads_a_base_without_this_head(adapter, two_labels, backbone_folders, task_record, tiny_rows):
    """A pooler that the base lacks, or a head for two labels of an earlier task: both were trained and saved."""
    backbone, method = backbone_folders["bert"], make_method(adapter, "classifier", "encoder", learning_rate=0.1)
    if two_labels:
        BertForSequenceClassification.from_pretrained(backbone, num_labels=2).save_pretrained("two_labels")
        AutoTokenizer.from_pretrained(backbone).save_pretrained("two_labels")
    train_laid_out(method, Path("two_labels").absolute() if two_labels else backbone, task_record, tiny_rows)
    check_program(method, Path("two_labels").absolute() if two_labels else backbone, task_record, tiny_rows)
    told = ModelCard.load(MODEL / "README.md").text
    assert "Modules that began at random" in told and ("Modules with an adapter" in told) == (adapter == "lora")


@pytest.mark.parametrize(
    ("readout", "settings"),
    [("generation", {"shots": 2}), ("linear_head", {"pooling": "mean"}), ("linear_head", {"pooling": "first_token"})],
)
def test_the_program_follows_the_readout_s_settings(readout, settings, backbone_folders, task_record, tiny_rows):
    method = greedy(make_method("prefix_tuning", readout, "decoder", epochs=1))
    method = method.model_copy(update={"readout": method.readout.model_copy(update=settings), "max_length": 100})
    train_laid_out(method, backbone_folders["decoder"], task_record, tiny_rows)
    check_program(method, backbone_folders["decoder"], task_record, tiny_rows)


@pytest.mark.parametrize("form", ["pair", "prompt"])
def test_the_program_asks_a_head_as_the_method_does(form, backbone_folders, task_record, tiny_rows):
    method = make_method("lora", "linear_head", "decoder", epochs=1).model_copy(update={"input": form})
    train_laid_out(method, backbone_folders["decoder"], task_record, tiny_rows)
    check_program(method, backbone_folders["decoder"], task_record, tiny_rows)


@pytest.mark.parametrize(
    ("readout", "precision"), [("generation", "nf4"), ("linear_head", "nf4"), ("linear_head", "int8")]
)
def test_the_program_loads_a_quantized_base(readout, precision, backbone_folders, task_record, tiny_rows):
    method = greedy(make_method("lora", readout, "decoder", precision, epochs=1))
    train_laid_out(method, backbone_folders["decoder"], task_record, tiny_rows)
    # Left to itself bitsandbytes computes 4-bit weights in bfloat16 on some processors.
    check_program(method, backbone_folders["decoder"], task_record, tiny_rows, tolerance=0.02)


def test_a_quantized_encoder_keeps_its_head(backbone_folders, task_record, tiny_rows):
    method = make_method("lora", "classifier", "encoder", "nf4", epochs=1)
    train_laid_out(method, backbone_folders["encoder"], task_record, tiny_rows)
    check_program(method, backbone_folders["encoder"], task_record, tiny_rows, tolerance=0.02)


@pytest.fixture(scope="module")
def trained_lora(tmp_path_factory, backbone_folders, task_record, tiny_rows):
    """A trained LoRA run: its root and its record."""
    root = tmp_path_factory.mktemp("lora")
    with contextlib.chdir(root):
        method = make_method("lora", "classifier", "encoder", epochs=2)
        return root, train_laid_out(method, backbone_folders["encoder"], task_record, tiny_rows)


@pytest.fixture
def lora(trained_lora, project):
    """The trained LoRA run in a folder of its own: its record and its card."""
    root, record = trained_lora
    shutil.copytree(root, project, dirs_exist_ok=True, symlinks=True)
    return record, ModelCard.load(MODEL / "README.md")


def test_front_matter_is_what_the_record_says(lora):
    record, card = lora
    best = best_epoch(record)
    assert card.data.library_name == "peft" and set(card.data.tags) == {"fineprint", "lora", "classifier", "float32"}
    values = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert values == {"accuracy": best.held_out_accuracy, "loss": best.held_out_loss}
    assert {result.dataset_split for result in card.data.eval_results} == {"held_out"}
    assert card.data.base_model is None, "the hub takes only names of the hub"
    assert card.data.language is None, "the language of own rows is not known"


def test_body_tells_data_base_and_settings(lora):
    record, card = lora
    task, base = (
        read_json(Path("results/tiny/data/pairs/task.json")),
        read_json(Path("results/tiny/backbones/encoder/backbone.json")),
    )
    for split in ("train", "held_out"):
        assert task["splits"][split]["sha256"] in card.text
    for value in [*record.saved_files.values(), *base["files"].values()]:
        assert value in card.text
    assert "results/tiny/backbones/encoder/model" in card.text
    assert "results/tiny/runs/pairs/tried/1/scores.json" in card.text
    assert "before any test example was read" in card.text
    assert re.search(r"\| training learning rate \| 0\.01 \|", card.text)
    assert "| Accuracy on held-out examples (12) |" in card.text
    assert "It is not on the Hub" in card.text


def test_nothing_names_a_place_on_this_machine(lora, trained_lora, backbone_folders):
    for file in MODEL.rglob("*"):
        if file.is_file() and file.suffix != ".safetensors":
            text = file.read_text(encoding="utf-8")
            assert str(trained_lora[0]) not in text and str(backbone_folders["encoder"].parent) not in text, file


def test_peft_s_configuration_names_the_base(lora):
    config = PeftConfig.from_pretrained(MODEL / "adapter")
    assert config.base_model_name_or_path == "results/tiny/backbones/encoder/model" and config.revision is None


def test_the_card_counts_neither_in_sizes_nor_in_hashes(lora):
    record, _ = lora
    card = MODEL / "README.md"
    found = hash_folder(MODEL)
    cards = sorted(MODEL.rglob("*.md"))
    assert record.checkpoint_bytes == folder_bytes(MODEL) - sum(file.stat().st_size for file in cards)
    assert record.saved_files == {name: value for name, value in found.items() if not name.endswith("README.md")}
    for config in MODEL.rglob("adapter_config.json"):
        assert config.with_name("README.md").read_bytes() == card.read_bytes()
    assert cards == [card, MODEL / "adapter/README.md"], "the form that PEFT leaves to fill in is gone"


def test_a_base_of_the_hub_is_named_with_its_commit(lora):
    record, _ = lora
    hub = {"kind": "hub", "architecture": "encoder", "name": "some/model", "revision": "main"}
    described = read_record(Path("results/tiny/backbones/encoder/backbone.json"), BackboneRecord)
    described = replace(described, settings=hub, revision="c0" * 20)
    base = Base("some/model", "c0" * 20, True, described, "")
    name_base(MODEL, base)
    config = PeftConfig.from_pretrained(MODEL / "adapter")
    assert (config.base_model_name_or_path, config.revision) == ("some/model", "c0" * 20)
    method = make_method("lora", "classifier", "encoder")
    facts = {"source": "nyu-mll/multi_nli", "revision": "d1" * 20}
    task = read_record(Path("results/tiny/data/pairs/task.json"), TaskRecord)
    task = replace(task, settings={"kind": "multinli"}, facts=facts)
    data = describe_metadata(record, method, task, base)
    assert (data.base_model, data.datasets, data.language) == ("some/model", ["nyu-mll/multi_nli"], "en")


def test_a_hub_base_is_loaded_at_its_commit(backbone_folders, task_record, tiny_rows):
    method = make_method("lora", "classifier", "encoder", epochs=1)
    facts = {"source": "some/rows", "revision": "d1" * 20}
    places = lay_out(method, backbone_folders["encoder"], task_record, tiny_rows, facts=facts)
    hub = {"kind": "hub", "architecture": "encoder", "name": "some/model", "revision": "main"}
    write_json(places[-1], read_json(places[-1]) | {"settings": hub, "revision": "c0" * 20})
    train_run(*places, MODEL, 1)
    card = ModelCard.load(MODEL / "README.md")
    program = program_of(card, tiny_rows[0])
    assert f"`pairs`, loaded from `some/rows` on the Hugging Face hub, commit `{'d1' * 20}`" in card.text
    assert card.data.base_model == "some/model" and f"revision = '{'c0' * 20}'" in program
    assert program.count("(base, revision=revision") == 2
    compile(program, "card", "exec")


def test_words_from_the_config_come_out_as_they_stand(backbone_folders, task_record, tiny_rows):
    method = greedy(make_method("lora", "generation", "decoder", epochs=1))
    hard = task_record | {"labels": [HARD, "b|c", "`"], "prompt": task_record["prompt"] + " ``` {{x}} ' \" \\ answer"}
    backbone = backbone_folders["decoder"]
    train_laid_out(method, backbone, hard, tiny_rows, description=HARD)
    check_program(method, backbone, hard, tiny_rows)
    card = ModelCard.load(MODEL / "README.md")
    assert len(card.data.eval_results) == 2
    outside = re.sub(r"(?ms)^(```+)python$.*?^\1$", "", card.text)
    assert not re.search(r"(?<!\\)<script", re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside))
    assert outside.count("\n# ") + outside.startswith("# ") <= 1, "one title"


def test_what_is_not_trained_has_no_card(backbone_folders, task_record, tiny_rows):
    method = make_method("none", "generation", "decoder").model_copy(update={"training": None})
    train_laid_out(method, backbone_folders["decoder"], task_record, tiny_rows)
    assert not list(MODEL.iterdir())


def test_a_made_up_base_is_a_limitation(backbone_folders, task_record, tiny_rows):
    method = make_method("lora", "classifier", "encoder", epochs=1)
    places = lay_out(method, backbone_folders["encoder"], task_record, tiny_rows, settings={"kind": "demo_nli"})
    write_json(places[-1], read_json(places[-1]) | {"settings": {"kind": "demo_encoder"}})
    train_run(*places, MODEL, 1)
    words = ModelCard.load(MODEL / "README.md").text
    assert find_settings("backbones", "demo_encoder").origin.split(",")[0] in words.replace("\\", "")
    assert "were generated by this workflow" in words


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (escape("a*b_c|d<e> [f](g) - h"), r"a\*b\_c\|d\<e\> \[f\](g) - h"),
        (escape("- a"), r"\- a"),
        (escape("0.01"), "0.01"),
        (escape("12. a"), r"12\. a"),
        (escape("1. a 2. b"), r"1\. a 2. b"),
        (escape("===\n# a"), r"\=== \# a"),
        (escape("two\nlines"), "two lines"),
        (code("a`b"), "`` a`b ``"),
        (code("a|b"), r"`a\|b`"),
        (block("x\n```\ny"), "````\nx\n```\ny\n````"),
        (escape(code("a_b")), "`a_b`"),
    ],
)
def test_marks_are_escaped(written, wanted):
    assert written == wanted
