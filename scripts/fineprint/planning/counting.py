"""Exact numbers of weights, from a module as it stands, or from one that is built without memory for its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fineprint.models.parameters import full_count
from fineprint.planning.sizes import Weights
from fineprint.study.schema import MethodSettings

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig


def build_without_memory(method: MethodSettings, config: PreTrainedConfig, labels: int) -> torch.nn.Module:
    """Return a method's model with its adapter, no tensor of which has any content."""
    import torch
    import transformers

    config.num_labels = labels
    with torch.device("meta"):
        model = getattr(transformers, method.readout.auto_class).from_config(config)
        return method.adapter.apply(model, method.readout.peft_task)


def count_weights(module: torch.nn.Module, head: int = 0) -> Weights:
    """Return a module's numbers of weights.

    Args:
        module: with its adapter; PEFT's frozen copies of heads are not counted.
        head: weights of a head that is not part of it.
    """
    from torch import nn

    linear = other = output = trained = inputs = largest = 0
    known: set[int] = set()
    tables = {id(part.weight) for part in module.modules() if isinstance(part, nn.Embedding)}
    vocabulary = max((part.num_embeddings for part in module.modules() if isinstance(part, nn.Embedding)), default=0)
    for name, part in module.named_modules():
        for parameter in part.parameters(recurse=False) if "original_module" not in name.split(".") else ():
            if id(parameter) in known:
                continue
            known.add(id(parameter))
            count = full_count(parameter)
            trained += count * parameter.requires_grad
            # An output layer that is the table of embeddings counts as that.
            in_layer = isinstance(part, nn.Linear) and parameter is part.weight and id(parameter) not in tables
            is_output = in_layer and part.out_features == vocabulary
            output += count * is_output
            # Quantization packs layers' matrices alone, neither poolers nor heads.
            if in_layer and not is_output and ".layer" in f".{name}":
                linear, largest = linear + count, max(largest, count)
                inputs += part.in_features * parameter.requires_grad
            else:
                other += count
    return Weights(linear, other + head, output, trained + head, inputs, largest)
