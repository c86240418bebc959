"""Putting a method together: tokenizer, readout, backbone at a precision, adapter, head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fineprint.core.records import Fitted, TaskRecord
from fineprint.core.settings import SettingsError
from fineprint.jobs.processes import join_processes
from fineprint.models.limits import takes_token_types
from fineprint.models.loading import dequantize, load_tokenizer, read_config
from fineprint.models.precisions import MERGE_TARGETS, half_dtype, keep_linear_in_half, load_into_main_memory
from fineprint.readouts import Context, Readout, TaskWording
from fineprint.study.admission import find_unfit
from fineprint.study.schema import MethodSettings
from fineprint.tasks import Row

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

ADAPTER_FOLDER = "adapter"
HEAD_FOLDER = "head"


@dataclass
class Assembled:
    """A method in memory: `module` answers through `readout`."""

    method: MethodSettings
    readout: Readout
    module: torch.nn.Module


def make_readout(method: MethodSettings, backbone: Path, task: TaskRecord, rows: list[Row], seed: int) -> Readout:
    """Build a method's readout for a task record; worked examples are drawn from `rows`.

    Raises:
        SettingsError: the backbone has no place for the method; nothing of it was loaded yet.
    """
    config = read_config(backbone).to_dict()
    if problems := find_unfit(method, config, tuple(task.labels)):
        raise SettingsError(" ".join(problems).removesuffix("."))
    wording = TaskWording(tuple(task.labels), tuple(task.answers), task.prompt)
    context = Context(
        wording,
        load_tokenizer(backbone),
        method.max_length,
        seed,
        rows,
        method.fields,
        token_types=takes_token_types(config),
        input=method.input or "pair",
    )
    return method.readout.build(context)


def assemble_for_training(method: MethodSettings, readout: Readout, backbone: Path, seed: int) -> Assembled:
    """Load the backbone, make it trainable by the adapter, put the head on. New weights come from `seed`. What is then
    sharded over several GPUs is loaded into main memory."""
    import torch

    torch.manual_seed(seed)
    # The seed is set before loading, which draws the heads that a folder lacks.
    with load_into_main_memory(method.shards(join_processes().count) > 1):
        model = readout.load_backbone(backbone, method.precision)
        heads = readout.start_head(model)
    adapted = method.adapter.apply(model, method.readout.peft_task, heads)
    return Assembled(method, readout, readout.attach_head(adapted))


def describe_fit(assembled: Assembled) -> Fitted:
    """Return how a method was put together, for the record of its training."""
    readout = assembled.readout
    return Fitted(
        adapted_modules=assembled.method.adapter.list_adapted(readout.adapted_model(assembled.module)),
        weights=readout.found.weights,
        loaded=readout.found.weights - len(readout.found.random),
        random_modules=list(readout.random_modules),
        head=readout.head_start,
    )


def save_trained(assembled: Assembled, folder: Path) -> None:
    """Write adapter and head into sub-folders of `folder`."""
    for name in (ADAPTER_FOLDER, HEAD_FOLDER):
        (folder / name).mkdir(parents=True, exist_ok=True)
    readout = assembled.readout
    assembled.method.adapter.save(readout.adapted_model(assembled.module), folder / ADAPTER_FOLDER)
    readout.save_head(assembled.module, folder / HEAD_FOLDER)
    for name in (ADAPTER_FOLDER, HEAD_FOLDER):
        if not any((folder / name).iterdir()):
            # An empty folder would say that there was something to save.
            (folder / name).rmdir()


def assemble_for_prediction(
    method: MethodSettings, readout: Readout, backbone: Path, saved: Path, merge_into: str | None = None
) -> Assembled:
    """Load a method for prediction.

    On a GPU float32 weights of linear layers are kept in 16 bits, in which prediction computes with them anyway.

    Args:
        method: what was trained.
        readout: built for the same task.
        backbone: the backbone's folder.
        saved: what `save_trained` wrote; empty for a method that trains nothing.
        merge_into: a key of `fineprint.models.precisions.MERGE_TARGETS`: the weights into which the adapter is merged;
            None leaves the adapter beside the backbone.
    """
    import torch

    source = method.adapter.weights_folder(backbone, saved / ADAPTER_FOLDER)
    model = load_for_merging(readout, source, method.precision, merge_into)
    adapted = method.adapter.load(model, saved / ADAPTER_FOLDER)
    if merge_into is not None:
        # The backbone is at this precision already, so that what is rounded is the sum, once, as in a saved merged
        # model.
        adapted = method.adapter.merge(adapted)
    module = readout.attach_head(adapted)
    if (saved / HEAD_FOLDER).exists():
        readout.load_head(module, saved / HEAD_FOLDER)
    module = module.requires_grad_(False).eval()
    if torch.cuda.is_available():
        keep_linear_in_half(module, half_dtype())
    return Assembled(method, readout, module)


def load_for_merging(readout: Readout, folder: Path, precision: str, merge_into: str | None) -> PreTrainedModel:
    """Load the backbone as trained on, or as what an adapter is merged into.

    Args:
        readout: that loads it.
        folder: where its weights lie.
        precision: of training.
        merge_into: as for `assemble_for_prediction`.
    """
    if merge_into is None:
        return readout.load_backbone(folder, precision)
    target = MERGE_TARGETS[merge_into]
    if not target.dequantized:
        return readout.load_backbone(folder, target.precision)
    return dequantize(readout.load_backbone(folder, precision), target.precision)
