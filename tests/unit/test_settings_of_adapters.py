"""Every setting of every adapter reaches the model that it changes, and a model says no more than what was set."""

import pytest
import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import AutoModel

from fineprint.core.settings import find_settings
from setting_probes import find_probe, list_settings, require_difference
from test_methods import make_adapter

WIDTH = 64  # of the tiny backbone


@pytest.fixture
def adapt(backbone_folders):
    """Return a function that puts an adapter with changed settings on the tiny encoder."""

    def apply(kind, **changes):
        settings = make_adapter(kind, "encoder")
        settings = find_settings("adapters", kind).model_validate(settings.model_dump() | changes)
        torch.manual_seed(1)
        return settings.apply(AutoModel.from_pretrained(backbone_folders["encoder"]), "FEATURE_EXTRACTION")

    return apply


def parts_named(model, name):
    """Return the modules whose name ends so."""
    return [module for path, module in model.named_modules() if path.split(".")[-1] == name]


def lora_layers(model):
    return [module for module in model.modules() if hasattr(module, "lora_A")]


def probe_rank(adapt, kind):
    for rank in (2, 6):
        layers = lora_layers(adapt(kind, rank=rank))
        shapes = {
            (tuple(part.lora_A["default"].weight.shape), tuple(part.lora_B["default"].weight.shape)) for part in layers
        }
        assert len(layers) == 4 and shapes == {((rank, WIDTH), (WIDTH, rank))}


def probe_alpha(adapt, kind):
    """The update is alpha / rank times B A, and it is that which is added to what the layer gave before."""
    inputs = torch.randn(3, WIDTH)
    for alpha, rank in ((8, 4), (3, 4), (10, 5)):
        for layer in lora_layers(adapt(kind, alpha=alpha, rank=rank, dropout=0.0)):
            first, second = layer.lora_A["default"].weight, layer.lora_B["default"].weight
            assert layer.scaling == {"default": alpha / rank} and not second.any()
            torch.nn.init.normal_(second)
            added = layer(inputs) - layer.base_layer(inputs)
            torch.testing.assert_close(added, alpha / rank * inputs @ first.T @ second.T)


def probe_dropout(adapt, kind):
    for dropout in (0.0, 0.3):
        found = {
            getattr(layer.lora_dropout["default"], "p", 0.0) for layer in lora_layers(adapt(kind, dropout=dropout))
        }
        assert found == {dropout}


def probe_target_modules(adapt, kind):
    for names in (("query", "value"), ("key",), ("dense",)):
        parts = adapt(kind, target_modules=names).named_modules()
        assert {path.split(".")[-1] for path, part in parts if isinstance(part, BaseTunerLayer)} == set(names)


def probe_virtual_tokens(adapt, kind):
    """They stand in front of the input, and are counted where positions are."""
    ids = torch.tensor([[5, 6, 7]])
    for tokens in (3, 7):
        model = adapt(kind, tokens=tokens)
        assert model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.shape[1] == tokens + 3
        assert make_adapter(kind, "encoder").model_copy(update={"tokens": tokens}).virtual_tokens == tokens


def probe_prefix_tokens(adapt, kind):
    """They add keys and values to every layer, and no position."""
    ids = torch.tensor([[5, 6, 7]])
    for tokens in (3, 7):
        model = adapt(kind, tokens=tokens)
        kept = model.get_prompt(batch_size=1)
        layers = getattr(kept, "self_attention_cache", kept).layers
        assert [layer.keys.shape[2] for layer in layers] == [tokens] * 2
        assert model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.shape[1] == 3
        settings = make_adapter(kind, "encoder").model_copy(update={"tokens": tokens})
        assert settings.prefix_tokens == tokens and settings.virtual_tokens == 0


def probe_projection(adapt, kind):
    widths = {
        projection: [
            part.out_features for part in linear_parts(adapt(kind, projection=projection, projection_hidden=24))
        ]
        for projection in (True, False)
    }
    assert widths == {True: [24, 2 * 2 * WIDTH], False: []}, "keys and values of two layers"


def probe_projection_hidden(adapt, kind):
    assert [linear_parts(adapt(kind, projection_hidden=hidden))[0].out_features for hidden in (8, 12)] == [8, 12]


def linear_parts(model):
    """Return the linear layers of what makes a prompt."""
    return [part for part in model.prompt_encoder.modules() if isinstance(part, torch.nn.Linear)]


def recurrent_parts(model):
    return [part for part in model.prompt_encoder.modules() if isinstance(part, torch.nn.LSTM)]


def probe_encoder(adapt, kind):
    assert [len(recurrent_parts(adapt(kind, encoder=form))) for form in ("mlp", "lstm")] == [0, 1]


def probe_encoder_hidden(adapt, kind):
    assert [linear_parts(adapt(kind, encoder_hidden=width))[0].out_features for width in (8, 24)] == [8, 24]
    assert recurrent_parts(adapt(kind, encoder="lstm", encoder_hidden=24))[0].hidden_size == 24


def probe_encoder_layers(adapt, kind):
    assert [recurrent_parts(adapt(kind, encoder="lstm", encoder_layers=n))[0].num_layers for n in (1, 3)] == [1, 3]


def probe_encoder_dropout(adapt, kind):
    assert [recurrent_parts(adapt(kind, encoder="lstm", encoder_dropout=p))[0].dropout for p in (0.0, 0.25)] == [
        0.0,
        0.25,
    ]


PROBES = {
    "lora.rank": probe_rank,
    "lora.alpha": probe_alpha,
    "lora.dropout": probe_dropout,
    "target_modules": probe_target_modules,
    "p_tuning.tokens": probe_virtual_tokens,
    "p_tuning.encoder": probe_encoder,
    "p_tuning.encoder_hidden": probe_encoder_hidden,
    "p_tuning.encoder_layers": probe_encoder_layers,
    "p_tuning.encoder_dropout": probe_encoder_dropout,
    "prefix_tuning.tokens": probe_prefix_tokens,
    "prefix_tuning.projection": probe_projection,
    "prefix_tuning.projection_hidden": probe_projection_hidden,
    "prompt_tuning.tokens": probe_virtual_tokens,
}


@pytest.mark.parametrize(("kind", "field"), list_settings("adapters"))
def test_every_setting_reaches_the_model(kind, field, adapt):
    if probe := find_probe(PROBES, kind, field):
        probe(adapt, kind)
    else:
        require_difference(
            "adapters",
            kind,
            field,
            lambda **changes: describe(adapt(kind, **changes)),
            "tests/unit/test_settings_of_adapters.py",
        )


def describe(model):
    """Return what an adapted model is made of, and PEFT's configuration of it."""
    parts = [(path, type(part).__name__, part.extra_repr()) for path, part in model.named_modules()]
    trained = [(path, tuple(weight.shape)) for path, weight in model.named_parameters() if weight.requires_grad]
    configs = {name: config.to_dict() for name, config in getattr(model, "peft_config", {}).items()}
    return parts, trained, configs


def test_a_setting_that_sets_nothing_is_told_what_to_add(adapt):
    with pytest.raises(
        pytest.fail.Exception, match=r"adapters/lora\.py: nothing shows that the setting 'rank'.*PROBES"
    ):
        require_difference("adapters", "lora", "rank", lambda **_: describe(adapt("lora")), "this file")
    require_difference("adapters", "lora", "rank", lambda **changes: describe(adapt("lora", **changes)), "this file")
