"""The contract of every adapter × readout, found by globbing their folders."""

import itertools
import math
import sys
import warnings

import pytest
import torch

from fineprint.adapters._peft import PeftSettings
from fineprint.core.settings import SettingsError, find_settings, list_kinds
from fineprint.inference.assembly import assemble_for_prediction, assemble_for_training, make_readout, save_trained
from fineprint.models.parameters import count_parameters
from fineprint.models.precisions import PRECISIONS
from fineprint.reporting.methods_text.references import find_numbers
from fineprint.study.schema import MethodSettings, TrainingSettings
from fineprint.training.loop import train

# What a kind needs beyond its defaults to fit a model of width 64.
ADAPTER_SETTINGS = {
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.0},
    "p_tuning": {"tokens": 4, "encoder_hidden": 16},
    "prefix_tuning": {"tokens": 4, "projection_hidden": 16},
    "prompt_tuning": {"tokens": 4},
}
TARGETS = {"encoder": ["query", "value"], "decoder": ["q_proj", "v_proj"]}


def make_adapter(kind, architecture):
    model = find_settings("adapters", kind)
    extra = {"target_modules": TARGETS[architecture]} if "target_modules" in model.model_fields else {}
    return model.model_validate({"kind": kind, **ADAPTER_SETTINGS.get(kind, {}), **extra})


def make_method(adapter, readout, architecture, precision="float32", **training):
    return MethodSettings(
        backbone=architecture,
        precision=precision,
        adapter=make_adapter(adapter, architecture),
        readout=find_settings("readouts", readout).model_validate({"kind": readout}),
        training=TrainingSettings(**({"epochs": 2, "learning_rate": 0.01, "batch_size": 8} | training)),
        max_length=64,
    )


def is_refused(adapter, readout):
    """Whether a config with this pair is refused."""
    settings = find_settings("readouts", readout).model_validate({"kind": readout})
    return settings.refuse(find_settings("adapters", adapter).trains) is not None


PAIRS = list(itertools.product(list_kinds("adapters"), list_kinds("readouts")))
COMBINATIONS = [
    (adapter, readout, architecture)
    for adapter, readout in PAIRS
    if not is_refused(adapter, readout)
    for architecture in sorted(find_settings("readouts", readout).architectures)
]


def test_only_an_adapter_without_a_model_to_change_is_refused():
    for adapter, readout in PAIRS:
        loads = find_settings("readouts", readout).loads_backbone
        assert is_refused(adapter, readout) == (find_settings("adapters", adapter).trains and not loads)


def logits_of(assembled, rows):
    """What the method answers with: label scores for every readout."""
    readout = assembled.readout
    batch = readout.collate([readout.encode(row, with_answer=True) for row in rows])
    assembled.module.eval()
    with torch.inference_mode():
        if hasattr(readout, "logits"):
            return readout.logits(assembled.module, batch)
        return readout.label_scores(assembled.module, batch)


@pytest.mark.parametrize(("adapter", "readout", "architecture"), COMBINATIONS)
def test_trains_saves_and_loads(adapter, readout, architecture, backbone_folders, task_record, tiny_rows, tmp_path):
    method = make_method(adapter, readout, architecture)
    if not method.trains:
        pytest.skip("nothing is trained")
    backbone = backbone_folders[architecture]
    reader = make_readout(method, backbone, task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone, seed=1)
    before = {n: p.detach().clone() for n, p in assembled.module.named_parameters()}
    heads = reader.head_names(assembled.module)
    counted = count_parameters(assembled.module, heads)
    examples = [reader.encode(row, with_answer=True) for row in tiny_rows]
    outcome = train(assembled, examples, examples[:12], seed=1, name="test")

    assert len(outcome.epochs) == 2 and all(math.isfinite(epoch.training_loss) for epoch in outcome.epochs)
    assert outcome.optimizer_bytes > 0 and outcome.gradient_bytes > 0
    trained = {n for n, p in assembled.module.named_parameters() if p.requires_grad}
    frozen = {n for n, _ in assembled.module.named_parameters()} - trained
    now = dict(assembled.module.named_parameters())
    assert all(torch.equal(before[n], now[n]) for n in frozen), "a frozen weight moved"
    in_head = {n for n in trained if any(part in heads for part in n.split("."))}
    assert bool(in_head) == bool(heads), "the head is trained"
    assert all(not torch.equal(before[n], now[n]) for n in in_head)
    if method.adapter.trains:
        assert counted.adapter > 0
        assert any(not torch.equal(before[n], now[n]) for n in trained - in_head)
    for name in trained:
        if "lora_B" in name:
            assert now[name].abs().max() > 0, "LoRA's B stayed 0"

    save_trained(assembled, tmp_path)
    assert not [f for f in tmp_path.rglob("*") if f.suffix in {".bin", ".pt", ".pkl"}]
    wanted = logits_of(assembled, tiny_rows[:10])
    fresh = make_readout(method, backbone, task_record, tiny_rows, seed=99)
    loaded = assemble_for_prediction(method, fresh, backbone, tmp_path)
    torch.testing.assert_close(logits_of(loaded, tiny_rows[:10]), wanted, rtol=1e-4, atol=1e-4)
    answers = fresh.predict(loaded.module, fresh.collate([fresh.encode(row, False) for row in tiny_rows[:5]]))
    assert len(answers) == 5


