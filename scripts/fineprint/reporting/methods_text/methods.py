"""Backbones, methods and training as a paper would put them."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.models.precisions import PRECISIONS
from fineprint.reporting.methods_text.references import Library, Paragraph, Piece, find_numbers, sentence
from fineprint.reporting.sections.methods import describe_part
from fineprint.reporting.sections.setting import backbones_used
from fineprint.results.lookup import Study, class_variable, is_trained, train_value

OPTIMIZERS = {
    "adamw": ("AdamW", "arXiv 1711.05101"),
    "paged_adamw_8bit": ("AdamW with its state in 8 bits and paged", "arXiv 2110.02861"),
}
MIXING = {
    "no": "without mixed precision",
    "bf16": "in mixed precision (bfloat16)",
    "fp16": "in mixed precision (float16)",
}


def describe_methods(study: Study, library: Library) -> Paragraph:
    """Return backbones, and what each method does with one."""
    backbones = [name_backbone(study, name) for name in backbones_used(study)]
    paragraph = sentence(
        f"The {'backbone was' if len(backbones) == 1 else 'backbones were'} {formats.join(backbones)}."
    )
    cited: set[str] = set()
    for method in study.methods:
        paragraph += describe_method(study, library, method, cited)
    return paragraph


def name_backbone(study: Study, name: str) -> str:
    """Return a backbone with its type and size."""
    record = study.results["backbones"][name]
    source = record["settings"].get("name")
    called = f"{source} at revision {record['revision']}" if source and record.get("revision") else f"“{name}”"
    kind = record.get("model_type") or "unknown type"
    size = record.get("parameters")
    parameters = f"{formats.short_count(size)} parameters" if size else "size not measured"
    architecture = record.get("architecture") or record["settings"].get("architecture") or "model"
    return f"{called} ({architecture}, {kind}, {parameters})"


def describe_method(study: Study, library: Library, method: str, cited: set[str]) -> Paragraph:
    """Return a method's choices, and how much of it was trained. A work is cited where it is first needed."""
    settings = study.settings(method)
    adapter, precision = settings["adapter"], PRECISIONS[settings["precision"]]
    sources = find_numbers(class_variable("adapters", adapter["kind"], "explanation"))[:1]
    return sentence(
        f"“{study.title(method)}” is “{settings['backbone']}” in {precision.words}",
        library.cite(*first_time([precision.reference] if precision.reference else [], cited)),
        f" with {uncapitalise(describe_part('adapters', adapter))}",
        library.cite(*first_time(sources, cited)),
        f", answering by {uncapitalise(describe_part('readouts', settings['readout']))}{trained_share(study, method)}.",
    )


def first_time(numbers: list[str], cited: set[str]) -> list[str]:
    """Return the numbers that were not cited so far, and note them."""
    found = [number for number in numbers if number not in cited]
    cited.update(found)
    return found


def uncapitalise(words: str) -> str:
    """Return words as they stand inside a sentence; names such as LoRA or P-Tuning keep their capitals."""
    first = words.split(maxsplit=1)[0]
    return f"{words[0].lower()}{words[1:]}" if first[1:].islower() else words


def trained_share(study: Study, method: str) -> str:
    """Return how many parameters were trained, from the first task on which the method was."""
    counts = [train_value(study.run(task, method), "parameters") for task in study.tasks]
    found = next((count for count in counts if count), None)
    if not found:
        return ""
    trained = formats.short_count(found["adapter"] + found["head"])
    return f"; {trained} parameters were trained, {formats.percent(found['share'])} of all"


def trained_methods(study: Study) -> list[str]:
    """Return the methods that were trained on any task."""
    return [method for method in study.methods if any(is_trained(study.run(task, method)) for task in study.tasks)]


def describe_training(study: Study, library: Library) -> Paragraph:
    """Return how methods were trained; settings in which they differ are told by value."""
    methods = trained_methods(study)
    if not methods:
        return sentence("Nothing was trained.")
    subject = "It was" if len(methods) == len(study.methods) == 1 else "Trained methods were"
    paragraph = sentence(
        f"{subject} optimised by ",
        by_value(study, methods, lambda kept: kept["optimizer"], lambda value: name_optimizer(library, value)),
        ", the learning rate being ",
        by_value(study, methods, lambda kept: kept["learning_rate"], plain_setting),
        "; it rose linearly over the first part of the steps (share ",
        by_value(study, methods, lambda kept: kept["warmup_ratio"], plain_setting),
        ") and then fell linearly to 0.",
    )
    paragraph += sentence(
        "The rows of one step numbered ",
        by_value(study, methods, lambda kept: kept["batch_size"] * kept["gradient_accumulation_steps"], plain_setting),
        "; weight decay was ",
        by_value(study, methods, lambda kept: kept["weight_decay"], plain_setting),
        " (not on vectors), gradients were clipped at norm ",
        by_value(study, methods, lambda kept: kept["max_grad_norm"], plain_setting),
        ", and the limit of inputs in tokens was ",
        by_value(study, methods, lambda kept: kept["max_length"], plain_setting),
        ".",
    )
    paragraph += sentence(
        "Training took ",
        by_value(study, methods, lambda kept: kept["epochs"], lambda value: [Piece(formats.plural(value, "epoch"))]),
        "; the epoch with the highest accuracy on the held-out rows was kept, at equal accuracy the one with the "
        "lowest loss. Computing was ",
        by_value(
            study, methods, lambda kept: name_mixing(study, kept["mixed_precision"]), lambda value: [Piece(value)]
        ),
        ".",
    )
    if ran_on_gpu(study):
        paragraph += sentence("Every method answered in 16 bits (autocast), whatever its training computed in.")
    return paragraph


def ran_on_gpu(study: Study) -> bool:
    """Return whether a machine of the study had a GPU."""
    return any(machine.get("gpu") for machine in study.environments())


def plain_setting(value: Any) -> Paragraph:
    """Return a setting's value."""
    return [Piece(formats.setting(value))]


def name_mixing(study: Study, value: str) -> str:
    """Return a setting of mixed precision in words; what "auto" became depends on the machines."""
    on_gpu_text = "in mixed precision (bfloat16 where the GPU has it, else float16)"
    automatic = on_gpu_text if ran_on_gpu(study) else MIXING["no"]
    return {**MIXING, "auto": automatic}.get(value, value)


def name_optimizer(library: Library, value: str) -> Paragraph:
    """Return an optimizer by its name in the literature, cited."""
    name, number = OPTIMIZERS.get(value, (value, ""))
    return [Piece(name), *library.cite(*([number] if number else []))]


def by_value(study: Study, methods: list[str], read: Any, write: Any) -> Paragraph:
    """Return one value where methods agree, else each value with the methods that have it, the commonest last."""
    groups: dict[Any, list[str]] = {}
    for method in methods:
        settings = study.settings(method)
        groups.setdefault(read({"max_length": settings.get("max_length"), **settings["training"]}), []).append(method)
    *rarer, (common, _) = sorted(groups.items(), key=lambda group: len(group[1]))
    pieces: Paragraph = []
    for position, (value, users) in enumerate(rarer):
        titles = formats.join([f"“{study.title(method)}”" for method in users])
        pieces += [Piece(", " if position else ""), *write(value), Piece(f" for {titles}")]
    return [*pieces, Piece(" and "), *write(common), Piece(" for the others")] if rarer else write(common)
