"""What of a study cannot work together, as sentences; found when the config is read."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from fineprint.core.settings import NAME
from fineprint.models.precisions import MERGE_TARGETS, PRECISIONS
from fineprint.study.inputs import find_input_conflicts

if TYPE_CHECKING:
    from fineprint.study.schema import MethodSettings, StudyConfig
    from fineprint.tasks import TaskSettings


def find_conflicts(study: StudyConfig) -> list[str]:
    """Return a sentence for each combination that cannot work and each name that is not defined."""
    problems = [
        f"run.{key}: '{name}' is not defined under {key}; defined: {', '.join(sorted(getattr(study, key)))}."
        for key in ("tasks", "methods")
        for name in getattr(study.run, key)
        if name not in getattr(study, key)
    ]
    if not NAME.fullmatch(study.study):
        problems.append("study: a name may have only the characters a-z, 0-9 and _.")
    problems += [problem for name, task in study.tasks.items() for problem in find_task_conflicts(name, task)]
    for name, method in study.methods.items():
        problems += [f"methods.{name}: {problem}" for problem in find_method_conflicts(study, method)]
    return problems + find_field_conflicts(study)


def find_field_conflicts(study: StudyConfig) -> list[str]:
    """Return where a method that is run is to see texts that a task's rows do not have, or its prompt needs others."""
    problems = []
    runs = [
        (name, study.methods[name], task, study.tasks[task])
        for name in study.run.methods
        for task in study.run.tasks
        if name in study.methods and task in study.tasks
    ]
    for name, method, task, settings in runs:
        if method.fields is None:
            continue
        shown, known, where = set(method.fields), settings.text_fields(), f"methods.{name}.fields"
        if unknown := sorted(shown - set(known)):
            problems.append(
                f"{where}: the rows of task '{task}' have no text '{unknown[0]}'; they have {', '.join(known)}. Name "
                "one of these, or leave the method out of run.methods."
            )
        hidden = [field for field in list_prompt_fields(settings.prompt) if field in known and field not in shown]
        if hidden and method.input == "prompt":
            problems.append(
                f"{where}: the prompt of task '{task}' asks for {{{hidden[0]}}}, which is hidden from this method; "
                "set input: pair if the readout accepts it, or use another wording."
            )
    return problems


def list_prompt_fields(prompt: str) -> list[str]:
    """Return the fields of a wording; none where its braces are not in order."""
    try:
        return [field for _, field, _, _ in string.Formatter().parse(prompt) if field is not None]
    except ValueError:
        return []  # `find_prompt_conflicts` has a sentence for that


def find_task_conflicts(name: str, task: TaskSettings) -> list[str]:
    """Return what is wrong with a task's labels and wording."""
    problems = []
    if len(task.labels) < 2 or len({label.strip() for label in task.labels}) != len(task.labels):
        problems.append(f"tasks.{name}.labels: expected at least two distinct labels.")
    if len(task.answers) != len(task.labels) or len(set(task.answers)) != len(task.answers):
        problems.append(f"tasks.{name}.answers: expected one distinct word per label ({len(task.labels)}).")
    return problems + [f"tasks.{name}.prompt: {problem}" for problem in find_prompt_conflicts(task)]


def find_prompt_conflicts(task: TaskSettings) -> list[str]:
    """Return what is wrong with a task's wording: its fields must be those that its rows have, and nothing more."""
    known = ", ".join(f"{{{field}}}" for field in task.text_fields())
    only = f"only {known} may stand in braces; write {{{{ and }}}} for braces"
    try:
        parts = [part for part in string.Formatter().parse(task.prompt) if part[1] is not None]
    except ValueError:
        return [f"{only}; found a brace without its partner."]
    if not parts:
        return [f"it must hold the texts of an example, in braces: {known}."]
    for _, field, form, conversion in parts:
        # A format or a conversion would be carried out: {text:>99999999999} asks for 100 GB.
        if form or conversion or field not in task.text_fields():
            found = f"{field}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}"
            return [f"{only}; found {{{found[:60]}}}."]
    return []


def find_method_conflicts(study: StudyConfig, method: MethodSettings) -> list[str]:
    """Return why a method's choices do not fit each other or its backbone."""
    problems = []
    if method.precision not in PRECISIONS:
        return [f"precision '{method.precision}' is unknown; accepted: {', '.join(PRECISIONS)}."]
    backbone = study.backbones.get(method.backbone)
    if backbone is None:
        return [f"backbone '{method.backbone}' is not defined; defined: {', '.join(sorted(study.backbones))}."]
    if backbone.architecture not in method.readout.architectures:
        accepted = " or ".join(sorted(method.readout.architectures))
        problems.append(
            f"readout '{method.readout.kind}' needs a backbone that is a {accepted}; "
            f"'{method.backbone}' is declared as {backbone.architecture}."
        )
    if PRECISIONS[method.precision].quantized and not method.adapter.accepts_quantized:
        problems.append(
            f"adapter '{method.adapter.kind}' cannot train weights stored as {method.precision}; "
            "accepted: float32, bfloat16, float16, or another adapter."
        )
    # What concerns several GPUs is told even where one is asked for: the number is set elsewhere, and later.
    problems += find_sharding_conflicts(method)
    problems += find_merging_conflicts(method)
    problems += find_input_conflicts(method)
    refused = method.readout.refuse(method.adapter.trains)
    return [*problems, refused] if refused else problems


def find_merging_conflicts(method: MethodSettings) -> list[str]:
    """Return why a method's adapter cannot be merged into what is asked for."""
    if method.merge_into and not method.adapter.can_merge:
        return [f"merge_into: adapter '{method.adapter.kind}' has no weights that can be merged."]
    problems = []
    for name in method.merge_into:
        american = name.replace("dequantised", "dequantized")
        if name != american and american in MERGE_TARGETS:
            problems.append(f"merge_into: {name} is now called {american}.")
        elif name not in MERGE_TARGETS:
            problems.append(f"merge_into: '{name}' is unknown; accepted: {', '.join(MERGE_TARGETS)}.")
        elif MERGE_TARGETS[name].dequantized and not PRECISIONS[method.precision].quantized:
            problems.append(
                f"merge_into: weights stored as {method.precision} are not quantized; write "
                f"{MERGE_TARGETS[name].precision} instead of {name}."
            )
    return problems


def find_sharding_conflicts(method: MethodSettings) -> list[str]:
    """Return why a method's weights cannot be sharded over several GPUs, where that is asked for."""
    if method.training is None or not method.training.shard_weights:
        return []
    problems = []
    if PRECISIONS[method.precision].quantized:
        problems.append(
            f"training.shard_weights: weights stored as {method.precision} cannot be sharded over several GPUs; "
            "accepted: float32, bfloat16, float16, or shard_weights: false."
        )
    if method.readout.writes_answer and method.adapter.virtual_tokens:
        # Such prompts run in groups of equal length: processes would differ in their passes, and wait for each other.
        problems.append(
            f"training.shard_weights: adapter '{method.adapter.kind}' with readout '{method.readout.kind}' cannot be "
            "trained on weights that are sharded over several GPUs; accepted: another adapter or readout, or "
            "shard_weights: false."
        )
    return problems
