"""Weights sharded over the GPUs that share one training, for models that one GPU cannot train.

PyTorch's fully sharded data parallelism (`torch.distributed.fsdp.fully_shard`; ZeRO's third stage, arXiv 1910.02054)
holds a part of every layer's weights on each GPU and brings a layer together only while it computes. The optimizer is
given the parts as plain parameters, so that everything around a step works as it does without.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fineprint.core.settings import SettingsError
from fineprint.jobs.processes import Processes

if TYPE_CHECKING:
    import torch


class Shards:
    """The parts of a module's weights that this process holds.

    Attributes:
        parts: trained parts by the parameter's name, sharing memory with the module's own.
    """

    def __init__(self, module: torch.nn.Module, processes: Processes) -> None:
        """Shard the weights of a module's layers; what is no layer stays whole in every process.

        Args:
            module: in main memory, or where it computes; a layer at a time goes to this process's GPU.
            processes: that share the training.

        Raises:
            SettingsError: the model names no layers.
        """
        import torch
        from torch.distributed.fsdp import fully_shard

        self.processes, self.module = processes, module
        kind = "cuda" if torch.cuda.is_available() else "cpu"
        mesh = torch.distributed.init_device_mesh(kind, (processes.count,))
        units = list(find_units(module))
        # PyTorch's own function rather than accelerate's plugin: that wraps the model, and adapters, heads and saving
        # would find it under other names.
        for unit in units:
            fully_shard(unit, mesh=mesh, reshard_after_forward=True)
        unsharded = {parameter for parameter in module.parameters() if not is_sharded(parameter)}
        # Under one root a layer's whole gradients are let go as soon as the next layer's come, not all at the end.
        fully_shard(module, mesh=mesh, ignored_params=unsharded)
        for part in [*units, module]:
            # Losses are shares of their step's already, so gradients are added up, not averaged.
            part.set_gradient_divide_factor(1.0)
            part.set_force_sum_reduction_for_comms(True)
        for tensor in [*module.parameters(), *module.buffers()]:
            if not is_sharded(tensor):  # accelerate moves nothing of a module that has sharded weights
                tensor.data = tensor.data.to(kind)
        self.sharded = {name: p for name, p in module.named_parameters() if is_sharded(p)}
        self.parts = {
            name: torch.nn.Parameter(held(parameter.detach()))
            for name, parameter in self.sharded.items()
            if parameter.requires_grad
        }
        self.numbers = {id(part) for part in self.parts.values()}

    def describe(self) -> str:
        """Return a sentence for the record."""
        sharded, all_weights = (sum(p.numel() for p in ps) for ps in (self.sharded.values(), self.module.parameters()))
        return (
            f"Of the weights {sharded / all_weights:.1%} were sharded over the {self.processes.count} processes, with "
            "their gradients and optimizer state, and brought together a layer at a time; what is counted as held in "
            "memory is the first process's."
        )

    def is_part(self, parameter: torch.nn.Parameter) -> bool:
        """Return whether this is one of the parts."""
        return id(parameter) in self.numbers

    def take_gradients(self) -> None:
        """Give each part the gradient that the layers' backward passes left, added up over all processes."""
        for name, part in self.parts.items():
            gradient = self.sharded[name].grad
            part.grad = None if gradient is None else held(gradient)

    def clip_gradients(self, unsharded: list[torch.nn.Parameter], most: float) -> None:
        """Scale all gradients down so that their common norm is at most `most`.

        Args:
            unsharded: trained parameters that every process holds, with the same gradients in all.
            most: the norm.
        """
        from torch.nn.utils import clip_grads_with_norm_, get_total_norm

        parts = list(self.parts.values())
        # Squares of norms add up over the parts; what every process holds must be counted once.
        square = get_total_norm([p.grad for p in unsharded if p.grad is not None]) ** 2
        if parts:
            square = square + self.processes.add_tensor(
                get_total_norm([p.grad for p in parts if p.grad is not None]) ** 2
            )
        clip_grads_with_norm_([*parts, *unsharded], most, square**0.5)

    def clear_gradients(self) -> None:
        """Forget the layers' gradients; the optimizer forgets the parts'."""
        for parameter in self.sharded.values():
            parameter.grad = None

    def join(self, name: str, part: torch.Tensor) -> torch.Tensor | None:
        """Return the whole of which each process gives its part, in the first process's main memory; None in others.

        Args:
            name: of the parameter whose part it is, or to which it belongs, as the optimizer's state does.
            part: as many rows as this process holds of the parameter, and its other dimensions.
        """
        import torch

        parameter, count = self.sharded[name], self.processes.count
        # fully_shard cuts the first dimension into equal parts, of which the last may be short or empty: all send as
        # much as the first.
        rows = -(-parameter.shape[0] // count)
        sent = part.new_zeros((rows, *part.shape[1:]), device=parameter.device)
        sent[: len(part)] = part.detach()
        received = sent.new_empty((count * rows, *part.shape[1:]))
        torch.distributed.all_gather_into_tensor(received, sent)
        return received[: parameter.shape[0]].cpu() if self.processes.writes else None

    def own_part(self, whole: torch.Tensor) -> torch.Tensor:
        """Return this process's part of a whole, cut as the layers' weights are: along the first dimension."""
        pieces = whole.chunk(self.processes.count)
        # More processes than rows leave the last ones without any.
        return pieces[self.processes.number] if self.processes.number < len(pieces) else whole[:0]

    def gather_weights(self, everything: bool) -> None:
        """Put whole weights into the first process's module, which then can be saved and no longer be run; the other
        processes' stays as it is.

        Args:
            everything: the frozen weights, too.
        """
        import torch

        for name, parameter in self.sharded.items():
            whole = self.join(name, held(parameter.detach())) if everything or parameter.requires_grad else None
            if whole is not None:
                path, _, last = name.rpartition(".")
                owner = self.module.get_submodule(path)
                owner._parameters[last] = torch.nn.Parameter(whole, requires_grad=parameter.requires_grad)


def trained_parameters(module: torch.nn.Module, shards: Shards | None) -> dict[str, torch.nn.Parameter]:
    """Return a module's trained parameters by name; where they are sharded, this process's parts of them."""
    parts = shards.parts if shards is not None else {}
    return {name: parts.get(name, p) for name, p in module.named_parameters() if p.requires_grad}  # type: ignore[arg-type]


def find_units(module: torch.nn.Module) -> Iterator[torch.nn.Module]:
    """Yield what is brought together at once: tables of embeddings and output layers that share no weight with
    anything else, and the layers that Transformers says must not be split. None lies within another: prompt tuning asks
    a table of embeddings without asking what it is part of, whose other, smaller weights therefore stay whole."""
    from transformers import PreTrainedModel

    models = [part for part in module.modules() if isinstance(part, PreTrainedModel)]
    names = {name for model in models for name in model._no_split_modules or ()}
    layers = [part for part in module.modules() if type(part).__name__ in names]
    if not layers:
        raise SettingsError(
            "training.shard_weights: this backbone does not say what its layers are; set it to false for this method"
        )
    ends = [end for model in models for end in (model.get_input_embeddings(), model.get_output_embeddings())]
    ends = [end for end in dict.fromkeys(ends) if end is not None and not shares_weights(end, module)]
    yield from ends
    taken = {id(end) for end in ends}
    for layer in layers:
        if taken.isdisjoint(map(id, layer.modules())) and not shares_weights(layer, module):
            yield layer


def shares_weights(unit: torch.nn.Module, module: torch.nn.Module) -> bool:
    """Return whether a weight of the unit serves elsewhere in the module too."""
    inside = {id(part) for part in unit.modules()}
    outside = {
        id(parameter)
        for part in module.modules()
        if id(part) not in inside
        for parameter in part.parameters(recurse=False)
    }
    return any(id(parameter) in outside for parameter in unit.parameters())


def is_sharded(tensor: torch.Tensor) -> bool:
    """Return whether a tensor's parts lie in several processes."""
    from torch.distributed.tensor import DTensor

    return isinstance(tensor, DTensor)


def held(tensor: torch.Tensor) -> torch.Tensor:
    """Return what this process holds of a tensor, sharing its memory: the tensor itself, unless it is sharded."""
    return tensor.to_local() if is_sharded(tensor) else tensor  # type: ignore[attr-defined]
