"""4-bit weights held unpacked while a GPU has room: each is then unpacked once, not in every pass, and what is computed
with them is the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

LEAST_FREE = 4  # times the room that the unpacked weights take
HALF_BYTES = 2


def packed_layers(module: torch.nn.Module) -> list[Any]:
    """Return the linear layers whose weights are stored in 4 bits."""
    import bitsandbytes

    return [part for part in module.modules() if isinstance(part, bitsandbytes.nn.Linear4bit)]


def unpacked_bytes(module: torch.nn.Module, memory: str) -> int:
    """Return what the weights would take unpacked; 0 where they are to stay packed.

    Args:
        module: the model.
        memory: the method's setting; only "auto" allows more than is needed.
    """
    import torch

    if memory != "auto" or not torch.cuda.is_available():
        return 0
    size = sum(part.in_features * part.out_features * HALF_BYTES for part in packed_layers(module))
    # What torch has set aside and does not use is free, too, though the driver does not know it.
    free = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    return size if free >= LEAST_FREE * size else 0


@contextmanager
def unpacked(module: torch.nn.Module, wanted: bool) -> Iterator[None]:
    """Hold 4-bit weights unpacked inside the block, if `wanted`."""
    layers = packed_layers(module) if wanted else []
    for layer in layers:
        layer.forward = unpacked_forward(layer)
    try:
        yield
    finally:
        for layer in layers:
            # With the instance's own gone, the class's method is in force again.
            del layer.forward


def unpacked_forward(layer: Any) -> Any:
    """Return a forward pass of a layer that has unpacked its weights."""
    from bitsandbytes.functional import dequantize_4bit
    from torch.nn.functional import linear

    dtype = layer.compute_dtype
    weight = dequantize_4bit(layer.weight.data, layer.weight.quant_state).to(dtype)
    bias = None if layer.bias is None else layer.bias.to(dtype)
    return lambda inputs: linear(inputs.to(dtype), weight, bias).to(inputs.dtype)
