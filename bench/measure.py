"""Measuring a stretch of work, and what share of the GPU's arithmetic it used."""

from __future__ import annotations

import gc
import json
import subprocess
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

# Forward passes' worth of arithmetic per text: a trained weight costs two more, a frozen one in between one more.
PASSES = {"none": 1, "full": 3, "lora": 2, "p_tuning": 2, "prefix_tuning": 2, "qlora": 2}


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


def peaks() -> dict[str, int | None]:
    """Return the peaks of torch's allocator since `start_part`: what tensors took, and what was set aside for them."""
    if not torch.cuda.is_available():
        return {"peak_bytes": None, "reserved_bytes": None}
    return {"peak_bytes": torch.cuda.max_memory_allocated(), "reserved_bytes": torch.cuda.max_memory_reserved()}


def describe_run(commit: str | None, started: str) -> dict[str, Any]:
    """Return when, on what and with what this process runs, and how fast the GPU multiplies matrices by now.

    Args:
        commit: of these files, where it is known; else git is asked.
        started: when the whole comparison was, as an ISO date.
    """
    from fineprint.jobs.environment import describe_environment

    found = describe_environment()
    gpu = found.gpu
    return {
        "started": started,
        "commit": commit or found.commit,
        "uncommitted_changes": None if commit else found.uncommitted_changes,
        "gpu": gpu.name if gpu else None,
        "gpu_bytes": gpu.memory_bytes if gpu else None,
        "processor": found.processor,
        "cores": found.cores,
        "versions": {
            "python": found.python,
            "CUDA": gpu.cuda if gpu else None,
            "driver": driver_version(),
            **found.versions,
        },
        "matmul_rate": matmul_rate(),
    }


def driver_version() -> str | None:
    """Return the version of NVIDIA's driver, or None where there is none."""
    try:
        command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(done.stdout.split()), None)


def matmul_rate(size: int = 8192, repeats: int = 20) -> float | None:
    """Return the GPU's floating-point operations per second in a large bfloat16 product of random matrices."""
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


def layer_weights(config: Any) -> float:
    """Return how many weights the layers' matrices have."""
    width, inner = config.hidden_size, config.intermediate_size
    keys = getattr(config, "num_key_value_heads", config.num_attention_heads) / config.num_attention_heads
    matrices = 3 if config.model_type == "llama" else 2
    return config.num_hidden_layers * (width * width * (2 + 2 * keys) + matrices * width * inner)


def forward_operations(config: Any, lengths: list[int], extra: int = 0) -> float:
    """Return the operations of one forward pass over texts of real length, padding left out, per text.

    Args:
        config: of the model.
        lengths: of the texts, in tokens.
        extra: virtual tokens in front of each.
    """
    attention = 4 * config.num_hidden_layers * config.hidden_size * (0.5 if config.model_type == "llama" else 1)
    tokens = [length + extra for length in lengths]
    return sum(2 * layer_weights(config) * count + attention * count**2 for count in tokens) / len(tokens)


def prompting_operations(config: Any, lengths: list[int], shared: int, written: int) -> float:
    """Return the operations, per prompt, of answering prompts when what they all begin with is read once.

    Counted are the beginning once, each prompt's own tokens, all written tokens but the last, behind which nothing is
    read, and the output layer wherever a token is written. Padding and the likelihoods of the labels are left out.

    Args:
        config: of the model.
        lengths: of the whole prompts, in tokens.
        shared: tokens that all begin with.
        written: tokens of an answer.
    """
    weights, attention = 2 * layer_weights(config), 4 * config.num_hidden_layers * config.hidden_size

    def read(first: int, last: int) -> float:
        return weights * (last - first) + attention * (last * (last + 1) - first * (first + 1)) / 2

    own = sum(read(shared, length + written - 1) for length in lengths) / len(lengths)
    output = 2 * config.hidden_size * config.vocab_size * written
    return read(0, shared) / len(lengths) + own + output


def run_parts(parts: dict[str, Callable[[], dict[str, Any]]], about: dict[str, Any], output: Path) -> None:
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
        output.write_text(json.dumps({"about": about, "parts": results}, indent=1), encoding="utf-8")


def rate(units: int, seconds: float, **more: Any) -> dict[str, Any]:
    """Return a result: units per second and the peaks of memory."""
    return {"per_second": units / seconds, **peaks(), **more}
