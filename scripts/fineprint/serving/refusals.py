"""Telling a refusal from a mistake: a way that PEFT, or this machine's memory, does not allow is not measured and says
why; anything else that goes wrong is a mistake in the code and fails the job."""

from __future__ import annotations

import traceback

import torch
from accelerate.utils.memory import should_reduce_batch_size

from fineprint.core.settings import SettingsError


def is_refusal(error: Exception) -> bool:
    """Return whether an error says that something cannot be served: memory that ran out, on a GPU or not, a task that
    does not fit, or PEFT's own no to such adapters."""
    if isinstance(error, SettingsError | MemoryError | torch.OutOfMemoryError) or should_reduce_batch_size(error):
        return True
    # PEFT has no errors of its own. It raises ValueError and RuntimeError (of which NotImplementedError is one), and
    # layers that do not know an argument of a mixed batch answer it with a TypeError.
    return isinstance(error, ValueError | TypeError | RuntimeError) and comes_from(error, "peft")


def comes_from(error: Exception, package: str) -> bool:
    """Return whether an error was raised in a package, or in what the package called, and not in code of this project
    that it called back, such as a head."""
    raised_in = [
        frame.f_globals.get("__name__", "").split(".")[0] for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    own = [place for place, name in enumerate(raised_in) if name == __name__.split(".")[0]]
    return package in raised_in[own[-1] + 1 if own else 0 :]


def first_line(error: BaseException) -> str:
    """Return an error's first line."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
