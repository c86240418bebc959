"""The planner: numbers of weights against real modules, peaks against what was measured, refusals as sentences."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
from transformers import AlbertConfig, AutoModelForCausalLM, AutoModelForMaskedLM

from example_results import METHODS, make_results
from fineprint.core.settings import SettingsError, find_settings
from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.planning.checking import planned_prediction, planned_training
from fineprint.planning.counting import count_weights
from fineprint.planning.gpu import read_gpu_size
from fineprint.planning.memory import Load, plan_prediction, plan_training, training_need
from fineprint.planning.refusing import check_study, refuse
from fineprint.planning.sizes import count_by_sizes, read_sizes
from fineprint.planning.study import count_method, plan_study, write_plan_table
from fineprint.reporting.sections.planned import planned_table
from fineprint.results.study import Study
from fineprint.study import overlays
from test_methods import COMBINATIONS, make_method

ROOT = Path(__file__).parents[2]
H200_GB = 150.0


def read_overlay(overlay):
    return overlays.read_overlay(ROOT / "config.yaml", ROOT / overlay)


@pytest.fixture(scope="module")
def capacity():
    return read_overlay("studies/capacity.yaml")


@pytest.fixture(scope="module")
def make_load(capacity):
    def make(name, tokens=None, **training):
        method = capacity.methods[name]
        if training:
            method = method.model_copy(update={"training": method.training.model_copy(update=training)})
        config = capacity.backbones[method.backbone].make_config()
        return Load(method, read_sizes(config.to_dict()), count_method(method, config, 3), tokens or method.max_length)

    return make


def test_weights_of_the_real_models(make_load):
    assert make_load("roberta_full").weights.total == 355_362_819, "RoBERTa-large with a head for three labels"
    assert make_load("llama_zero_shot").weights.total == 8_030_261_248, "Llama 3 8B"
    assert make_load("roberta_lora").weights.trained == 2 * 24 * 2 * 16 * 1024 + 1024 * 1025 + 3 * 1025
    assert make_load("roberta_prefix_tuning").weights.trained > 50_000_000


@pytest.mark.parametrize("name", ["roberta_full", "roberta_lora", "llama_zero_shot", "llama_qlora_head"])
def test_arithmetic_agrees_with_a_model_without_memory(name, make_load):
    load = make_load(name)
    rough = count_by_sizes(load.sizes, load.method.readout.writes_answer, load.method.adapter.saves_whole_model)
    assert rough.total == pytest.approx(load.weights.total, rel=0.006)
    assert rough.trained == pytest.approx(load.weights.trained, rel=0.001) or rough.trained == 0


@pytest.mark.parametrize(("kind", "auto"), [("encoder", AutoModelForMaskedLM), ("decoder", AutoModelForCausalLM)])
def test_weights_of_a_module_with_weights(kind, auto, backbone_folders):
    model = auto.from_pretrained(backbone_folders[kind])
    assert count_weights(model).total == sum(parameter.numel() for parameter in model.parameters())


# Peaks in GB that bench/compare.py measured on one H200 (November 2026, torch 2.11.0, docs/speed.md),
# rows of at most 128 tokens, with a prompt around them about 184.
@pytest.mark.parametrize(
    ("name", "tokens", "batch", "measured"),
    [
        *(("roberta_full", 128, 8, 6.1), ("roberta_full", 128, 64, 13.8)),
        *(("roberta_lora", 128, 8, 2.0), ("roberta_lora", 128, 64, 7.9)),
        *(("roberta_p_tuning", 128, 8, 2.1), ("roberta_p_tuning", 128, 64, 7.9)),
        *(("llama_qlora_generation", 184, None, 25.3), ("llama_qlora_head", 128, None, 17.6)),
    ],
)
def test_training_s_peak_is_close_to_the_measured_one(name, tokens, batch, measured, make_load):
    load = make_load(name, tokens, **({"batch_size": batch} if batch else {}))
    assert plan_training(load, H200_GB * 1e9).peak / 1e9 == pytest.approx(measured, rel=0.2)


def test_answering_is_not_planned_too_small(make_load):
    """Peaks in GB of studies/capacity.yaml on an H200, November 2026; most rows are shorter than planned for."""
    measured = {"roberta_lora": 1.32, "roberta_p_tuning": 1.63, "roberta_prefix_tuning": 5.53, "llama_zero_shot": 40.2}
    for name, peak in measured.items():
        predicted = plan_prediction(make_load(name, 256 if name.startswith("llama") else 128), H200_GB * 1e9).peak / 1e9
        assert peak <= predicted <= 2.6 * peak, name


def test_models_of_another_form_are_not_planned():
    assert read_sizes({"n_layer": 12, "n_embd": 768}) is None, "other names"
    config = AlbertConfig().to_dict()
    assert read_sizes(config) is None, "layers share their weights"


def test_rows_are_cut_before_a_card_is_too_small(make_load):
    load = make_load("llama_qlora_generation")
    large, middle, tight, small = (plan_training(load, gpu * 1e9) for gpu in (80, 20, 16, 8))
    assert (large.rows, large.gradient_checkpointing) == (16, False) and (
        middle.rows,
        middle.gradient_checkpointing,
    ) == (4, False)
    assert middle.peak < 15e9 and tight.gradient_checkpointing, "captured passes need room beside their activations"
    assert small.gradient_checkpointing and small.fits and small.peak < 8e9
    assert not plan_training(load, 5e9).fits and not plan_prediction(load, 5e9).fits


def test_a_longer_input_or_more_rows_never_takes_less(make_load):
    peaks = [plan_training(make_load("roberta_lora", 128, batch_size=rows), 80e9).peak for rows in (1, 8, 32)]
    lengths = [plan_prediction(make_load("llama_zero_shot", tokens), 80e9).weights for tokens in (64, 512)]
    assert peaks == sorted(set(peaks)) and lengths[0] == lengths[1]


def test_a_plan_of_the_real_sizes(capacity, tmp_path):
    plan = plan_study(capacity, [8.0, 24.0], tmp_path)
    assert all(entry["reason"] is None for entry in plan["methods"].values())
    assert plan["methods"]["roberta_full"]["disk"] == {"backbone": None, "saved_at_most": 4 * 355_362_819}
    table = write_plan_table(plan)
    assert "| RoBERTa-large, full fine-tuning | 355,362,819 | 355,362,819 | 6.1 (8) / " in table
    assert "not measured" in table and "| 8 GB | 24 GB |" in table


def test_the_demo_is_planned_without_being_made(tmp_path):
    plan = plan_study(read_overlay("tests/config/tiny.yaml"), [16.0], tmp_path)
    assert plan["methods"].pop("majority")["reason"] == "it needs no weights"
    assert all(entry["reason"] is None for entry in plan["methods"].values()), plan
    assert plan["methods"]["roberta_full"]["gpus"][0]["fits"]


def test_a_card_too_small_is_refused_with_what_would_fit(capacity, tmp_path):
    check_study(capacity, None, tmp_path)
    check_study(capacity, 16.0, tmp_path)
    with pytest.raises(SettingsError) as told:
        check_study(capacity, 5.0, tmp_path)
    sentences = str(told.value)
    assert "methods.roberta_full: needs at least 5.8 GB on 'roberta_large'" in sentences
    assert "the GPU has 5.0 GB; what would fit: an adapter that leaves the backbone frozen (lora, p_tuning" in sentences
    assert (
        "methods.llama_zero_shot: needs at least 6." in sentences
        and "one example at a time, and the GPU" in sentences
        and "no smaller form" in sentences
    )
    assert "methods.roberta_lora" not in sentences


def test_an_answer_without_a_model_fits_every_gpu():
    study = read_overlay("studies/own_data.yaml")
    sizes = read_sizes(read_overlay("studies/capacity.yaml").backbones["llama_3_8b"].make_config().to_dict())
    assert refuse(study.methods["majority"], sizes, 0.001, 1, False) is None
    assert refuse(study.methods["llama_zero_shot"], sizes, 0.001, 1, False) is not None


def test_fewer_bits_are_advised_where_they_help(capacity, tmp_path):
    whole = capacity.methods["llama_zero_shot"].model_copy(update={"precision": "bfloat16"})
    study = capacity.model_copy(
        update={
            "methods": {**capacity.methods, "whole": whole},
            "run": capacity.run.model_copy(update={"methods": ("whole",)}),
            "serving": None,
        }
    )
    with pytest.raises(
        SettingsError, match=r"methods.whole: needs at least 16.4 GB .* what would fit: precision: nf4\."
    ):
        check_study(study, 12.0, tmp_path)


def test_a_model_too_large_for_one_card_is_spread_over_several(capacity, tmp_path):
    """Full fine-tuning of 8 billion weights: 16 bytes each, on GPUs of 80 GB."""
    head = capacity.methods["llama_qlora_head"]
    whole = head.model_copy(
        update={
            "precision": "bfloat16",
            "adapter": capacity.methods["roberta_full"].adapter,
            "training": head.training.model_copy(update={"optimizer": "adamw"}),
        }
    )
    study = capacity.model_copy(
        update={
            "methods": {**capacity.methods, "whole": whole},
            "run": capacity.run.model_copy(update={"methods": ("whole",)}),
            "serving": None,
        }
    )
    with pytest.raises(SettingsError, match=r"with hardware.gpus_per_run: 2; or .*hardware.gpus_per_run: 4") as told:
        check_study(study, 80.0, tmp_path)
    assert "gpus_per_run: 8" in str(told.value)
    spread = whole.model_copy(update={"training": whole.training.model_copy(update={"shard_weights": True})})
    two = study.hardware.model_copy(update={"gpus_per_run": 2})
    check_study(study.model_copy(update={"methods": {"whole": spread}, "hardware": two}), 80.0, tmp_path)
    alone = plan_study(study, [80.0], tmp_path)["methods"]["whole"]["gpus"][0]["training"]
    shared = plan_study(study.model_copy(update={"methods": {"whole": spread}, "hardware": two}), [80.0], tmp_path)[
        "methods"
    ]["whole"]["gpus"][0]["training"]
    assert not alone["fits"] and shared["fits"]
    for part in ("weights", "gradients", "optimizer"):
        assert shared[part] == pytest.approx(alone[part] / 2, rel=1e-6)
    assert shared["rows"] <= whole.training.batch_size * whole.training.gradient_accumulation_steps / 2


def test_a_readout_says_itself_what_it_adds(capacity):
    """The planner knows none by name, nor by PEFT's name for what it does."""

    class Wide(find_settings("readouts", "linear_head")):
        peft_task: ClassVar[str] = "QUESTION_ANS"

        def count_head(self, width, labels):
            return 1000

    plain = capacity.methods["llama_qlora_head"].model_copy(
        update={"adapter": find_settings("adapters", "none")(kind="none")}
    )
    wide = plain.model_copy(update={"readout": Wide(kind="linear_head")})
    config = capacity.backbones[plain.backbone].make_config()
    assert count_method(plain, config, 3).total - 3 * 4097 == count_method(wide, config, 3).total - 1000


