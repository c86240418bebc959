"""What text each method sees, where the config leaves it to the backbone: filled in when the config is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fineprint.readouts import InputForm
    from fineprint.study.schema import MethodSettings, StudyConfig

USUAL: dict[str, InputForm] = {"encoder": "pair", "decoder": "prompt"}


def resolve_inputs(study: StudyConfig) -> StudyConfig:
    """Return the study with the input of every method filled in; null where a readout reads no text."""
    methods = {
        name: method.model_copy(update={"input": choose_input(study, method)}) for name, method in study.methods.items()
    }
    return study.model_copy(update={"methods": methods})


def choose_input(study: StudyConfig, method: MethodSettings) -> InputForm | None:
    """Return a method's input: what is set, or what is usual for its backbone among those that the readout accepts."""
    accepted, backbone = method.readout.inputs, study.backbones.get(method.backbone)
    if not accepted or backbone is None:
        return None
    usual = USUAL[backbone.architecture]
    return method.input or (usual if usual in accepted else accepted[0])


def find_input_conflicts(method: MethodSettings) -> list[str]:
    """Return why a readout cannot read the input that is set."""
    accepted = method.readout.inputs
    if method.input is None or method.input in accepted:
        return []
    return [f"input: readout '{method.readout.kind}' does not read a {method.input}; accepted: {', '.join(accepted)}."]
