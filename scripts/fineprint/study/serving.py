"""Many tasks on one backbone: what is asked for in the config, and which of the study's methods answer it.

Importing this must not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.core.settings import list_kinds
from fineprint.study.serving_schema import ServingSettings

if TYPE_CHECKING:
    from fineprint.study.schema import MethodSettings, StudyConfig


def resolve_serving(study: StudyConfig, problems: list[str]) -> StudyConfig:
    """Return the study with a method for each kind of adapter; what does not fit is noted in `problems`.

    A study overlays the default one and inherits this part from it. Where it runs none of the part's tasks, or no
    method that could stand for a kind of adapter, the part is left out, and the report says that it was not run. One
    that names methods is wanted, since the default names none: it is refused instead.
    """
    asked = study.serving
    if asked is None:
        return study
    problems.extend(find_unknown(study, asked))
    if not problems and (lacking := find_lacking(study, asked)):
        if asked.methods:
            problems.append(f"serving.methods: methods are named, but this part cannot be run: {lacking}.")
        return study.model_copy(update={"serving": None})
    if asked.real_size and Path(asked.real_size) == Path("results", study.study, "results.json"):
        problems.append(f"serving.real_size: {asked.real_size} is this study's own; name another study's, or null.")
    methods = {} if problems else {kind: choose_method(study, asked, kind, problems) for kind in asked.adapters}
    filled = asked.model_copy(update={"methods": {kind: name for kind, name in methods.items() if name is not None}})
    return study.model_copy(update={"serving": filled})


def find_lacking(study: StudyConfig, asked: ServingSettings) -> str | None:
    """Return what the study lacks to run this part, as the end of a sentence, or None: it must run one of the part's
    tasks, and for each kind of adapter a method that has it."""
    if not any(task in study.run.tasks for task in asked.tasks):
        return f"run.tasks has none of its tasks, {', '.join(asked.tasks)}; add one, or set `serving: null`"
    for kind in asked.adapters:
        if kind not in asked.methods and not list_candidates(study, asked, kind):
            return (
                f"no method of the run has adapter '{kind}' on backbone '{asked.backbone}' and a readout with a head; "
                f"name one for '{kind}' too, leave '{kind}' out of serving.adapters, or set `serving: null`"
            )
    return None


def list_candidates(study: StudyConfig, asked: ServingSettings, kind: str) -> list[str]:
    """Return the methods of the run that could stand for a kind of adapter."""
    return [name for name in study.run.methods if fits(study.methods[name], asked, kind)]


def find_unknown(study: StudyConfig, asked: ServingSettings) -> list[str]:
    """Return a sentence for each name that is not defined or appears twice."""
    named = [("tasks", name) for name in asked.tasks] + [("backbones", asked.backbone)]
    named += [("methods", name) for name in asked.methods.values()]
    problems = [
        f"serving: '{name}' is not defined under {section}; defined: {', '.join(sorted(getattr(study, section)))}."
        for section, name in named
        if name not in getattr(study, section)
    ]
    problems += [f"serving.{key}: a name appears twice." for key in ("tasks", "adapters") if stands_twice(asked, key)]
    problems += [
        f"serving.adapters: '{kind}' is not a kind of adapter; accepted: {', '.join(list_kinds('adapters'))}."
        for kind in asked.adapters
        if kind not in list_kinds("adapters")
    ]
    strangers = [kind for kind in asked.methods if kind not in asked.adapters]
    return problems + [
        f"serving.methods: '{kind}' is not among the adapters asked for; accepted: {', '.join(asked.adapters)}."
        for kind in strangers
    ]


def stands_twice(asked: ServingSettings, key: str) -> bool:
    """Return whether a list names something twice."""
    names = getattr(asked, key)
    return len(set(names)) < len(names)


def choose_method(study: StudyConfig, asked: ServingSettings, kind: str, problems: list[str]) -> str | None:
    """Return the method that stands for a kind of adapter, or None and a sentence on why there is none."""
    given = asked.methods.get(kind)
    candidates = [given] if given else list_candidates(study, asked, kind)
    if len(candidates) > 1:
        problems.append(describe_choice(candidates, asked, kind))
        return None
    reason = why_not_served(study.methods[candidates[0]], asked, kind, study.hardware.gpus_per_run)
    if reason:
        problems.append(f"serving.adapters: method '{candidates[0]}' cannot stand for '{kind}': {reason}.")
    return candidates[0]


def fits(method: MethodSettings, asked: ServingSettings, kind: str) -> bool:
    """Return whether a method has this backbone, this kind of adapter and a head, and reads whole rows: the texts of
    one task have other names than those of the next."""
    has_parts = method.backbone == asked.backbone and method.adapter.kind == kind and method.readout.trains
    return has_parts and method.fields is None


def describe_choice(candidates: list[str], asked: ServingSettings, kind: str) -> str:
    """Return a sentence on several methods that could stand for a kind of adapter."""
    return (
        f"serving.adapters: {', '.join(candidates)} all have adapter '{kind}' on backbone '{asked.backbone}' and a "
        f"readout with a head; choose one with `serving: {{methods: {{{kind}: {candidates[0]}}}}}`."
    )


def why_not_served(method: MethodSettings, asked: ServingSettings, kind: str, gpus: int) -> str | None:
    """Return why a method cannot be served, as the end of a sentence, or None. `gpus` share a training."""
    if not fits(method, asked, kind):
        return f"it needs backbone '{asked.backbone}', adapter '{kind}', a readout with a head, and no `fields`"
    if not (method.adapter.saves_whole_model or method.adapter.can_mix):
        return "it neither saves a full model nor is it an adapter that PEFT can mix with others in one batch"
    if method.shards(gpus) > 1:
        return (
            f"its weights are sharded over {gpus} GPUs (training.shard_weights), and this part works on one; name "
            "another method under `serving: methods`, or leave the part out with `serving: null`"
        )
    return None


def used_tasks(study: StudyConfig) -> list[str]:
    """Return every task that is run, for the comparison of methods or for this part."""
    return list(dict.fromkeys([*study.run.tasks, *(study.serving.tasks if study.serving else ())]))


def used_methods(study: StudyConfig) -> list[str]:
    """Return every method that is run, for the comparison of methods or for this part."""
    return list(dict.fromkeys([*study.run.methods, *(study.serving.methods.values() if study.serving else ())]))


def describe_serving(study: StudyConfig) -> dict[str, Any] | None:
    """Return what the jobs of this part depend on, as plain data."""
    asked = study.serving
    if asked is None:
        return None
    # Another study's results are shown, not measured: a change there must not repeat any measurement.
    settings = asked.model_dump(mode="json", exclude={"real_size"})
    # The first seed's runs alone: nearly all that is measured is bytes and time, on which a seed has no bearing.
    return {"study": study.study, "seed": study.run.seeds[0], **settings}


def list_records(settings: ServingSettings, methods: Mapping[str, MethodSettings]) -> list[str]:
    """Return the names of the records that this part leaves: which there can be depends on what the adapters can."""
    adapters = [methods[name].adapter for name in settings.methods.values()]
    found = ["ways"]
    if any(adapter.can_mix for adapter in adapters):
        found.append("combining")
    if any(adapter.saves_whole_model for adapter in adapters):
        found.append("forgetting")
    return found