def test_a_table_that_is_the_output_layer_is_not_spread(capacity):
    """As in Llama 3.2 1B: every GPU holds it, its gradient and its two optimizer states."""
    generation, full = capacity.methods["llama_qlora_generation"], capacity.methods["roberta_full"].adapter
    training = generation.training.model_copy(update={"optimizer": "adamw", "shard_weights": True})
    method = generation.model_copy(update={"precision": "bfloat16", "adapter": full, "training": training})
    config = capacity.backbones["llama_3_8b"].make_config()
    config.tie_word_embeddings = True
    sizes = read_sizes(config.to_dict())
    load = Load(method, sizes, count_by_sizes(sizes, has_output=True, trains_all=True), 64, gpus=8)
    need, table = training_need(load, 1, gradient_checkpointing=True), sizes.vocabulary * sizes.hidden
    here = table + (load.weights.total - table) / 8
    assert (need.weights, need.gradients, need.optimizer) == pytest.approx((4 * here, 4 * here, 8 * here), rel=1e-6)


@pytest.mark.parametrize(("adapter", "readout", "architecture"), COMBINATIONS)
@pytest.mark.parametrize("precision", ["float32", "nf4"])
def test_every_run_on_a_gpu_gets_its_prediction(
    adapter, readout, architecture, precision, backbone_folders, task_record, tiny_rows, monkeypatch
):
    method = make_method(adapter, readout, architecture, precision)
    if not method.trains or (precision == "nf4" and not method.adapter.accepts_quantized):
        pytest.skip("nothing is trained, or not on 4 bits")
    reader = make_readout(method, backbone_folders[architecture], task_record, tiny_rows, seed=1)
    module = assemble_for_training(method, reader, backbone_folders[architecture], seed=1).module
    assert planned_training(method, module, 40, 8, False) is None and planned_prediction(method, module) is None
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.current_device", lambda: 0)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda _: SimpleNamespace(total_memory=24 * 2**30))
    kept, again = (
        planned_training(method, module, 40, 8, gradient_checkpointing) for gradient_checkpointing in (False, True)
    )
    assert 70e6 < again <= kept < 100e6 and 36e6 < planned_prediction(method, module) < 100e6
    assert planned_training(method, module, 40, 64, False) > kept


