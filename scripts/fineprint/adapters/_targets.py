"""Which linear modules an adapter changes: those that are named, all of them, or what suits the architecture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

from fineprint.core.settings import SettingsError

if TYPE_CHECKING:
    import torch

ALL_LINEAR = "all-linear"
# What architectures call their queries and values, or the one projection that makes both.
QUERIES_AND_VALUES = frozenset(
    {"query", "value", "q_proj", "v_proj", "query_proj", "value_proj", "q_lin", "v_lin", "q", "v", "query_key_value"}
    | {"Wqkv", "qkv_proj", "c_attn", "in_proj"}
)


def read_targets(value: Any) -> tuple[str, ...] | str | None:
    """Accept names of modules, all-linear, or nothing."""
    if value in (ALL_LINEAR, [ALL_LINEAR], (ALL_LINEAR,)):
        return ALL_LINEAR
    if value is None:
        return None
    named = isinstance(value, list | tuple) and value and all(isinstance(name, str) and name for name in value)
    if not named:
        raise ValueError(
            "a list of names such as [query, value], or all-linear, is wanted; left out, they suit the architecture"
        )
    return tuple(value)


TargetModules = Annotated[tuple[str, ...] | Literal["all-linear"] | None, BeforeValidator(read_targets)]


def matches(path: str, name: str) -> bool:
    """Return whether a name, as the config gives it, means the module at a path."""
    return path == name or path.endswith(f".{name}")


def name_last(paths: Iterable[str]) -> list[str]:
    """Return the last parts of paths, each once, in alphabetical order; those that are mere numbers are left out."""
    return sorted({last for path in paths if not (last := path.rpartition(".")[2]).isdecimal()})


def list_linear(model: torch.nn.Module, heads: Iterable[str], with_output: bool = False) -> list[str]:
    """Return the paths of a model's linear modules; heads are left out, and so is the output layer over the vocabulary,
    unless it is asked for."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    output = getattr(model, "get_output_embeddings", lambda: None)()
    outside = tuple(heads)
    return [
        path
        for path, part in model.named_modules()
        if isinstance(part, nn.Linear | Conv1D)
        and (with_output or part is not output)
        and not any(path == head or path.startswith(f"{head}.") for head in outside)
    ]


def resolve_targets(model: torch.nn.Module, wanted: Iterable[str] | str | None, heads: Iterable[str]) -> list[str]:
    """Return the names of the modules that an adapter is put on.

    Args:
        model: a Transformers model.
        wanted: names, all-linear, or None for what suits the architecture.
        heads: paths of what is trained beside the adapter.

    Raises:
        SettingsError: a name matches no linear module.
    """
    linear = list_linear(model, heads)
    if wanted == ALL_LINEAR:
        return shorten(linear, model)
    if wanted is None:
        return choose_targets(model, linear)
    check_targets(wanted, list_linear(model, heads, with_output=True), linear, str(model.config.model_type))
    return sorted(wanted)


def shorten(linear: list[str], model: torch.nn.Module) -> list[str]:
    """Return the last parts of paths where they mean the same modules, else the paths."""
    names = name_last(linear)
    meant = {path for path, _ in model.named_modules() if any(matches(path, name) for name in names)}
    return names if meant == set(linear) else linear


def choose_targets(model: torch.nn.Module, linear: list[str]) -> list[str]:
    """Return what PEFT adapts of this architecture; of one that PEFT does not list queries and values, else all."""
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING

    listed = TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING.get(model.config.model_type)
    if isinstance(listed, list) and all(any(matches(path, name) for path in linear) for name in listed):
        return list(listed)
    return [name for name in name_last(linear) if name in QUERIES_AND_VALUES] or shorten(linear, model)


def check_targets(wanted: Iterable[str], linear: Iterable[str], usual: Iterable[str], model_type: str) -> None:
    """Refuse names of which one matches no linear module: the library would pass over it in silence.

    Args:
        wanted: the names.
        linear: paths of the linear modules.
        usual: those of them that a message names.
        model_type: of the model.
    """
    paths = list(linear)
    if unknown := [name for name in wanted if not any(matches(path, name) for path in paths)]:
        raise SettingsError(describe_unknown(unknown, usual, model_type))


def describe_unknown(unknown: list[str], paths: Iterable[str], model_type: str) -> str:
    """Say which names match nothing, and which names there are."""
    names = " and ".join(f"'{name}'" for name in unknown)
    return (
        f"adapter.target_modules: {names} {'matches' if len(unknown) == 1 else 'match'} no linear module of this "
        f"{model_type} model; it has: {', '.join(name_last(paths))}"
    )


def count_adapted(model: torch.nn.Module) -> dict[str, int]:
    """Return how many modules of each name carry an adapter of PEFT's."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    paths = [path for path, part in model.named_modules() if isinstance(part, BaseTunerLayer)]
    return dict(sorted(Counter(path.rpartition(".")[2] for path in paths).items()))
