"""Putting together what takes the optimizer steps, on the machine as it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fineprint.core.progress import logger
from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import Assembled
from fineprint.inference.batching import example_length
from fineprint.inference.first_pass import first_pass
from fineprint.jobs.processes import join_processes
from fineprint.models.norms import fuse_norms
from fineprint.models.precisions import keep_linear_in_half
from fineprint.models.sharding import Shards, list_trained_parameters
from fineprint.planning.checking import predict_fits
from fineprint.readouts import EncodedExample
from fineprint.study.schema import TrainingSettings
from fineprint.training.fitting import fit
from fineprint.training.optimizing import make_accelerator, make_optimizer, make_schedule
from fineprint.training.stepping import Stepper

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator


def store_frozen(module: torch.nn.Module, accelerator: Accelerator) -> None:
    """On a GPU keep frozen linear layers in the 16 bits that training computes in; elsewhere do nothing."""
    import torch

    if accelerator.device.type == "cuda" and accelerator.mixed_precision != "no":
        half = {"bf16": torch.bfloat16, "fp16": torch.float16}[accelerator.mixed_precision]
        keep_linear_in_half(module, half)


def make_stepper(assembled: Assembled, settings: TrainingSettings, examples: list[EncodedExample]) -> Stepper:
    """Put together what takes the optimizer steps, on the machine as it is."""
    accelerator = make_accelerator(settings)
    on_gpu = accelerator.device.type == "cuda"
    store_frozen(assembled.module, accelerator)
    processes = join_processes()
    shards = Shards(assembled.module, processes) if assembled.method.shards(processes.count) > 1 else None
    # Sharding turns norms into parts of something else: there they keep their own code.
    if on_gpu and shards is None:
        fuse_norms(assembled.module)
    if shards is not None and accelerator.mixed_precision == "fp16":
        raise SettingsError(
            "training.shard_weights: this GPU has no bfloat16, and float16, whose losses are scaled, cannot be "
            "combined with weights sharded over several GPUs; set mixed_precision: no"
        )
    # Without evaluation_mode accelerate would wrap DDP around it, which averages gradients per process instead of
    # weighing them by their terms of the loss.
    module = accelerator.prepare_model(assembled.module, evaluation_mode=True)  # nothing is wrapped around it
    optimizer = make_optimizer(list(list_trained_parameters(module, shards).values()), settings)
    # The last step of an epoch may see fewer rows: none is dropped.
    updates = settings.epochs * math.ceil(len(examples) / (settings.batch_size * settings.gradient_accumulation_steps))
    schedule = make_schedule(optimizer, settings, updates)
    optimizer = accelerator.prepare_optimizer(optimizer)
    stepper = Stepper(
        *(assembled, accelerator, module, optimizer, schedule, settings, settings.batch_size), shards=shards
    )
    stepper.set_gradient_checkpointing(settings.gradient_checkpointing)
    stepper.notes += [part.describe() for part in (processes, shards) if part is not None and processes.count > 1]
    predict = None
    if shards is not None:
        predict = predict_fits(assembled.method, module, max(map(example_length, examples)))
    if on_gpu and (shards is None or predict is not None):
        with first_pass(assembled):
            fit(stepper, examples, assembled.method.memory, predict)
        logger.info(stepper.notes[-1])
    return stepper


def trained_norms(stepper: Stepper) -> list[float]:
    """Return a fingerprint of each trained tensor outside the head, as far as this process holds it: its sum of
    squares."""
    import torch

    heads = stepper.readout.head_names(stepper.module)
    return [
        # In 64 bits: one small update hardly shows in the sum of a million squares.
        float(parameter.detach().double().square().sum())
        for name, parameter in stepper.trained.items()
        if not any(part in heads for part in name.split(".")) and not torch.is_complex(parameter)
    ]
