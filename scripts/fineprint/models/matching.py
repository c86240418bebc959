"""Whether a folder's weights are those of its architecture: compared by name and shape, none of them loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

POOLER = "pooler"  # behind the last hidden state: a folder of a masked language model need not have it


@dataclass(frozen=True)
class Match:
    """How the weights of a folder fit a model.

    Attributes:
        expected: names of the weights that the model has, tied ones once.
        missing: of these, what the folder lacks.
        mismatched: of these, what has another shape in the folder: name, there, in the model.
        unused: names of weights in the folder that the model has no place for.
        model: without any memory for its weights.
    """

    expected: list[str]
    missing: list[str]
    mismatched: list[tuple[str, list[int], list[int]]]
    unused: list[str]
    model: torch.nn.Module

    @property
    def lacking(self) -> list[str]:
        """What is missing and decides answers: all but a pooler."""
        return [name for name in self.missing if POOLER not in name.split(".")]


def match_weights(auto_class: Any, folder: Path, **extra: Any) -> Match:
    """Match a folder's weights with the model that a Transformers class makes of it.

    Names are compared as Transformers does when it loads: with or without the prefix of the base model, by their former
    names where they were renamed, tied weights once. `extra` are further arguments of `from_pretrained`.
    """
    with silent_loading():
        model, told = auto_class.from_pretrained(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            device_map="meta",
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **extra,
        )
    return Match(
        expected=[name for name, _ in model.named_parameters()],
        missing=sorted(told["missing_keys"]),
        mismatched=sorted((name, list(there), list(here)) for name, there, here in told["mismatched_keys"]),
        unused=sorted(told["unexpected_keys"]),
        model=model,
    )


@contextmanager
def silent_loading() -> Iterator[None]:
    """Keep Transformers from reporting, inside the block, what is told in sentences of ours."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
