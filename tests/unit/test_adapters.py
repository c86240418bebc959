"""What an adapter trains, at which precision, what it saves, and what it refuses to merge."""

import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification

from fineprint.core.settings import find_settings, list_kinds
from test_methods import make_adapter


def load(folder, dtype=torch.float32, whole=False):
    """Return the tiny encoder, with a classification head if it is to be `whole`."""
    kind = AutoModelForSequenceClassification if whole else AutoModel
    return kind.from_pretrained(folder, dtype=dtype)


@pytest.mark.parametrize("kind", list_kinds("adapters"))
def test_what_is_trained_is_float32_and_what_is_frozen_stays_as_stored(kind, backbone_folders):
    """The head that PEFT trains beside its own weights included: an update of 1e-4 is lost in a 16-bit weight."""
    adapter = make_adapter(kind, "encoder")
    model = adapter.apply(load(backbone_folders["encoder"], torch.bfloat16, whole=True), "SEQ_CLS")
    weights = [*model.named_parameters()]
    trained = {name: weight for name, weight in weights if weight.requires_grad}
    frozen = {weight.dtype for _, weight in weights if not weight.requires_grad}
    assert any("classifier" in name for name in trained)
    assert any("classifier" not in name for name in trained) == adapter.trains
    assert frozen == (set() if adapter.saves_whole_model else {torch.bfloat16})
    if adapter.trains:
        assert {weight.dtype for weight in trained.values()} == {torch.float32}


def test_no_adapter_trains_a_head_or_nothing(backbone_folders):
    adapter, folder = make_adapter("none", "encoder"), backbone_folders["encoder"]
    model = adapter.apply(load(folder, whole=True), "SEQ_CLS")
    trained = {name.split(".")[0] for name, weight in model.named_parameters() if weight.requires_grad}
    assert trained == {"classifier"}
    for task in ("FEATURE_EXTRACTION", "CAUSAL_LM"):
        assert not any(weight.requires_grad for weight in adapter.apply(load(folder), task).parameters())


@pytest.mark.parametrize("kind", list_kinds("adapters"))
def test_what_is_saved_is_what_was_trained_and_loads_for_prediction(kind, backbone_folders, tmp_path):
    """No card of a library's, which is a form to fill in: the project writes its own."""
    adapter, folder = make_adapter(kind, "encoder"), backbone_folders["encoder"]
    model = adapter.apply(load(folder, whole=True), "SEQ_CLS")
    heads = [weight for name, weight in model.named_parameters() if "classifier" in name and weight.requires_grad]
    for weight in heads:
        torch.nn.init.normal_(weight)
    adapter.save(model, tmp_path)
    weights = {"peft": "adapter_model", "transformers": "model" if adapter.saves_whole_model else "trained"}
    configs = {"peft": {"adapter_config.json"}, "transformers": {"config.json"} if adapter.saves_whole_model else set()}
    wanted = {f"{weights[adapter.library]}.safetensors"} | configs[adapter.library]
    assert {file.name for file in tmp_path.iterdir()} == wanted
    loaded = adapter.load(load(adapter.weights_folder(folder, tmp_path), whole=True), tmp_path)
    found = [weight for name, weight in loaded.named_parameters() if "classifier" in name and "original" not in name]
    assert len(found) == len(heads) > 0 and all(map(torch.equal, found, heads))
    if adapter.library != "peft" and not adapter.saves_whole_model:
        assert not any(weight.requires_grad for weight in loaded.parameters())


def test_weights_that_are_no_numbers_are_not_merged(backbone_folders):
    adapter = make_adapter("lora", "encoder")
    for spoil in (False, True):
        model = adapter.apply(load(backbone_folders["encoder"]), "FEATURE_EXTRACTION")
        first = next(weight for name, weight in model.named_parameters() if "lora_B" in name)
        torch.nn.init.constant_(first, float("nan") if spoil else 1.0)
        if spoil:
            with pytest.raises(ValueError, match="NaNs detected"):
                adapter.merge(model)
        else:
            assert not any("lora" in name for name, _ in adapter.merge(model).named_parameters())


@pytest.mark.parametrize("kind", [kind for kind in list_kinds("adapters") if find_settings("adapters", kind).can_merge])
def test_a_merged_model_answers_as_its_adapter_does(kind, backbone_folders):
    adapter = make_adapter(kind, "encoder")
    ids = torch.tensor([[5, 6, 7, 8]])
    plain = load(backbone_folders["encoder"]).eval()
    model = adapter.apply(load(backbone_folders["encoder"]), "FEATURE_EXTRACTION").eval()
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.add_(0.1 * torch.randn_like(weight))
        adapted = model(input_ids=ids).last_hidden_state
        merged = adapter.merge(model)
        torch.testing.assert_close(merged(input_ids=ids).last_hidden_state, adapted, rtol=1e-4, atol=1e-5)
        assert not torch.allclose(adapted, plain(input_ids=ids).last_hidden_state, atol=1e-3), (
            "the adapter did something"
        )
    assert set(merged.state_dict()) == set(plain.state_dict()), "nothing of the adapter is left beside the weights"
