"""Model cards: what a run's model folder says of itself, in the form of the Hugging Face hub, and how others load it.

A card is documentation: it is written after sizes and hashes were taken and counts in neither.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint import __version__
from fineprint.core import formats
from fineprint.core.formats import as_sentence
from fineprint.core.records import (
    BackboneRecord,
    Environment,
    Epoch,
    Fitted,
    TaskRecord,
    TrainRecord,
    read_json,
    read_record,
    write_json,
)
from fineprint.core.settings import find_settings
from fineprint.runs.card_program import plain_program
from fineprint.runs.markdown import Raw, code, render_markdown

if TYPE_CHECKING:
    from huggingface_hub import ModelCardData

    from fineprint.readouts import Readout
    from fineprint.study.schema import MethodSettings

CARD_FILE = "README.md"
TEMPLATE = Path(__file__).parent / "model_card.md.j2"
ACCURACY, LOSS = "Accuracy on held-out examples", "Loss on held-out examples"


@dataclass(frozen=True)
class Base:
    """The backbone that a run's weights belong to.

    Attributes:
        name: on the hub, or the model's folder relative to where the workflow is run; never a whole path.
        revision: the commit on the hub.
        on_hub: whether others can have it by its name.
        record: the backbone's record.
        origin: what the source says of a model it made itself.
    """

    name: str
    revision: str | None
    on_hub: bool
    record: BackboneRecord
    origin: str


def read_base(record: Path, folder: Path) -> Base:
    """Return the backbone that lies in `folder`, from its record."""
    described = read_record(record, BackboneRecord)
    source: Any = find_settings("backbones", described.settings["kind"]).model_validate(described.settings)
    name = source.hub_name or relative(folder)
    return Base(name, described.revision, source.hub_name is not None, described, source.origin)


def relative(folder: Path) -> str:
    """Return a folder as seen from the project's root, where every command runs."""
    return Path(os.path.relpath(folder)).as_posix()


def name_base(folder: Path, base: Base) -> None:
    """Name the base in PEFT's configuration as others find it; PEFT itself knows only the folder it was read from."""
    for file in folder.rglob("adapter_config.json"):
        named = {"base_model_name_or_path": base.name, "revision": base.revision}
        write_json(file, read_json(file) | named)


def write_card(
    folder: Path, record: TrainRecord, method: MethodSettings, readout: Readout, task: TaskRecord, base: Base
) -> None:
    """Write the card of a trained run into its model folder, and beside PEFT's configuration, for whoever passes on the
    adapter's folder alone."""
    from huggingface_hub import ModelCard

    data = describe_metadata(record, method, task, base)
    body = render_markdown(TEMPLATE, **describe_body(folder, record, method, readout, task, base))
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}")
    for place in (folder, *(file.parent for file in sorted(folder.rglob("adapter_config.json")))):
        card.save(place / CARD_FILE)


def describe_metadata(record: TrainRecord, method: MethodSettings, task: TaskRecord, base: Base) -> ModelCardData:
    """Return the card's front matter. The hub accepts as `base_model` only what lies on it."""
    from huggingface_hub import EvalResult, ModelCardData

    run, best, source = record.run_config, best_epoch(record), data_on_hub(task)
    scored = why_no_accuracy(record) is None
    where = {"task_type": "text-classification", "dataset_type": source or run["task"], "dataset_name": run["task"]}
    scores = {
        **({("accuracy", ACCURACY): best.held_out_accuracy} if scored else {}),
        ("loss", LOSS): best.held_out_loss,
    }
    return ModelCardData(
        base_model=base.name if base.on_hub else None,
        datasets=[source] if source else None,
        eval_results=[
            EvalResult(**where, dataset_split="held_out", metric_type=kind, metric_name=name, metric_value=value)
            for (kind, name), value in scores.items()
        ],
        language=find_settings("tasks", task.settings["kind"]).language or None,  # type: ignore[attr-defined]
        library_name=method.adapter.library,
        metrics=["accuracy"] if scored else None,
        model_name=f"{run['method']} on {run['task']}, seed {run['seed']}",
        tags=["fineprint", method.adapter.kind, method.readout.kind, method.precision],
    )


def why_no_accuracy(record: TrainRecord) -> str | None:
    """Return why the run's accuracy would mean nothing, or None where it does."""
    return record.run_config.get("why_no_accuracy")


def data_on_hub(task: TaskRecord) -> str | None:
    """Return the data set's name on the hub, for a task that was loaded from there at a known commit."""
    return task.facts.get("source") if task.facts.get("revision") else None


def best_epoch(record: TrainRecord) -> Epoch:
    """Return the epoch whose weights were kept."""
    return next(epoch for epoch in record.epochs if epoch.epoch == record.best_epoch)


def describe_body(
    folder: Path, record: TrainRecord, method: MethodSettings, readout: Readout, task: TaskRecord, base: Base
) -> dict[str, Any]:
    """Return what the template shows."""
    run = record.run_config
    results = f"results/{run['study']}"
    return {
        "run": run,
        "version": __version__,
        "adapter": method.adapter,
        "readout": method.readout,
        "about": as_sentence(f"The task: {task.description}" if task.description else ""),
        "base_phrase": code(base.name),
        "base_sentence": base_sentence(base),
        "base_files": list(base.record.files.items()),
        "held_out": held_out_facts(record),
        "why_no_accuracy": why_no_accuracy(record),
        "scores_file": f"{results}/runs/{run['task']}/{run['method']}/{run['seed']}/scores.json",
        "report_file": f"{results}/report.html",
        "program": plain_program(method, readout, base.name, base.revision, relative(folder), folder),
        "where_to_run": where_to_run(base),
        "trained": trained_facts(record),
        "files": list(record.saved_files.items()),
        "labels": Raw(formats.join([code(label) for label in task.labels])),
        "data_source": data_source(task),
        "splits": split_facts(task),
        "settings": setting_facts(run),
        "environment": environment_facts(record.environment),
        "limitations": limitations(record, method, task, base),
    }


