"""Sizes by arithmetic: the file beside the templates is what the code counts, and counting agrees with saving."""

import json

import pytest
from safetensors import safe_open

from conftest import TASK
from fineprint.backbones.random_weights import Settings as RandomWeights
from fineprint.core.records import Excerpt, read_record
from fineprint.core.settings import find_settings
from fineprint.inference.assembly import assemble_for_training, make_readout, save_trained
from fineprint.models.parameters import count_parameters
from fineprint.planning.arithmetic import count_method, count_study
from fineprint.results.matching import describe_on, fits
from fineprint.study.overlays import read_overlay
from quote import quote
from test_claims import CLAIMS, ROOT
from test_methods import COMBINATIONS, make_method

SIZES = {
    "encoder": {"model_type": "roberta", "sizes": {"type_vocab_size": 1}},
    "decoder": {"model_type": "llama", "sizes": {"num_key_value_heads": 2}},
}
COMMON = {
    "vocab_size": 300,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "max_position_embeddings": 130,
}

TRAINED = [found for found in COMBINATIONS if find_settings("adapters", found[0]).trains]


@pytest.fixture(scope="module")
def written():
    return read_record(ROOT / "report/arithmetic.json", Excerpt)


def make_backbone(architecture):
    described = SIZES[architecture]
    sizes = {**COMMON, **described["sizes"]}
    return RandomWeights(
        kind="random_weights", architecture=architecture, model_type=described["model_type"], sizes=sizes
    )


def test_the_written_arithmetic_is_current(written):
    assert count_study(read_overlay(ROOT / "config.yaml", ROOT / "studies/capacity.yaml")) == written, (
        "run `make arithmetic`"
    )


def test_the_quoted_speed_is_current():
    speed = json.loads((ROOT / "docs/speed.json").read_text(encoding="utf-8"))
    quoted = quote(speed, read_overlay(ROOT / "config.yaml", ROOT / "studies/capacity.yaml"))
    assert quoted == read_record(ROOT / "report/assignment.json", Excerpt), "run `make arithmetic`"
    peaks = {run.method: run.training_peak_bytes for run in quoted.runs}
    assert peaks["llama_qlora_head"] == speed["assignment_decoder"]["parts"]["qlora_head"]["peak_bytes"]
    assert peaks["llama_zero_shot"] is None, "it trains nothing"


def test_numbers_worked_out_by_hand(written):
    runs = {run.method: run for run in written.runs}
    lora, qlora = runs["roberta_lora"], runs["llama_qlora_generation"]
    # A and B of query and value in 24 layers; the head is a layer of 1,024 × 1,024 and one of 3 outputs.
    head = 1024 * 1025 + 3 * 1025
    assert lora.parameters.adapter == 24 * 2 * 16 * (1024 + 1024)
    assert lora.parameters.head == head
    assert lora.checkpoint_bytes == 4 * (lora.parameters.adapter + head)
    # Queries and outputs are 4,096 wide, keys and values 1,024.
    assert qlora.parameters.adapter == 32 * 16 * (2 * (4096 + 4096) + 2 * (4096 + 1024))
    assert qlora.checkpoint_bytes == 4 * qlora.parameters.adapter
    # P-Tuning saves its 20 finished tokens and the head; the prompt encoder that it trained is not needed any more.
    assert runs["roberta_p_tuning"].checkpoint_bytes == 4 * (20 * 1024 + head)
    # Embeddings, layers and the final norm of Llama 3 8B, in 16 bits.
    assert written.backbones["llama_3_8b"].bytes == 2 * 8_030_261_248


@pytest.mark.parametrize(("adapter", "readout", "architecture"), TRAINED)
def test_counting_agrees_with_saving(adapter, readout, architecture, tmp_path):
    method, backbone = make_method(adapter, readout, architecture), make_backbone(architecture)
    backbone.fetch(tmp_path / "model", seed=1)
    assembled = assemble_for_training(
        method, make_readout(method, tmp_path / "model", TASK, [], 1), tmp_path / "model", 1
    )
    save_trained(assembled, tmp_path / "saved")
    saved = 0
    for file in (tmp_path / "saved").rglob("*.safetensors"):
        with safe_open(file, "pt") as tensors:
            saved += sum(part.numel() * part.element_size() for part in map(tensors.get_tensor, tensors.keys()))
    counted = count_method("made_up", method, backbone, TASK)
    names = assembled.readout.head_names(assembled.module)
    assert counted.parameters == count_parameters(assembled.module, names)
    assert counted.checkpoint_bytes == saved > 0


def test_the_capacity_study_has_runs_at_the_operating_point_of_every_claim_on_memory():
    study = read_overlay(ROOT / "config.yaml", ROOT / "studies/capacity.yaml")
    config = study.model_dump(mode="json")
    described = {
        name: describe_on(config["methods"][name], config["backbones"][config["methods"][name]["backbone"]])
        for name in study.run.methods
    }
    tested = [claim for claim in CLAIMS.values() if claim.quantity.endswith("_memory")]
    assert len(tested) == 7
    for claim in tested:
        fitting = [name for name, settings in described.items() if fits(settings, claim.match)]
        assert any(takes_as_claimed(study.methods[name], claim.requires) for name in fitting), claim.name


def takes_as_claimed(method, requires):
    """Whether a method's settings leave no other way to go through a GPU's memory than the claim's."""
    if requires.prediction is not None:
        packed = method.precision != "nf4" or method.memory != "auto"
        return packed and method.prediction_batch_size <= requires.prediction.examples
    training, wanted = method.training, requires.training
    at_once = training.batch_size * training.gradient_accumulation_steps
    return (at_once, training.gradient_checkpointing) == (wanted.examples, wanted.gradient_checkpointing)
