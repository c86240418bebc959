"""Virtual tokens and prefixes: what PEFT must be told of a model, and which models have no place for them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from fineprint.core.settings import SettingsError

if TYPE_CHECKING:
    import torch
    from peft import PromptLearningConfig


def fit_prompt(config: PromptLearningConfig, model: torch.nn.Module, kind: str) -> None:
    """Tell PEFT the sizes of a model, some of which it looks for under other names, or takes for others.

    Args:
        config: PEFT's; it is changed.
        model: a Transformers model.
        kind: of adapter, for messages.

    Raises:
        SettingsError: the model takes neither embeddings nor keys and values from outside.
    """
    from peft import PeftType

    sizes = model.config.get_text_config()
    is_prefix = config.peft_type == PeftType.PREFIX_TUNING
    if not takes_input(model, "past_key_values" if is_prefix else "inputs_embeds"):
        raise SettingsError(describe_refused(kind, sizes.model_type, is_prefix))
    config.num_layers = sizes.num_hidden_layers
    # Of no account to virtual tokens, but PEFT asks all the same.
    config.num_attention_heads = sizes.num_attention_heads if is_prefix else 1
    # ELECTRA's and ALBERT's embeddings are narrower than their layers: a virtual token is as wide as an embedding.
    config.token_dim = sizes.hidden_size if is_prefix else model.get_input_embeddings().embedding_dim


def describe_refused(kind: str, model_type: str, is_prefix: bool) -> str:
    """Say that models of a type take neither keys and values (for a prefix) nor embeddings (for virtual tokens)."""
    what = "keys and values" if is_prefix else "embeddings"
    others = "lora, p_tuning, prompt_tuning or full" if is_prefix else "lora or full"
    return (
        f"adapter '{kind}' hands {what} to the model, and models of type '{model_type}' take none; use adapter {others}"
    )


def takes_input(model: torch.nn.Module, name: str) -> bool:
    """Return whether a model, or the base model that its head stands on, names an input of its forward pass.

    Anything may be handed on unnamed (`**kwargs`); what is then done with it is another matter.
    """
    base = getattr(model, model.base_model_prefix, model)
    return any(name in inspect.signature(part.forward).parameters for part in (model, base))