def base_sentence(base: Base) -> Raw:
    """Return where the base is had from."""
    kind = base.record.model_type or "unknown"
    size = formats.short_count(base.record.parameters)
    if base.on_hub:
        return Raw(
            f"{code(base.name)} on the Hugging Face hub, commit {code(base.revision)}, type {code(kind)}, "
            f"{size} parameters."
        )
    return Raw(
        f"A model folder of the study, {code(base.name)} as seen from the project's root, type {code(kind)}, {size} "
        "parameters. It is not on the Hub: distribute it together with the trained weights."
    )


def where_to_run(base: Base) -> Raw:
    """Return what the program takes for granted."""
    if base.on_hub:
        return Raw("Set `folder` to the folder of this card; the base comes from the Hub.")
    return Raw(
        "Run the program in the project's root. Elsewhere, set `base` to the folder of the base and `folder` to the "
        "folder of this card."
    )


def held_out_facts(record: TrainRecord) -> list[tuple[str, str]]:
    """Return the scores of the epoch that was kept."""
    best, rows = best_epoch(record), record.held_out_rows or 0
    accuracy = (f"{ACCURACY} ({formats.count(rows)})", formats.accuracy(best.held_out_accuracy, rows))
    return [
        *([accuracy] if why_no_accuracy(record) is None else []),
        (f"{LOSS} ({formats.count(rows)})", formats.three_digits(best.held_out_loss)),
        ("Selected epoch", f"{record.best_epoch} of {len(record.epochs)}"),
    ]


def trained_facts(record: TrainRecord) -> list[tuple[str, str]]:
    """Return numbers of parameters and what training took."""
    counts = record.parameters
    return [
        ("Trainable parameters outside the head", formats.count(counts and counts.adapter)),
        ("Trainable parameters of the head", formats.count(counts and counts.head)),
        ("All parameters", formats.count(counts and counts.total)),
        ("Trainable share", formats.percent(counts and counts.share)),
        *fit_facts(record.fitted),
        ("Checkpoint size, without this card", formats.size(record.checkpoint_bytes)),
        ("Training time", formats.seconds(record.phases["training"].seconds)),
    ]


def fit_facts(fitted: Fitted | None) -> list[tuple[str, str]]:
    """Return which modules got an adapter, and which began at random, where any did."""
    if fitted is None:
        return []
    adapted = ", ".join(f"{name} ({formats.count(number)})" for name, number in fitted.adapted_modules.items())
    drawn = ", ".join(fitted.random_modules)
    told = {"Modules with an adapter": adapted, "Modules that began at random": drawn}
    return [(name, words) for name, words in told.items() if words]


def data_source(task: TaskRecord) -> Raw:
    """Return where the rows were loaded from, if that can be said to others."""
    source, revision = data_on_hub(task), task.facts.get("revision")
    return Raw(f", loaded from {code(source)} on the Hugging Face hub, commit {code(revision)}" if source else "")


def split_facts(task: TaskRecord) -> list[dict[str, str]]:
    """Return the two parts that training reads."""
    uses = {"train": "training", "held_out": "choosing the epoch"}
    return [
        {"name": name, "use": use, "rows": formats.count(facts.rows), "sha256": facts.sha256}
        for name, use in uses.items()
        if (facts := task.splits.get(name))
    ]


def setting_facts(run: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the method as its config resolved it."""
    method = run["settings"]
    parts = {
        f"{part} {key}": value for part in ("adapter", "readout", "training") for key, value in method[part].items()
    }
    whole = {key: method[key] for key in ("precision", "input", "max_length")}
    shown = {**whole, "seed": run["seed"], **parts}
    return [(name.replace("_", " "), formats.setting(value)) for name, value in shown.items()]


def environment_facts(environment: Environment) -> list[tuple[str, str]]:
    """Return what the run was trained on and with."""
    gpu = environment.gpu
    commit = environment.commit or "not known"
    return [
        ("Processor", f"{environment.processor}, {formats.plural(environment.cores, 'core')}"),
        ("Memory", formats.size(environment.memory_bytes)),
        ("GPU", f"{gpu.name}, {formats.size(gpu.memory_bytes)}, CUDA {gpu.cuda}" if gpu else "none"),
        (
            "Commit of the workflow",
            f"{commit}{', files changed since' if environment.uncommitted_changes else ''}",
        ),
        ("Python", environment.python),
        *environment.versions.items(),
    ]


def limitations(record: TrainRecord, method: MethodSettings, task: TaskRecord, base: Base) -> list[str]:
    """Return what the model is not for, as far as that is known when training ends."""
    run = record.run_config
    found: list[str] = []
    if base.origin:
        found.append(f"The base {base.record.name} {base.origin}: its results say nothing about published models.")
    origin = find_settings("tasks", task.settings["kind"]).origin  # type: ignore[attr-defined]
    if origin:
        found.append(f"The examples of {run['task']} {origin}: performance on other text was not measured.")
    found.append(f"It was trained to answer with one of {len(task.labels)} labels; other tasks were not tried.")
    if method.precision != "float32":
        found.append(f"It was trained on a base stored as {method.precision}; answers may differ at another precision.")
    if record.truncated_rows:
        cut = formats.plural(record.truncated_rows, "training example")
        found.append(f"Texts longer than {method.max_length} tokens were truncated in training: {cut}.")
    found.append("This card grants no license: those of the base and of the data apply.")
    return found
