"""What a user would pick instead of the assignment's way: Trainer with batches by length, bf16 and torch.compile."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from assignment import CUDA, train_encoder
from models import Sizes

GROUPED = {"grouped": True, "fp16": False, "bf16": CUDA, "train_sampling_strategy": "group_by_length", "tf32": CUDA}


def alternative_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return Trainer with batches by length and bf16."""
    return {
        f"{kind}_{batch}": partial(
            train_encoder, kind, sizes, folder, steps=30, per_device_train_batch_size=batch, **GROUPED
        )
        for kind in ("full", "lora")
        for batch in (8, 64)
    }


def compiled_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return the same with torch.compile for any length: one layer compiled for all, or the whole model."""
    settings = {"torch_compile": True, "per_device_train_batch_size": 64, **GROUPED}

    def compiled(by_layer: bool) -> dict[str, Any]:
        import torch._dynamo

        torch._dynamo.reset()
        os.environ["ACCELERATE_DYNAMO_USE_DYNAMIC"] = "true"
        os.environ["ACCELERATE_DYNAMO_USE_REGIONAL_COMPILATION"] = str(by_layer).lower()
        return train_encoder("full", sizes, folder, steps=30, **settings)

    return {"full_64_by_layer": partial(compiled, True), "full_64_whole": partial(compiled, False)}
