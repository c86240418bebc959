"""The first pass of a method through its model: where one fails at all, it fails there, and a sentence says so.

What config.json and the weights' headers cannot tell of an architecture nobody here has tried shows in it, before any
step is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fineprint.core.progress import logger
from fineprint.core.settings import SettingsError

if TYPE_CHECKING:
    from fineprint.inference.assembly import Assembled


@contextmanager
def first_pass(assembled: Assembled) -> Iterator[None]:
    """Turn an error of the model's code, inside the block, into a sentence; what is said already, and memory that runs
    out, is left alone."""
    import torch

    try:
        yield
    except (SettingsError, torch.OutOfMemoryError):
        raise
    # Models fail in as many ways as they have authors.
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        method = assembled.method
        logger.info("The first pass ended in %s: %s", type(error).__name__, error)
        raise SettingsError(
            f"backbone '{method.backbone}' ({name_type(assembled)}) cannot be run with adapter "
            f"'{method.adapter.kind}', readout '{method.readout.kind}' and precision {method.precision}: the first "
            "pass failed, see the line above. Use another adapter, readout or precision for this model"
        ) from error


def name_type(assembled: Assembled) -> str:
    """Return the type of the model, as its configuration has it."""
    configs = (getattr(part, "config", None) for part in assembled.module.modules())
    return next((config.model_type for config in configs if hasattr(config, "model_type")), "no model")
