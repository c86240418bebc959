"""A model's sizes, from its config.json, and its numbers of weights by arithmetic. torch is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NEEDED = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
SHARED = "num_hidden_groups"  # ALBERT's layers share their weights, which the arithmetic here does not know


@dataclass(frozen=True)
class Sizes:
    """What memory depends on.

    Attributes:
        attention: width of all queries together; key_value: of all keys, fewer where heads share them.
        gated: three matrices in the feed-forward part, root-mean-square norms and no dropout (Llama and its kin)
            instead of two, layer norms and dropout (BERT and its kin).
        tied: whether the output layer is the table of input embeddings.
    """

    layers: int
    hidden: int
    attention: int
    key_value: int
    feedforward: int
    vocabulary: int
    positions: int
    gated: bool
    tied: bool


@dataclass(frozen=True)
class Weights:
    """Numbers of weights.

    Attributes:
        linear: frozen or not, in linear layers that quantization packs.
        other: embeddings, norms, biases, heads, output layer.
        output: of `other`, those of an output layer of its own over the vocabulary.
        trained: of all, adapter and head included.
        trained_inputs: summed widths of what trained linear layers read, per token.
        largest: of one linear layer.
    """

    linear: int
    other: int
    output: int
    trained: int
    trained_inputs: int
    largest: int

    @property
    def total(self) -> int:
        """All weights, trained or not."""
        return self.linear + self.other


def read_sizes(config: Mapping[str, Any]) -> Sizes | None:
    """Return the sizes that a config.json names, or None where it names them otherwise."""
    config = config.get("text_config", config)
    if any(not isinstance(config.get(key), int) for key in NEEDED) or SHARED in config:
        return None
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    width = config.get("head_dim") or hidden // heads
    # Llama's kin have one of these keys, BERT's none.
    gated = "rms_norm_eps" in config or "num_key_value_heads" in config
    return Sizes(
        layers=config["num_hidden_layers"],
        hidden=hidden,
        attention=heads * width,
        key_value=(config.get("num_key_value_heads") or heads) * width,
        feedforward=config["intermediate_size"],
        vocabulary=config["vocab_size"],
        positions=0 if gated else config.get("max_position_embeddings") or 0,
        gated=gated,
        tied=bool(config.get("tie_word_embeddings", not gated)),
    )


def count_by_sizes(sizes: Sizes, has_output: bool, trains_all: bool) -> Weights:
    """Return numbers of weights by arithmetic; of an adapter, which is small, nothing is counted.

    Args:
        sizes: of the model.
        has_output: whether the model is used as a language model.
        trains_all: whether the backbone itself is trained.
    """
    hidden, inner = sizes.hidden, sizes.feedforward
    attention, feedforward = 2 * (sizes.attention + sizes.key_value), (3 if sizes.gated else 2) * inner
    linear = sizes.layers * hidden * (attention + feedforward)
    small = sizes.layers * (2 * hidden if sizes.gated else 9 * hidden + inner)  # norms and biases
    output = sizes.vocabulary * hidden if has_output and not sizes.tied else 0
    # A model for classification has a pooler, or a head's first layer, of hidden × hidden.
    other = (sizes.vocabulary + sizes.positions) * hidden + small + output + (0 if has_output else hidden * hidden)
    inputs = sizes.layers * (3 * hidden + sizes.attention + (2 if sizes.gated else 1) * hidden + inner)
    return Weights(
        linear=linear,
        other=other,
        output=output,
        trained=linear + other if trains_all else 0,
        trained_inputs=inputs if trains_all else 0,
        largest=hidden * max(inner, sizes.attention),
    )
