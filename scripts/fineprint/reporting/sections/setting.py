"""Tasks, splits, example rows, backbones, hardware."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.core.formats import as_sentence
from fineprint.reporting.table import Cell, Table, blank, number, numeric, plain, text
from fineprint.results.lookup import TRAIN_SPLITS, Study, class_variable

USES = {"train": "training", "held_out": "choosing the epoch"}


def splits_table(study: Study, task: str) -> Table:
    """Return rows, labels and dropped rows of each split."""
    record = study.results["tasks"][task]
    shared, dropped = record.get("rows_shared_with_train") or {}, record.get("dropped_without_label") or {}
    rows = []
    for split, facts in record["splits"].items():
        labels = [number(facts["labels"].get(label), formats.count) for label in record["labels"]]
        without = (
            blank("cut from the training rows") if split == "held_out" else number(dropped.get(split), formats.count)
        )
        same = blank("these are the training rows") if split == "train" else number(shared.get(split), formats.count)
        rows.append(
            [
                text(split, style="code"),
                text(USES.get(split, "test, read once")),
                number(facts["rows"], formats.count),
                number(facts["groups"], formats.count),
                *labels,
                without,
                same,
            ]
        )
    columns = [*plain("Split", "Used for"), *numeric("Rows", "Groups", *record["labels"], "Dropped", "Also in train")]
    caption = (
        f"Splits of the task “{task}”. Rows of one group (such as one premise) stay on one side of the held-out cut; "
        "“dropped” counts rows without a gold label; “also in train” counts rows whose texts all occur in a "
        "training row."
    )
    return Table(
        f"splits-{task}", caption, columns, rows, groups=[("", 4), ("Rows by label", len(record["labels"])), ("", 2)]
    )


def examples_table(study: Study, task: str) -> Table | None:
    """Return one training row per label, and one per label of the headline split."""
    record = study.results["tasks"][task]
    chosen = [(split, row) for split in ("train", study.headline(task)) for row in record["splits"][split]["examples"]]
    if not chosen:
        return None
    fields = list(chosen[0][1]["texts"])
    rows = [
        [
            text(split, style="code"),
            *(text(row["texts"].get(field, "")) for field in fields),
            text(record["labels"][row["label"]]),
        ]
        for split, row in chosen
    ]
    columns = plain("Split", *(field.replace("_", " ").capitalize() for field in fields), "Gold label")
    share = 70 // len(fields)
    return Table(
        f"examples-{task}",
        f"Example rows of the task “{task}”.",
        columns,
        rows,
        widths=[14, *[share] * len(fields), 16],
    )


def describe_task(study: Study, task: str) -> dict[str, Any]:
    """Return what the report says of a task."""
    record = study.results["tasks"][task]
    held_out, train = record["splits"].get("held_out"), record["splits"]["train"]
    tests = study.splits(task)
    test_rows = formats.join([f"{formats.count(record['splits'][split]['rows'])} ({split})" for split in tests])
    verb = "are scored on" if study.measures_accuracy(task) else "answer"
    sentences = [f"All methods {verb} the same test rows: {test_rows}."]
    if held_out:
        share = held_out["rows"] / (held_out["rows"] + train["rows"])
        sentences.append(
            f"Of the training rows {formats.percent(share)} ({formats.count(held_out['rows'])}) were held out, "
            "by group, "
            "and the best epoch is chosen on them, never on test rows."
        )
    leaked = {
        split: n for split, n in (record.get("rows_shared_with_train") or {}).items() if n and split not in TRAIN_SPLITS
    }
    if leaked:
        found = formats.join([f"{formats.plural(n, 'row')} of {split}" for split, n in leaked.items()])
        sentences.append(f"Beware: {found} also occur among the training rows.")
    return {
        "name": task,
        "description": as_sentence(record["description"]),
        "sentences": sentences,
        "splits": splits_table(study, task),
        "examples": examples_table(study, task),
    }


def backbones_used(study: Study) -> list[str]:
    """Return the backbones that the study's methods stand on, in the order of the methods."""
    used = [study.settings(method)["backbone"] for method in study.methods]
    return [name for name in dict.fromkeys(used) if name in study.results["backbones"]]


