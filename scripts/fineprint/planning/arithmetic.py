"""What a study's methods train and save, counted on models that are built without memory for their weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fineprint.core.records import Excerpt, QuotedBackbone, QuotedRun
from fineprint.models.parameters import count_parameters
from fineprint.planning.counting import build_without_memory
from fineprint.readouts import Context, TaskWording
from fineprint.study.schema import MethodSettings, StudyConfig
from fineprint.tasks import TaskSettings

if TYPE_CHECKING:
    import torch

    from fineprint.backbones.random_weights import Settings as RandomWeights

# What claims know methods by, and what their numbers depend on.
COUNTED: Any = {"title": True, "backbone": True, "precision": True, "adapter": True, "readout": {"kind"}}


def count_study(study: StudyConfig) -> Excerpt:
    """Return the numbers of parameters and the saved bytes of every method whose adapter trains something, of methods
    that differ in their training alone the first.

    Args:
        study: whose backbones are given by their sizes alone (random_weights), so that nothing has to be loaded.
    """
    counted = list({describe_counted(study.methods[name]): name for name in reversed(study.run.methods)}.values())
    counted = [name for name in reversed(counted) if study.methods[name].adapter.trains]
    task = study.tasks[study.run.tasks[0]]
    used = dict.fromkeys(study.methods[name].backbone for name in counted)
    return Excerpt(
        study=study.study,
        methods={name: study.methods[name].model_dump(mode="json", include=COUNTED) for name in counted},
        backbones={name: count_backbone(study.backbones[name]) for name in used},
        runs=[
            count_method(name, study.methods[name], study.backbones[study.methods[name].backbone], task)
            for name in counted
        ],
    )


def describe_counted(method: MethodSettings) -> str:
    """Return all of a method that its numbers depend on."""
    return method.model_dump_json(include={"backbone", "precision", "adapter", "readout"})


def count_backbone(backbone: RandomWeights) -> QuotedBackbone:
    """Return a model's size, and that of its weights on the disk."""
    weights = list(backbone.make_empty_model(backbone.make_config()).parameters())  # tied weights once
    return QuotedBackbone(
        settings=backbone.model_dump(mode="json"),
        model_type=backbone.model_type,
        parameters=sum(weight.numel() for weight in weights),
        bytes=tensor_bytes(weights),
        origin=backbone.origin,
        pretrained=backbone.pretrained,
    )


def count_method(name: str, method: MethodSettings, backbone: RandomWeights, task: TaskSettings) -> QuotedRun:
    """Return what a method trains and saves."""
    config = backbone.make_config()
    wording = TaskWording(tuple(task.labels), tuple(task.answers), task.prompt)
    readout = method.readout.build(Context(wording, backbone.make_tokenizer(config), method.max_length, seed=0))
    module = readout.attach_head(build_without_memory(method, config, len(task.labels)))
    adapted = readout.adapted_model(module)
    inside = {id(parameter) for parameter in adapted.parameters()}
    own_head = [parameter for parameter in module.parameters() if id(parameter) not in inside]
    return QuotedRun(
        method=name,
        seed=0,
        trained=True,
        parameters=count_parameters(module, readout.head_names(module)),
        checkpoint_bytes=tensor_bytes([*saved_tensors(method, adapted), *own_head]),
    )


def saved_tensors(method: MethodSettings, model: torch.nn.Module) -> list[torch.Tensor]:
    """Return the tensors that an adapter saves of its model: all of them, or those that PEFT picks."""
    if method.adapter.saves_whole_model:
        return list(model.parameters())
    from peft import get_peft_model_state_dict
    from torch._subclasses.fake_tensor import FakeTensorMode

    # PEFT moves prompts to the CPU, which of tensors without content only this mode allows.
    with FakeTensorMode(allow_non_fake_inputs=True):
        return list(get_peft_model_state_dict(model).values())


def tensor_bytes(tensors: Iterable[torch.Tensor]) -> int:
    """Return the bytes of tensors as they stand in a file, its header left out."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
