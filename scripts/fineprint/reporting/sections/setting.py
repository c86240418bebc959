"""Tasks, splits, examples, backbones, hardware."""

from __future__ import annotations

from typing import Any, NamedTuple

from fineprint.core import formats
from fineprint.core.formats import as_sentence
from fineprint.core.records import BackboneRecord, Machine, Row, TaskRecord
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.table import Cell, Table, blank, text
from fineprint.reporting.words import Words
from fineprint.results.study import TRAIN_SPLITS, Study
from fineprint.tasks import UNMARKED
from fineprint.tasks._rows import HELD_OUT, TRAIN

SERVING_PARTS = ("ways", "combining", "forgetting")  # of a study that serves several tasks
WORDS = Words("setting")


def splits_table(study: Study, task: str) -> Table:
    """Return examples, labels and dropped examples of each split."""
    record = study.results.tasks[task]
    dropped = {split: sum(reasons.values()) for split, reasons in record.dropped.items()}
    shared = record.rows_shared_with_train
    by_label = [
        Column(
            label, lambda split, label=label: record.splits[split].labels.get(label), formats.count, "Examples by label"
        )
        for label in record.labels
    ]
    lacks_dropped, lacks_overlap = {HELD_OUT: WORDS("lacks_dropped")}, {TRAIN: WORDS("lacks_overlap")}
    columns = [
        Column("Split", lambda split: text(split, style="code")),
        Column("Used for", lambda split: WORDS("use", split if split in TRAIN_SPLITS else "test")),
        Column("Examples", lambda split: record.splits[split].rows, formats.count),
        Column("Groups", lambda split: record.splits[split].groups, formats.count),
        *by_label,
        Column("Dropped", dropped.get, formats.count, lacks=lacks_dropped.get),
        Column("Overlap with train", shared.get, formats.count, lacks=lacks_overlap.get),
    ]
    return build_table(f"splits-{task}", WORDS("splits_caption", task=task), columns, record.splits)


class Example(NamedTuple):
    """An example of a task."""

    split: str
    row: Row


def examples_table(study: Study, task: str) -> Table | None:
    """Return one training example per label, and one per label of the headline split."""
    record = study.results.tasks[task]
    shown = (TRAIN, study.headline(task))
    chosen = [Example(split, row) for split in shown for row in record.splits[split].examples]
    if not chosen:
        return None
    fields = list(chosen[0].row.texts)
    texts = [
        Column(
            field.replace("_", " ").capitalize(),
            lambda example, field=field: example.row.texts.get(field),
            width=70 // len(fields),
        )
        for field in fields
    ]
    columns = [
        Column("Split", lambda example: text(example.split, style="code"), width=14),
        *texts,
        Column("Gold label", lambda example: record.labels[example.row.label], width=16),
    ]
    return build_table(f"examples-{task}", WORDS("examples_caption", task=task), columns, chosen)


def name_readers(study: Study) -> str:
    """Return what answered test examples in this study, and that nothing was chosen by them."""
    serving = study.results.serving
    answered = {
        "methods": True,
        "merged": any(run.scores and run.scores.variants for run in study.results.runs),
        **{part: serving is not None and getattr(serving, part) is not None for part in SERVING_PARTS},
    }
    return WORDS("test_examples", readers=[WORDS("reader", key) for key, holds in answered.items() if holds])


def describe_setting(study: Study, task: str) -> dict[str, Any]:
    """Return what the section on the setting shows of a task."""
    return {
        "description": as_sentence(study.results.tasks[task].description),
        "sentences": split_sentences(study, task),
        "splits": splits_table(study, task),
        "examples": examples_table(study, task),
    }


def split_sentences(study: Study, task: str) -> list[str]:
    """Return what is scored on what, how much was held out, and a warning of test examples that train has too."""
    record = study.results.tasks[task]
    rows = {split: found.rows for split, found in record.splits.items()}
    tests = [f"{formats.count(rows[split])} ({split})" for split in study.splits(task)]
    sentences = [WORDS("same_examples", "accuracy" if study.measures_accuracy(task) else "cost", splits=tests)]
    if held_out := rows.get(HELD_OUT):
        sentences.append(WORDS("held_out", share=held_out / (held_out + rows[TRAIN]), examples=held_out))
    sentences += source_sentences(record)
    leaked = [
        f"{formats.plural(number, 'example')} of {split}"
        for split, number in record.rows_shared_with_train.items()
        if number and split not in TRAIN_SPLITS
    ]
    return [*sentences, *([WORDS("leaked", found=leaked)] if leaked else [])]


def source_sentences(record: TaskRecord) -> list[str]:
    """Return how files were read, what was dropped with what stood in place of a label, and what a setting left out."""
    dropped = [
        WORDS(
            "dropped_of_split",
            "unmarked" if set(reasons) == {UNMARKED} else "marked",
            split=split,
            dropped=(lost := sum(reasons.values())),
            examples=lost + count_kept(record, split),
            reasons=[f"{reason}: {formats.count(number)}" for reason, number in reasons.items()],
        )
        for split, reasons in record.dropped.items()
        if reasons
    ]
    left_out = [f"{formats.count(number)} of {split}" for split, number in record.not_drawn.items() if number]
    read_as = [f"{split} ({form})" for split, form in record.facts.get("read_as", {}).items()]
    return [
        *([WORDS("read_as", files=read_as)] if read_as else []),
        *([WORDS("dropped", found=dropped)] if dropped else []),
        *([WORDS("not_drawn", found=left_out)] if left_out else []),
    ]


