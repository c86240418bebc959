"""What a training is compared with: a plain loop of torch's and Transformers' parts, without accelerate."""

from __future__ import annotations

import math
from typing import Any

import torch

from fineprint.inference.batching import training_batches


def train_plainly(assembled: Any, examples: list[Any], steps: int, device: str) -> tuple[list[float], dict[str, Any]]:
    """Train for one epoch of so many steps; return each step's loss, and the trained weights."""
    from transformers import get_linear_schedule_with_warmup

    settings, module = assembled.method.training, assembled.module.to(device).train()
    trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
    groups = [
        {"params": [p for p in trained.values() if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained.values() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, foreach=False)
    schedule = get_linear_schedule_with_warmup(optimizer, math.ceil(settings.warmup_ratio * steps), steps)
    losses = []
    for batch in training_batches(examples, settings.batch_size, 1, 1):
        inputs = {name: tensor.to(device) for name, tensor in assembled.readout.collate(batch).items()}
        loss = assembled.readout.loss(module, inputs)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.values(), settings.max_grad_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    return losses, {name: p.detach().clone() for name, p in trained.items()}
