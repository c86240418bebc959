"""Root mean square norms by torch's one kernel instead of the six that a model's own code starts for each.

Those read and write the whole input every time, and keep it in 32 bits for the backward pass. What is computed is the
same but for a rounding less.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

ROUNDING = 2**-6  # two units of the last place of bfloat16


@contextmanager
def fused_norms(module: torch.nn.Module, wanted: bool) -> Iterator[None]:
    """Compute the model's norms by one kernel each inside the block, if `wanted`."""
    if wanted:
        fuse_norms(module)
    try:
        yield
    finally:
        restore_norms(module)


def fuse_norms(module: torch.nn.Module) -> None:
    """Compute the model's norms by one kernel each from now on."""
    for part in [part for part in module.modules() if is_plain_norm(part)]:
        part.forward = fused_forward(part)


def restore_norms(module: torch.nn.Module) -> None:
    """Compute the model's norms by its own code again."""
    for part in module.modules():
        if getattr(vars(part).get("forward"), "is_fused", False):
            del part.forward


def is_plain_norm(part: Any) -> bool:
    """Return whether a module is Transformers' form of the norm, nobody has changed it, and it computes what torch's
    kernel does: some models add 1 to the weights."""
    import torch

    if not type(part).__name__.endswith("RMSNorm") or not hasattr(part, "variance_epsilon") or "forward" in vars(part):
        return False
    with torch.inference_mode():
        # Of both signs and not centred, so that an offset of the weights or another epsilon shows.
        inputs = torch.linspace(-2, 3, len(part.weight)).to(part.weight)
        wanted, found = part(inputs), fused_forward(part)(inputs)
        return torch.allclose(found.float(), wanted.float(), rtol=ROUNDING, atol=ROUNDING)


def fused_forward(part: Any) -> Any:
    """Return a forward pass by one kernel, where the input has the weights' dtype; autocast would make it float32."""
    import torch
    from torch.nn.functional import rms_norm

    plain = type(part).forward

    def forward(inputs: torch.Tensor) -> torch.Tensor:
        if inputs.dtype != part.weight.dtype:
            return plain(part, inputs)
        with torch.autocast(inputs.device.type, enabled=False):
            return rms_norm(inputs, part.weight.shape, part.weight, part.variance_epsilon)

    forward.is_fused = True  # type: ignore[attr-defined]
    return forward
