"""Measuring a stretch of work, and what share of the card's arithmetic it used."""

from __future__ import annotations

import gc
import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


def synchronise() -> None:
    """Wait for the GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def start_part() -> None:
    """Forget the part before: its memory and its peak."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_bytes() -> int | None:
    """Return the peak of torch's allocator since `start_part`."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def matmul_rate(size: int = 8192, repeats: int = 20) -> float | None:
    """Return the card's floating-point operations per second in a large bfloat16 product of random matrices."""
    if not torch.cuda.is_available():
        return None
    a, b = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(5):
        a @ b
    synchronise()
    start = time.perf_counter()
    for _ in range(repeats):
        a @ b
    synchronise()
    return 2 * size**3 * repeats / (time.perf_counter() - start)


def forward_operations(config: Any, lengths: list[int], extra: int = 0) -> float:
    """Return the operations of one forward pass over texts of real length, padding left out, per text."""
    width, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    keys = getattr(config, "num_key_value_heads", config.num_attention_heads) / config.num_attention_heads
    matrices = 3 if config.model_type == "llama" else 2
    weights = layers * (width * width * (2 + 2 * keys) + matrices * width * inner)
    tokens = [length + extra for length in lengths]
    return sum(2 * weights * count + 4 * layers * width * count**2 for count in tokens) / len(tokens)


def run_parts(parts: dict[str, Callable[[], dict[str, Any]]], output: Path) -> None:
    """Run parts one after another and write what each measured, or why it failed, as soon as it is known."""
    results: dict[str, Any] = {}
    for name, part in parts.items():
        start_part()
        start = time.perf_counter()
        try:
            results[name] = part()
        except Exception as error:
            results[name] = {"failed": f"{type(error).__name__}: {error}"[:400]}
            traceback.print_exc()
        results[name] |= {"took_seconds": time.perf_counter() - start}
        print(name, json.dumps(results[name]), flush=True)
        output.write_text(json.dumps(results, indent=1), encoding="utf-8")


def rate(units: int, seconds: float, **more: Any) -> dict[str, Any]:
    """Return a result: units per second and the peak of memory."""
    return {"per_second": units / seconds, "peak_bytes": peak_bytes(), **more}