@pytest.mark.parametrize("kind", list_kinds("adapters"))
def test_loss_falls(kind, backbone_folders, task_record, tiny_rows):
    method = make_method(kind, "linear_head", "encoder", epochs=12, learning_rate=0.02)
    reader = make_readout(method, backbone_folders["encoder"], task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone_folders["encoder"], seed=1)
    examples = [reader.encode(row, with_answer=True) for row in tiny_rows]
    outcome = train(assembled, examples, examples, seed=1, name="test")
    assert outcome.epochs[-1].training_loss < 0.8 * outcome.epochs[0].training_loss
    best = outcome.epochs[outcome.best_epoch - 1]
    assert best.held_out_accuracy == max(epoch.held_out_accuracy for epoch in outcome.epochs)


@pytest.mark.parametrize("kind", list_kinds("adapters") + list_kinds("readouts"))
def test_says_what_it_is(kind):
    package = "adapters" if kind in list_kinds("adapters") else "readouts"
    settings = find_settings(package, kind)
    head = sys.modules[settings.__module__].__doc__
    assert settings.title and len(settings.explanation) > 40 and settings.explanation.endswith(".")
    assert settings.__doc__ and head
    titles = [find_settings(package, other).title for other in list_kinds(package)]
    assert titles.count(settings.title) == 1, "the report tells kinds apart by their titles"
    if issubclass(settings, PeftSettings):
        assert find_numbers(head), "the file's head names the work that a method of the library follows"


def test_modules_that_the_model_lacks_are_named(backbone_folders, task_record, tiny_rows):
    method = make_method("lora", "classifier", "encoder")
    wanted = ("query", "valeu")  # PEFT alone would adapt the queries and say nothing
    method = method.model_copy(update={"adapter": method.adapter.model_copy(update={"target_modules": wanted})})
    backbone = backbone_folders["encoder"]
    readout = make_readout(method, backbone, task_record, tiny_rows, seed=1)
    with pytest.raises(
        SettingsError, match=r"target_modules: 'valeu' matches no linear module .*: dense, key, query, "
    ):
        assemble_for_training(method, readout, backbone, seed=1)


