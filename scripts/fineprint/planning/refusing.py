"""Refusing methods that a GPU is too small for, before any job starts, and saying what would fit.

It looks at config.json alone, and at the least that a method can do with: one row at a time, activations computed
again. torch is not imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fineprint.core.records import read_json
from fineprint.core.settings import SettingsError, find_settings, list_kinds
from fineprint.jobs.processes import join_processes
from fineprint.models.precisions import PRECISIONS
from fineprint.planning.memory import Load, prediction_need, training_need
from fineprint.planning.sizes import Sizes, count_by_sizes, read_sizes
from fineprint.study.schema import MethodSettings
from fineprint.study.serving import used_methods

if TYPE_CHECKING:
    from fineprint.study.schema import StudyConfig

SHORT_TOKENS = (256, 128, 64, 32)
MORE_GPUS = (2, 4, 8)


def check_study(study: StudyConfig, gpu_gb: float | None, folder: Path) -> None:
    """Refuse a study with a method that cannot fit the GPU; models of unknown sizes are left to their jobs.

    Args:
        study: to be run.
        gpu_gb: memory of the GPU, None where no GPU is known.
        folder: the study's results.

    Raises:
        SettingsError: a sentence for each method.
    """
    if gpu_gb is None:
        return
    problems = []
    for name in used_methods(study):
        method = study.methods[name]
        config = study.backbones[method.backbone].read_config(folder / "backbones" / method.backbone / "model")
        gpus = study.hardware.gpus_per_run
        problem = refuse(method, read_sizes(config), gpu_gb, gpus, method.trains) if config else None
        problems += [f"methods.{name}: {problem}"] if problem else []
    if problems:
        raise SettingsError("Not enough GPU memory:\n" + "\n".join(f"  - {problem}" for problem in problems))


def check_job(method: MethodSettings, model: Path, training: bool) -> None:
    """Refuse a method that is too large for the GPU of its job, whose model was perhaps not there when snakemake
    started; `training` says whether the job trains it."""
    import torch

    if torch.cuda.is_available():
        gpu_gb = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory / 1e9
        sizes = read_sizes(read_json(model / "config.json"))
        problem = refuse(method, sizes, gpu_gb, join_processes().count, training)
        if problem:
            raise SettingsError(f"not enough GPU memory: this method {problem}")


@dataclass(frozen=True)
class Form:
    """A method, or a smaller form of it in words, whether the backbone itself is trained, and on how many GPUs."""

    words: str
    method: MethodSettings
    trains_all: bool
    gpus: int


def least_need(form: Form, sizes: Sizes, training: bool) -> int:
    """Return the least that a method can do with: in prediction, which one GPU does, and, if asked, in training."""
    weights = count_by_sizes(sizes, form.method.readout.writes_answer, form.trains_all)
    load = Load(form.method, sizes, weights, form.method.max_length, max(1, form.gpus))
    needs = [prediction_need(load, 1), *([training_need(load, 1, gradient_checkpointing=True)] if training else [])]
    return max(need.peak for need in needs)


def refuse(method: MethodSettings, sizes: Sizes | None, gpu_gb: float, gpus: int, training: bool) -> str | None:
    """Return a sentence where a method needs more than the GPU has; None where it fits, or nothing can be said.

    Args:
        method: its settings.
        sizes: of its backbone, None where they are unknown.
        gpu_gb: memory of each GPU.
        gpus: GPUs that share its training.
        training: whether it is trained, or only answers.
    """
    if sizes is None or not method.readout.loads_backbone:
        return None
    least = least_need(Form("", method, method.adapter.saves_whole_model, gpus), sizes, training)
    if least <= gpu_gb * 1e9:
        return None
    fitting = [form.words for form in smaller_forms(method, gpus) if least_need(form, sizes, training) <= gpu_gb * 1e9]
    advice = f"what would fit: {'; or '.join(fitting)}" if fitting else "no smaller form of this method would fit"
    how = "one example at a time with gradient checkpointing" if training else "one example at a time"
    needed = f"needs at least {least / 1e9:.1f} GB on '{method.backbone}', {how}"
    return f"{needed}, and the GPU has {gpu_gb:.1f} GB; {advice}."


def smaller_forms(method: MethodSettings, gpus: int) -> Iterator[Form]:
    """Yield what could be set instead, the smallest change first."""
    whole = method.adapter.saves_whole_model
    for tokens in SHORT_TOKENS:
        if tokens < method.max_length:
            yield Form(f"max_length: {tokens}", method.model_copy(update={"max_length": tokens}), whole, gpus)
    kinds = {kind: find_settings("adapters", kind) for kind in list_kinds("adapters")}
    frozen = [kind for kind, settings in kinds.items() if settings.trains and not settings.saves_whole_model]
    adapter = f"an adapter that leaves the backbone frozen ({', '.join(frozen)})"
    if whole:
        yield Form(adapter, method, False, gpus)
    if PRECISIONS[method.precision].bits > 4:
        packed = method.model_copy(update={"precision": "nf4"})
        yield Form("such an adapter with precision: nf4" if whole else "precision: nf4", packed, False, gpus)
    yield from sharded_forms(method, gpus)


def sharded_forms(method: MethodSettings, gpus: int) -> Iterator[Form]:
    """Yield the method on more GPUs that share its weights, the fewest first, where its weights can be shared."""
    training = method.training
    if training is None or training.optimizer != "adamw" or PRECISIONS[method.precision].quantized:
        return
    shared = method.model_copy(update={"training": training.model_copy(update={"shard_weights": True})})
    for count in MORE_GPUS:
        if count > method.shards(gpus):
            words = f"training.shard_weights: true with hardware.gpus_per_run: {count}"
            yield Form(words, shared, method.adapter.saves_whole_model, count)