def count_kept(record: TaskRecord, split: str) -> int:
    """Return how many examples of a split are used; held-out ones are cut from train."""
    parts = TRAIN_SPLITS if split == TRAIN else (split,)
    return sum(record.splits[part].rows for part in parts if part in record.splits)


def name_origins(study: Study) -> str:
    """Return where the backbones, and the tasks, that this workflow made itself come from; empty where none are."""
    made = {
        "backbones": {name: study.backbone_kind(name).origin for name in backbones_used(study)},
        "tasks": {name: study.task_kind(name).origin for name in study.tasks},
    }
    found = []
    for package, told in made.items():
        origins: dict[str, list[str]] = {}
        for name, origin in told.items():
            origins.setdefault(origin, []).append(f"“{name}”")
        found += [WORDS("origin", package, names=names, origin=origin) for origin, names in origins.items() if origin]
    return "; ".join(found)


def any_accuracy(study: Study) -> bool:
    """Return whether accuracy was measured on any task."""
    return any(map(study.measures_accuracy, study.tasks))


def warn_of_origins(study: Study) -> str:
    """Return what backbones and tasks made here mean for the figures; empty where all come from elsewhere."""
    origins = name_origins(study)
    return WORDS("made_here", "accuracy" if any_accuracy(study) else "cost", origins=origins) if origins else ""


def backbones_used(study: Study) -> list[str]:
    """Return the backbones that the study's methods stand on, in the order of the methods."""
    used = [study.settings(method)["backbone"] for method in study.methods]
    return [name for name in dict.fromkeys(used) if name in study.results.backbones]


def name_source(backbone: BackboneRecord) -> str:
    """Return a backbone's kind, and where it came from where that is known."""
    settings = backbone.settings
    place = backbone.facts.get("source") or settings.get("name") or settings.get("path") or ""
    return f"{settings['kind']} {place}".strip()


def revision_cell(backbone: BackboneRecord) -> Cell:
    """Return the beginning of a backbone's commit, with the whole of it behind."""
    commit = backbone.revision
    return text(formats.shorten_hash(commit), note=commit, style="code") if commit else blank("no revision")


BACKBONES = [
    Column[BackboneRecord]("Backbone", lambda backbone: text(backbone.name, style="code")),
    Column("Architecture", lambda backbone: backbone.architecture),
    Column("Model type", lambda backbone: backbone.model_type or formats.NOT_MEASURED),
    Column("Source", name_source),
    Column("Revision", revision_cell),
    Column("Parameters", lambda backbone: backbone.parameters, formats.short_count),
    Column("On disk", lambda backbone: backbone.bytes, formats.size),
]


def backbones_table(study: Study) -> Table:
    """Return size and origin of each backbone."""
    used = [study.results.backbones[name] for name in backbones_used(study)]
    return build_table("backbones", WORDS("backbones_caption"), BACKBONES, used)


class Fact(NamedTuple):
    """What a source noted of a backbone."""

    backbone: str
    name: str
    value: object


def write_fact(fact: Fact) -> str:
    """Write a fact's value; a whole number with thousands set apart."""
    if isinstance(fact.value, int) and not isinstance(fact.value, bool):
        return formats.count(fact.value)
    return formats.setting(fact.value)


FACTS = [
    Column[Fact]("Backbone", lambda fact: text(fact.backbone, style="code"), width=18),
    Column("Fact", lambda fact: fact.name.replace("_", " "), width=32),
    Column("Value", write_fact, width=50),
]


def matched_facts(backbone: BackboneRecord) -> list[tuple[str, object]]:
    """Return how a backbone's files fit its architecture, where that was recorded."""
    matched = backbone.matched
    if matched is None:
        return []
    lacking = [("weights_not_in_the_files", matched.random)] if matched.random else []
    return [
        ("weights_in_the_files", WORDS("matched", loaded=matched.loaded, expected=matched.expected)),
        *lacking,
        ("layers", matched.layers),
        ("tokens_in_the_vocabulary", matched.vocabulary),
    ]


def facts_table(study: Study) -> Table | None:
    """Return what the source noted of each backbone, such as pretraining steps."""
    records = study.results.backbones
    facts = [
        Fact(name, *fact)
        for name in backbones_used(study)
        for fact in [*records[name].facts.items(), *matched_facts(records[name])]
    ]
    return build_table("backbone-facts", WORDS("facts_caption"), FACTS, facts) if facts else None


def name_processor(machine: Machine) -> str:
    """Return a processor's name and its model's numbers: on a virtual machine the name alone may say little."""
    return f"{machine.processor}, {machine.processor_model}" if machine.processor_model else machine.processor


def lacks_gpu(machine: Machine) -> str | None:
    """Return why a machine has no figures of a GPU, where it has none."""
    return None if machine.gpu else WORDS("lacks_gpu")


HARDWARE = [
    Column[Machine]("Processor", name_processor),
    Column("Cores", lambda machine: machine.cores, formats.count),
    Column("Memory", lambda machine: machine.memory_bytes, formats.size),
    Column("GPU", lambda machine: machine.gpu.name if machine.gpu else "none"),
    Column("GPU memory", lambda machine: machine.gpu.memory_bytes, formats.size, lacks=lacks_gpu),
    Column("CUDA", lambda machine: machine.gpu.cuda or formats.NOT_MEASURED, lacks=lacks_gpu),
    Column("System", lambda machine: machine.system),
]


def hardware_table(study: Study) -> Table:
    """Return the machines that jobs ran on, numbered as in the table of versions."""
    machines = study.environments()
    number = Column[Machine]("Machine", lambda machine: text(place := machines.index(machine) + 1, sort=place))
    return build_table("hardware", WORDS("hardware_caption"), [number, *HARDWARE], machines)