def backbones_table(study: Study) -> Table:
    """Return size and origin of each backbone."""
    rows = []
    for name in backbones_used(study):
        record = study.results["backbones"][name]
        settings = record["settings"]
        source = (record.get("facts") or {}).get("source") or settings.get("name") or settings.get("path") or ""
        revision = record.get("revision")
        rows.append(
            [
                text(name, style="code"),
                text(record.get("architecture") or settings.get("architecture") or formats.NOT_MEASURED),
                text(record.get("model_type") or formats.NOT_MEASURED),
                text(f"{settings['kind']} {source}".strip()),
                text(formats.shorten_hash(revision), note=revision, style="code") if revision else blank("no revision"),
                number(record.get("parameters"), formats.short_count),
                number(record.get("bytes"), formats.size),
            ]
        )
    columns = [
        *plain("Backbone", "Architecture", "Model type", "Source", "Revision"),
        *numeric("Parameters", "On disk"),
    ]
    return Table("backbones", "Backbones. “On disk” counts the files of weights.", columns, rows)


def backbone_facts(study: Study) -> Table | None:
    """Return what the source noted of each backbone, such as pretraining steps."""
    rows = [
        [text(name, style="code"), text(key.replace("_", " ")), text(fact(value))]
        for name in backbones_used(study)
        for key, value in (study.results["backbones"][name].get("facts") or {}).items()
    ]
    columns = plain("Backbone", "Fact", "Value")
    return (
        Table("backbone-facts", "What the sources noted of the backbones.", columns, rows, widths=[18, 32, 50])
        if rows
        else None
    )


def fact(value: object) -> str:
    """Write a free-form fact; whole numbers with thousands set apart."""
    if isinstance(value, int) and not isinstance(value, bool):
        return formats.count(value)
    return formats.setting(value)


def warnings(study: Study) -> list[str]:
    """Return a plain sentence for all backbones, and one for all tasks, that do not come from the world outside."""
    named = {"backbones": backbones_used(study), "tasks": study.tasks}
    found = []
    for package, names in named.items():
        origins: dict[str, list[str]] = {}
        for name in names:
            kind = study.results[package][name]["settings"]["kind"]  # type: ignore[literal-required]
            origins.setdefault(class_variable(package, kind, "origin"), []).append(f"“{name}”")
        subject = "the rows of " if package == "tasks" else ""
        found += [f"{subject}{formats.join(names)} {origin}" for origin, names in origins.items() if origin]
    return found


def hardware_table(study: Study) -> Table:
    """Return the machines that jobs ran on."""
    rows = [machine_row(number_, machine) for number_, machine in enumerate(study.environments(), start=1)]
    columns = [
        *plain("Machine", "Processor"),
        *numeric("Cores", "Memory"),
        *plain("GPU"),
        *numeric("GPU memory"),
        *plain("CUDA", "System"),
    ]
    return Table("hardware", "Hardware that the jobs ran on, as each job reported it.", columns, rows)


def name_processor(machine: dict[str, Any]) -> str:
    """Return a processor's name and its model's numbers: on a virtual machine the name alone may say little."""
    name, model = machine.get("processor") or formats.NOT_MEASURED, machine.get("processor_model")
    return f"{name}, {model}" if model else name


def machine_row(position: int, machine: dict[str, Any]) -> list[Cell]:
    """Return one machine's row."""
    gpu = machine.get("gpu") or {}
    return [
        text(position, sort=position),
        text(name_processor(machine)),
        number(machine.get("cores"), formats.count),
        number(machine.get("memory_bytes"), formats.size),
        text(gpu["name"]) if gpu else text("none"),
        number(gpu.get("memory_bytes"), formats.size) if gpu else blank("no GPU"),
        text(gpu.get("cuda") or formats.NOT_MEASURED) if gpu else blank("no GPU"),
        text(machine.get("system") or formats.NOT_MEASURED),
    ]
