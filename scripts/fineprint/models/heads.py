"""Classification heads: which modules they are, and beginning them anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def list_heads(model: torch.nn.Module) -> list[str]:
    """Return the names of the modules of a Transformers model that stand outside its backbone."""
    # By the name that Transformers gives the backbone in its own classes.
    return [
        name
        for name, part in model.named_children()
        if name != model.base_model_prefix and next(part.parameters(), None) is not None
    ]


def list_modules(weights: Iterable[str], prefix: str) -> tuple[str, ...]:
    """Return the modules that weights belong to: heads, and of the backbone named `prefix` its parts, as `bert.pooler`.

    Args:
        weights: by name, such as bert.pooler.dense.weight.
        prefix: the name of the backbone.
    """
    found = []
    for name in weights:
        first, *rest = name.split(".")
        found.append(f"{first}.{rest[0]}" if first == prefix and rest else first)
    return tuple(dict.fromkeys(found))


def begin_anew(model: torch.nn.Module, modules: Iterable[str]) -> None:
    """Draw the weights of modules at random, as their model draws them where a folder has none."""
    import torch

    with torch.no_grad():
        for name in modules:
            part = model.get_submodule(name)
            for parameter in part.parameters():
                # Transformers marks what it has loaded, and leaves alone what is marked.
                parameter._is_hf_initialized = False
            part.apply(model._init_weights)
