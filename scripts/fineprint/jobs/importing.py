"""Importing what loading a model needs, in two thirds of the time that it takes by itself: every job does it."""

from __future__ import annotations

import gc
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def import_libraries() -> None:
    """Import what loading a model needs, so that the loading phase measures loading; keep libraries from printing what
    is no news, such as a freshly started head."""
    os.environ["TOKENIZERS_PARALLELISM"] = "true"  # by as many threads as `use_threads` allows
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
    warnings.filterwarnings("ignore", message="`gradient_checkpointing_", category=FutureWarning)
    warnings.filterwarnings("ignore", message="Paged optimizers are not supported on CPU")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    with collecting_no_garbage():
        from unittest import mock  # not by light jobs, which import this file, too

        import torch

        with mock.patch.object(torch, "compile", leave_as_it_is):
            import bitsandbytes  # noqa: F401
        import peft  # noqa: F401
        from transformers import modeling_utils  # noqa: F401
        from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


@contextmanager
def collecting_no_garbage() -> Iterator[None]:
    """Import inside the block without Python's garbage collector, which goes through all that was imported so far again
    and again; afterwards it leaves that alone, too."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def leave_as_it_is(function: Callable[..., Any] | None = None, **_: Any) -> Any:
    """Stand in for `torch.compile` while bitsandbytes is imported: it has torch load its whole compiler, for functions
    that serve neither a CPU nor an NVIDIA GPU, which have kernels of their own."""
    return leave_as_it_is if function is None else function