@pytest.mark.parametrize("wish", ["24 GB", "24GB", 24, "24.0"])
def test_a_card_is_a_size(wish):
    assert read_gpu_size(wish) == 24.0 and read_gpu_size(None) is None


@pytest.mark.parametrize("wish", ["big", "0 GB", "-3"])
def test_other_cards_are_refused(wish):
    with pytest.raises(SettingsError, match="gpu: expected a size such as 24 GB"):
        read_gpu_size(wish)


def test_checking_a_card_does_not_import_torch():
    program = "import sys; import fineprint.planning.refusing; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT / "scripts", check=False).returncode == 0


def test_the_report_prints_the_planner_s_error():
    few = {name: METHODS[name] for name in ("roberta_full", "llama_zero_shot")}
    results = make_results(few, tasks=("nli",), seeds=(1,), splits={"test": 90}, with_gaps=False)
    task = results["runs"][0]["task"]
    assert planned_table(Study(results), task) is None, "no GPU was used"
    for run in results["runs"]:
        for record in ("train", "predict"):
            run[record]["planned_peak_bytes"] = None
            for phase in run[record]["phases"].values():
                phase["memory"]["peak_allocated_bytes"] = 5_000_000_000
    results["runs"][0]["train"]["planned_peak_bytes"] = 4_500_000_000
    table = planned_table(Study(results), task)
    cells = [cell.text.replace("\N{NO-BREAK SPACE}", " ") for row in table.rows for cell in row]
    assert "−10 %" in cells and "4.50 GB" in cells