@pytest.mark.parametrize("adapter", ["full", "lora", "none", "p_tuning", "prefix_tuning"])
def test_what_begins_at_random_is_trained_and_saved(adapter, backbone_folders, task_record, tiny_rows, tmp_path):
    """BERT's head reads a pooler that a masked language model's folder lacks."""
    folder, method = backbone_folders["bert"], make_method(adapter, "classifier", "encoder")
    reader = make_readout(method, folder, task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, reader, folder, seed=1)
    assert reader.random_modules == ("bert.pooler", "classifier") and reader.head_start == "fresh"
    poolers = {n: p for n, p in assembled.module.named_parameters() if "pooler" in n and "original_module" not in n}
    before = {name: weight.detach().clone() for name, weight in poolers.items()}
    assert len(poolers) == 2 and all(weight.requires_grad for weight in poolers.values())
    examples = reader.encode_all(tiny_rows, with_answer=True)
    train(assembled, examples, examples[:12], seed=1, name="test")
    assert all(not torch.equal(before[name], weight) for name, weight in poolers.items())
    save_trained(assembled, tmp_path)
    wanted = logits_of(assembled, tiny_rows[:10])
    fresh = make_readout(method, folder, task_record, tiny_rows, seed=99)
    loaded = assemble_for_prediction(method, fresh, folder, tmp_path)
    torch.testing.assert_close(logits_of(loaded, tiny_rows[:10]), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("precision", [name for name in PRECISIONS if name not in ("float32", "nf4")])
def test_every_precision_trains_and_answers(precision, backbone_folders, task_record, tiny_rows):
    if precision == "float16" and not torch.cuda.is_available():
        pytest.skip("float16 needs a GPU")
    method = make_method("lora", "generation", "decoder", precision)
    backbone = backbone_folders["decoder"]
    reader = make_readout(method, backbone, task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone, seed=1)
    examples = [reader.encode(row, with_answer=True) for row in tiny_rows]
    outcome = train(assembled, examples, examples[:12], seed=1, name="test")
    assert outcome.epochs[-1].training_loss < outcome.epochs[0].training_loss


@pytest.mark.parametrize("readout", ["generation", "linear_head"])
def test_qlora_on_nf4(readout, backbone_folders, task_record, tiny_rows, tmp_path):
    """NF4 with double quantization and the paged 8-bit optimizer, on whatever this machine has."""
    method = make_method("lora", readout, "decoder", "nf4", optimizer="paged_adamw_8bit")
    backbone = backbone_folders["decoder"]
    reader = make_readout(method, backbone, task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone, seed=1)
    quantized = [p for p in assembled.module.parameters() if getattr(p, "quant_state", None) is not None]
    assert quantized and all(p.quant_state.nested and p.quant_state.quant_type == "nf4" for p in quantized)
    plain = make_method("lora", readout, "decoder")
    same = assemble_for_training(plain, make_readout(plain, backbone, task_record, tiny_rows, 1), backbone, seed=1)
    heads = reader.head_names(assembled.module)
    assert count_parameters(assembled.module, heads) == count_parameters(same.module, heads)
    examples = [reader.encode(row, with_answer=True) for row in tiny_rows]
    with warnings.catch_warnings():
        # On some processors bitsandbytes repacks weights when evaluated; training on then loses its gradients.
        warnings.filterwarnings("error", message=".*autograd kernel was not registered.*")
        train(assembled, examples, examples[:12], seed=1, name="test")
    assert all(p.quant_state.nested for p in quantized), "still double quantized after held-out evaluation"
    save_trained(assembled, tmp_path)
    wanted = logits_of(assembled, tiny_rows[:10])
    loaded = assemble_for_prediction(
        method, make_readout(method, backbone, task_record, tiny_rows, 1), backbone, tmp_path
    )
    torch.testing.assert_close(logits_of(loaded, tiny_rows[:10]), wanted, rtol=1e-3, atol=1e-3)


def test_merging_on_a_full_precision_base_keeps_the_answers(backbone_folders, task_record, tiny_rows, tmp_path):
    method = make_method("lora", "generation", "decoder", epochs=4)
    backbone = backbone_folders["decoder"]
    reader = make_readout(method, backbone, task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone, seed=1)
    examples = [reader.encode(row, with_answer=True) for row in tiny_rows]
    train(assembled, examples, examples[:12], seed=1, name="test")
    save_trained(assembled, tmp_path)
    merged = assemble_for_prediction(method, reader, backbone, tmp_path, merge_into="float32")
    assert not any("lora" in name for name, _ in merged.module.named_parameters())
    torch.testing.assert_close(logits_of(merged, tiny_rows), logits_of(assembled, tiny_rows), rtol=1e-3, atol=1e-3)


def test_an_adapter_of_nf4_weights_keeps_its_answers_on_these_dequantized(
    backbone_folders, task_record, tiny_rows, tmp_path
):
    """On the original weights, or where the sum is quantized anew, it answers by other logits."""
    method = make_method("lora", "generation", "decoder", "nf4", epochs=4)
    backbone = backbone_folders["decoder"]
    reader = make_readout(method, backbone, task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone, seed=1)
    examples = [reader.encode(row, with_answer=True) for row in tiny_rows]
    train(assembled, examples, examples[:12], seed=1, name="test")
    save_trained(assembled, tmp_path)
    own, away = logits_of(assembled, tiny_rows), {}
    for target in ("dequantized_float32", "dequantized_bfloat16", "float32", "nf4"):
        merged = assemble_for_prediction(method, reader, backbone, tmp_path, merge_into=target)
        names = [name for name, _ in merged.module.named_parameters()]
        assert not any("lora" in name for name in names)
        away[target] = float((logits_of(merged, tiny_rows) - own).abs().max())
        if "dequantized" in target:
            assert {p.dtype for p in merged.module.parameters()} == {getattr(torch, target.split("_")[1])}
    assert away["dequantized_float32"] < 1e-4
    assert min(away["float32"], away["nf4"]) > 3 * away["dequantized_bfloat16"], away
