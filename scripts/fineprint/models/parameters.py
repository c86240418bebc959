"""Counting parameters: adapter, head, total, share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fineprint.core.records import Parameters

if TYPE_CHECKING:
    import torch


def count_parameters(module: torch.nn.Module, head_names: tuple[str, ...]) -> Parameters:
    """Count a module's parameters while it is trainable.

    PEFT keeps a frozen copy of a head it trains (`original_module`); the copy is not counted.
    """
    adapter = head = total = 0
    for name, parameter in module.named_parameters():
        parts = name.split(".")
        if "original_module" in parts:
            continue
        count = full_count(parameter)
        total += count
        if parameter.requires_grad:
            in_head = any(part in head_names for part in parts)
            head += count * in_head
            adapter += count * (not in_head)
    return Parameters(adapter=adapter, head=head, total=total, share=(adapter + head) / total if total else 0.0)


def full_count(parameter: torch.nn.Parameter) -> int:
    """Return the number of weights a parameter stands for; a 4-bit tensor packs two in one byte."""
    state = getattr(parameter, "quant_state", None)
    return int(state.shape.numel()) if state is not None else parameter.numel()
