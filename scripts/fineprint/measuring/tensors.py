"""Exact bytes of a model's tensors: weights, what a forward pass keeps, gradients, optimizer state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fineprint.models.sharding import held

if TYPE_CHECKING:
    import torch


def weight_bytes(model: torch.nn.Module) -> int:
    """Return the bytes of all weights and buffers as stored here, quantization tables included."""
    # By identity: tied weights are stored once.
    tensors = {id(tensor): held(tensor) for tensor in [*model.parameters(), *model.buffers()]}
    stored = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    return stored + sum(quantization_bytes(tensor) for tensor in tensors.values())


def quantization_bytes(tensor: torch.Tensor) -> int:
    """Return the bytes of a 4-bit weight's scales (bitsandbytes keeps them beside the weight)."""
    state = getattr(tensor, "quant_state", None)
    if state is None:
        return 0
    parts = [state.absmax, state.code]
    if state.nested:
        parts += [state.state2.absmax, state.state2.code, state.offset]
    return sum(part.numel() * part.element_size() for part in parts)


def activation_bytes(model: torch.nn.Module, run_forward: Callable[[], torch.Tensor]) -> int:
    """Return the bytes that a forward pass keeps for the backward pass, weights left out.

    Each tensor that autograd saves is counted once by its storage, as large as that is in the end: a layer that was
    brought together from several GPUs is given back by then. The random state is put back afterwards, so a measured
    training goes the way an unmeasured one would.

    Args:
        model: whose weights are not counted.
        run_forward: computes the loss of one micro-batch.
    """
    import torch

    # By storage: autograd saves views of weights, such as transposed ones.
    weights = {held(tensor).untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    storages: dict[int, Any] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            # Held, not only counted: the address of one that was freed would be given to another.
            storages[storage._cdata] = storage
        return tensor.detach()

    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = run_forward()
    # Ends the graph; a layer that was gathered for it is given back before sizes are read.
    del loss
    return sum(storage.nbytes() for storage in storages.values())


def gradient_bytes(parameters: Iterable[torch.nn.Parameter]) -> int:
    """Return the bytes of all gradients that exist."""
    return sum(p.grad.numel() * p.grad.element_size() for p in parameters if p.grad is not None)


def optimizer_bytes(optimizer: torch.optim.Optimizer) -> int:
    """Return the bytes of the optimizer's state as it stands."""
    import torch

    states = optimizer.state.values()
    tensors = [value for state in states for value in state.values() if isinstance(value, torch.Tensor)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
