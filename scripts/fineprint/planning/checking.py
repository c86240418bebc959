"""The predicted peak of a run that has just been measured, for the report to print beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fineprint.jobs.processes import join_processes
from fineprint.planning.budget import Predict
from fineprint.planning.counting import count_weights
from fineprint.planning.memory import Load, plan_prediction, training_need
from fineprint.planning.sizes import read_sizes
from fineprint.study.schema import MethodSettings

if TYPE_CHECKING:
    import torch


def make_load(method: MethodSettings, module: torch.nn.Module, tokens: int, gpus: int = 1) -> Load | None:
    """Return what predictions start from; None without a GPU, or where config.json names sizes otherwise."""
    import torch
    from transformers import PreTrainedConfig

    if not torch.cuda.is_available():
        return None
    configs = (getattr(part, "config", None) for part in module.modules())
    config = next((config for config in configs if isinstance(config, PreTrainedConfig)), None)
    sizes = read_sizes(config.to_dict()) if config is not None else None
    return Load(method, sizes, count_weights(module), tokens, gpus) if sizes is not None else None


def planned_training(
    method: MethodSettings,
    module: torch.nn.Module,
    longest_tokens: int,
    micro_batch: int | None,
    gradient_checkpointing: bool | None,
) -> int | None:
    """Return the peak that would have been predicted for the rows and the micro-batch that were used."""
    load = make_load(method, module, longest_tokens, join_processes().count)
    return (
        training_need(load, micro_batch, bool(gradient_checkpointing)).peak
        if load is not None and micro_batch
        else None
    )


def predict_fits(method: MethodSettings, module: torch.nn.Module, longest_tokens: int) -> Predict | None:
    """Return what predicts the peak of a micro-batch before any is tried; None where the model's sizes are unknown."""
    load = make_load(method, module, longest_tokens, join_processes().count)
    return (
        None
        if load is None
        else lambda rows, gradient_checkpointing: training_need(load, rows, gradient_checkpointing).peak
    )


def planned_prediction(method: MethodSettings, module: torch.nn.Module) -> int | None:
    """Return the peak that would have been predicted for rows of max_length on this GPU."""
    import torch

    load = make_load(method, module, method.max_length)
    if load is None:
        return None
    return plan_prediction(load, torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory).peak
