"""Reading clocks and memory while serving."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch

from fineprint.measuring.tensors import quantization_bytes

RANKED_FROM = 100  # so many samples are needed before a 99th percentile means something


def synchronise() -> None:
    """Wait until the GPU, if there is one, has done what it was asked."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def time_call(call: Callable[[], Any]) -> float:
    """Return how long a call takes, the GPU's work included."""
    synchronise()
    start = time.perf_counter()
    call()
    synchronise()
    return time.perf_counter() - start


def time_calls(calls: Iterable[Callable[[], Any]], limit: float) -> list[float]:
    """Return how long each call takes; after `limit` seconds, and at least one call, the rest is left out."""
    found: list[float] = []
    for call in calls:
        found.append(time_call(call))
        if sum(found) > limit:
            break
    return found


def percentile(seconds: list[float], share: float) -> float | None:
    """Return a percentile, or None of too few samples."""
    if len(seconds) < RANKED_FROM:
        return None
    return sorted(seconds)[min(len(seconds) - 1, round(share * (len(seconds) - 1)))]


def median(seconds: list[float]) -> float | None:
    """Return the median, or None of nothing."""
    return statistics.median(seconds) if seconds else None


def distinct_bytes(modules: list[torch.nn.Module]) -> int:
    """Return the bytes of all tensors in modules; a tensor that several share counts once."""
    tensors = {}
    for module in modules:
        for tensor in [*module.parameters(), *module.buffers()]:
            # By address: modules that PEFT copied may share tensors under different names.
            tensors[(tensor.data_ptr(), tensor.numel(), tensor.dtype)] = tensor
    stored = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    return stored + sum(quantization_bytes(tensor) for tensor in tensors.values())


def settle() -> None:
    """Take what the libraries made out of Python's search for garbage: it would last longer than what is timed."""
    gc.collect()
    gc.freeze()


def clear_memory() -> None:
    """Give back what nothing uses any more, and start a new peak."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_allocated() -> int | None:
    """Return the most that torch's allocator held on the GPU since the last `clear_memory`."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def resident() -> int | None:
    """Return the resident size of this process, on a machine without a GPU."""
    import psutil

    return None if torch.cuda.is_available() else psutil.Process().memory_info().rss
