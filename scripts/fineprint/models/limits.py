"""What inputs a model takes, as its config.json says it: how many positions, and whether token types. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Of these, token i stands at position pad_token_id + 1 + i, so that the first positions of the table are never used.
COUNTED_FROM_PAD = frozenset(
    {"camembert", "data2vec-text", "esm", "ibert", "longformer", "luke", "mpnet", "roberta", "roberta-prelayernorm"}
    | {"xlm-roberta", "xlm-roberta-xl", "xmod"}
)
# These take no keys and values from outside, as a prefix is. The model itself is asked once it is built; this list is
# for saying so before.
TAKE_NO_PREFIX = frozenset(
    {"albert", "convbert", "deberta", "deberta-v2", "distilbert", "esm", "eurobert", "flaubert", "fnet", "funnel"}
    | {"gte", "ibert", "layoutlm", "longformer", "luke", "mobilebert", "modernbert", "mpnet", "mra", "nomic_bert"}
    | {"nystromformer", "squeezebert", "xlm", "yoso", "falcon_mamba", "mamba", "mamba2", "openai-gpt", "rwkv", "xlnet"}
)
PAD_OF_ROBERTA = 1
POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len")


def text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a config.json that describes the language model."""
    inner = config.get("text_config")
    return inner if isinstance(inner, Mapping) else config


def usable_positions(config: Mapping[str, Any]) -> int | None:
    """Return how many tokens an input may have, None where config.json names no limit.

    Args:
        config: as config.json has it.
    """
    part = text_part(config)
    positions = next((part[key] for key in POSITIONS if isinstance(part.get(key), int)), None)
    if positions is None or positions < 1:
        return None
    if part.get("model_type") not in COUNTED_FROM_PAD:
        return positions
    # MPNet's code has RoBERTa's number in it, whatever its configuration says.
    pad = PAD_OF_ROBERTA if part["model_type"] == "mpnet" else part.get("pad_token_id", PAD_OF_ROBERTA)
    return positions - (pad or 0) - 1


def takes_token_types(config: Mapping[str, Any]) -> bool:
    """Return whether the model tells the two texts of a pair by token types; a tokenizer may give them to one that does
    not, such as BERT's beside a RoBERTa."""
    types = text_part(config).get("type_vocab_size")
    return isinstance(types, int) and types > 1
