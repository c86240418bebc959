"""Backbones, methods and training as a paper would put them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fineprint.core import formats
from fineprint.core.records import BackboneRecord
from fineprint.models.precisions import PRECISIONS
from fineprint.reporting.methods_text.references import Library, find_numbers, mark_citation
from fineprint.reporting.sections.methods import (
    Method,
    configured_methods,
    describe_adapter,
    describe_readout,
    find_fitted,
)
from fineprint.reporting.sections.setting import backbones_used
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("paper")
OPTIMIZERS = ("adamw", "paged_adamw_8bit")


def method_sentences(study: Study, library: Library) -> list[str]:
    """Return backbones, and what each method does with one. A work is cited where it is first needed."""
    cited: set[str] = set()
    backbones = [backbone_words(study.results.backbones[name], library, cited) for name in backbones_used(study)]
    return [
        WORDS("backbones", "one" if len(backbones) == 1 else "several", backbones=backbones),
        *(method_sentence(study, method, cited) for method in study.methods),
    ]


def backbone_words(backbone: BackboneRecord, library: Library, cited: set[str]) -> str:
    """Return a backbone's name, size and type, with the work that describes the type."""
    works = [
        found.number for found in library.references if found.model_type and found.model_type == backbone.model_type
    ]
    return WORDS("backbone", backbone=backbone, cited=cite_once(works, cited))


def method_sentence(study: Study, method: str, cited: set[str]) -> str:
    """Return a method's choices, and how much of it was trained, from the first task on which it was."""
    settings = study.settings(method)
    adapter, precision = settings["adapter"], PRECISIONS[settings["precision"]]
    explanation = study.adapter(method).explanation
    made = [run for task in study.tasks if (run := study.run(task, method))]
    if any(run.parameters and run.parameters.total == 0 for run in made):
        return WORDS("method_without_model", title=study.title(method))
    runs = [run for run in made if run.trained]
    counts = next((run.parameters for run in runs if run.parameters), None)
    fitted = find_fitted(study, method)
    return WORDS(
        "method",
        title=study.title(method),
        backbone=settings["backbone"],
        precision=precision.words,
        precision_cited=cite_once([precision.reference] if precision.reference else [], cited),
        adapter=uncapitalise(describe_adapter(study.adapter(method), adapter, fitted)),
        adapter_cited=cite_once(find_numbers(explanation)[:1], cited),
        readout=uncapitalise(describe_readout(study.readout(method), settings["readout"], fitted)),
        input=settings.get("input"),
        fields=settings.get("fields"),
        parameters=counts,
        trained=counts and counts.adapter + counts.head,
    )


def cite_once(numbers: list[str], cited: set[str]) -> str:
    """Return the mark for the works that were not cited so far, and note them."""
    found = [number for number in numbers if number not in cited]
    cited.update(found)
    return mark_citation(*found)


def uncapitalise(words: str) -> str:
    """Return words as they stand inside a sentence; names such as LoRA or P-Tuning keep their capitals."""
    first = words.split(maxsplit=1)[0]
    return f"{words[0].lower()}{words[1:]}" if first[1:].islower() else words


def training_sentences(study: Study) -> list[str]:
    """Return how methods were trained; settings in which they differ are told by value."""
    methods = [method for method in configured_methods(study) if was_trained(study, method.name)]
    if not methods:
        return [WORDS("nothing_trained")]
    plain = ("learning_rate", "warmup_ratio", "weight_decay", "max_grad_norm", "max_length")
    values = {key: by_value(methods, lambda training, key=key: formats.setting(training[key])) for key in plain}
    sentence = WORDS(
        "optimization",
        **values,
        alone=len(methods) == len(study.methods) == 1,
        optimizer=by_value(methods, lambda training: name_optimizer(training["optimizer"])),
        effective_batch_size=by_value(methods, write_batch_size),
        epochs=by_value(methods, lambda training: formats.plural(training["epochs"], "epoch")),
        mixed_precision=by_value(methods, lambda training: name_mixing(study, training["mixed_precision"])),
    )
    return [sentence, *([WORDS("sixteen_bits")] if ran_on_gpu(study) else [])]


def was_trained(study: Study, method: str) -> bool:
    """Return whether a method was trained on any task."""
    return any((run := study.run(task, method)) is not None and run.is_trained for task in study.tasks)


def by_value(methods: list[Method], write: Callable[[dict[str, Any]], str]) -> str:
    """Return a setting where methods agree, else each value with the methods that have it, the commonest last."""
    groups: dict[str, list[str]] = {}
    for method in methods:
        groups.setdefault(write(method.training), []).append(f"“{method.title}”")
    *rarer, (common, _) = sorted(groups.items(), key=lambda group: len(group[1]))
    return WORDS("values", rarer=rarer, common=common) if rarer else common


def write_batch_size(training: dict[str, Any]) -> str:
    """Write how many examples a step of the optimizer sees."""
    return formats.setting(training["batch_size"] * training["gradient_accumulation_steps"])


def ran_on_gpu(study: Study) -> bool:
    """Return whether a machine of the study had a GPU."""
    return any(machine.gpu for machine in study.environments())


def name_mixing(study: Study, value: str) -> str:
    """Return a setting of mixed precision in words; what "auto" became depends on the machines."""
    return WORDS("mixed_precision", "no" if value == "auto" and not ran_on_gpu(study) else value)


def name_optimizer(value: str) -> str:
    """Return an optimizer by its name in the literature, cited."""
    return WORDS("optimizer", value) if value in OPTIMIZERS else value
