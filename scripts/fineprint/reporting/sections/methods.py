"""What each method trains, and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from fineprint.core import formats
from fineprint.core.records import AdapterKind, Epoch, Fitted, ReadoutKind, TrainRecord
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask
from fineprint.reporting.table import Cell, Table, number, text
from fineprint.reporting.words import Words
from fineprint.results.study import Study
from fineprint.scoring.statistics import share_with_interval

WORDS = Words("methods")
SETTINGS = {
    "max_length": "Max length",
    "epochs": "Epochs",
    "learning_rate": "Learning rate",
    "batch_size": "Batch size",
    "gradient_accumulation_steps": "Gradient accumulation",
    "weight_decay": "Weight decay",
    "warmup_ratio": "Warm-up",
    "max_grad_norm": "Max gradient norm",
    "optimizer": "Optimizer",
    "mixed_precision": "Mixed precision",
}


class Method(NamedTuple):
    """A method as the config resolves it, whatever it is run on."""

    number: int
    name: str
    title: str
    settings: dict[str, Any]
    adapter: AdapterKind
    readout: ReadoutKind
    fitted: Fitted | None = None  # as it was put together for its first training

    @property
    def training(self) -> dict[str, Any] | None:
        """Its training settings with the limit of tokens, None where nothing is to be trained."""
        training = self.settings.get("training")
        return {"max_length": self.settings.get("max_length"), **training} if training else None


def configured_methods(study: Study) -> list[Method]:
    """Return the methods that the study runs, in the config's order."""
    return [
        Method(
            *(study.numbers[name], name, study.title(name), study.settings(name)),
            *(study.adapter(name), study.readout(name), find_fitted(study, name)),
        )
        for name in study.methods
    ]


def find_fitted(study: Study, method: str) -> Fitted | None:
    """Return how a method was put together, from the first task on which it was trained."""
    trained = [run.trained for task in study.tasks if (run := study.run(task, method)) and run.trained]
    return next((record.fitted for record in trained if record.fitted), None)


def describe_adapter(kind: AdapterKind, choice: dict[str, Any], fitted: Fitted | None) -> str:
    """Write a method's adapter; where it was put on modules, those that got one, not those asked for."""
    if fitted is None or not fitted.adapted_modules:
        return describe_choice(kind, choice)
    asked = {key: value for key, value in choice.items() if key != "target_modules"}
    return describe_choice(kind, {**asked, "modules": WORDS("adapted", modules=fitted.adapted_modules)})


def describe_readout(kind: ReadoutKind, choice: dict[str, Any], fitted: Fitted | None) -> str:
    """Write a method's readout, with how its head began where that was a choice."""
    if fitted is None or fitted.head is None or "head" not in choice:
        return describe_choice(kind, choice)
    return describe_choice(kind, {**choice, "head": WORDS("head", fitted.head)})


def describe_choice(kind: AdapterKind | ReadoutKind, choice: dict[str, Any]) -> str:
    """Write a choice on one axis: its title and, where it has any, its settings; what is tried is told elsewhere, and
    what was left out is not told."""
    shown = {key: value for key, value in choice.items() if key not in ("kind", "trials") and value not in ({}, None)}
    settings = formats.setting(shown)
    return f"{kind.title} ({settings})" if settings else kind.title


NUMBER = Column[Method]("No.", lambda method: text(method.number, sort=method.number, style="ordinal"), width=5)
METHODS = [
    NUMBER,
    Column("Method", lambda method: Cell(method.title, style="anchor", link=f"method-{method.name}"), width=25),
    Column("Backbone", lambda method: text(method.settings["backbone"], style="code"), width=10),
    Column(
        WORDS("axis", "adapter"),
        lambda method: describe_adapter(method.adapter, method.settings["adapter"], method.fitted),
        width=29,
    ),
    Column(
        WORDS("axis", "readout"),
        lambda method: describe_readout(method.readout, method.settings["readout"], method.fitted),
        width=22,
    ),
    Column("Precision", lambda method: text(method.settings["precision"], style="code"), width=8),
]
INPUT = Column[Method]("Input", lambda method: WORDS("input", method.settings.get("input") or "none"), width=9)
SEEN = Column[Method]("Texts", lambda method: WORDS("texts", fields=method.settings.get("fields")), width=10)


def methods_table(study: Study) -> Table:
    """Return the choices that make each method, and which texts it sees where not all see all."""
    methods = configured_methods(study)
    columns = [*METHODS, INPUT, *([SEEN] if any(method.settings.get("fields") for method in methods) else [])]
    return build_table("methods", WORDS("methods_caption"), columns, methods)


def axis_table(study: Study, package: str, key: str) -> Table:
    """Return what each adapter, or each readout, of the study does, in its own file's words."""
    users: dict[str, list[str]] = {}
    for method in configured_methods(study):
        users.setdefault(method.settings[key]["kind"], []).append(str(method.number))

    kinds: dict[str, AdapterKind | ReadoutKind] = getattr(study.results.kinds, package)
    columns = [
        Column[str](key.capitalize(), lambda kind: text(kinds[kind].title, style="strong"), width=18),
        Column(WORDS("explained_head", package), lambda kind: kinds[kind].explanation, width=68),
        Column("Methods", lambda kind: ", ".join(users[kind]), width=14),
    ]
    return build_table(f"{package}-explained", WORDS("explained_caption", package), columns, users)


def training_table(study: Study) -> Table:
    """Return the training settings in which the methods differ; what all have in common is said in the caption."""
    methods = configured_methods(study)
    trained = [method for method in methods if method.training]
    differing = [key for key in SETTINGS if len({str(method.training.get(key)) for method in trained}) > 1]
    common = {key: method.training.get(key) for method in trained[:1] for key in SETTINGS if key not in differing}
    caption = WORDS(
        "training_caption",
        common=", ".join(f"{SETTINGS[key].lower()} {formats.setting(value)}" for key, value in common.items()),
        untrained=[method for method in methods if not method.training],
    )
    columns = [
        Column[Method]("No.", NUMBER.get),
        Column("Method", lambda method: text(method.title, link=f"#method-{method.name}")),
        *(setting_column(key, trained) for key in differing),
    ]
    return build_table("training-settings", caption, columns, trained, style="compact")


def setting_column(key: str, methods: list[Method]) -> Column[Method]:
    """Return the column of a setting, set as a number where all that stands below is one."""
    if all(isinstance(method.training.get(key), int | float) for method in methods):
        return Column(SETTINGS[key], lambda method: method.training[key], formats.setting)
    return Column(SETTINGS[key], lambda method: setting_cell(method.training.get(key)))


def setting_cell(value: Any) -> Cell:
    """Return a setting, sortable if it is a number."""
    return text(formats.setting(value), sort=value if isinstance(value, int | float) else str(value))


@dataclass(frozen=True)
class TrainedMethod(MethodOnTask):
    """A method that was trained on a task, with the record of its training."""

    record: TrainRecord

    @property
    def kept(self) -> Epoch | None:
        """The epoch that was kept."""
        return next((epoch for epoch in self.record.epochs if epoch.epoch == self.record.best_epoch), None)


def list_trained(study: Study, task: str) -> list[TrainedMethod]:
    """Return the methods that were trained on a task."""
    runs = {method: study.run(task, method) for method in study.methods}
    return [TrainedMethod(study, task, method, run.trained) for method, run in runs.items() if run and run.trained]


def accuracy_cell(entry: TrainedMethod) -> Cell:
    """Return the accuracy of the epoch that was kept, with its interval where the number of examples is known."""
    rows = entry.record.held_out_rows
    write = (lambda share: share_with_interval(share, rows)) if rows else formats.accuracy
    return number(entry.kept and entry.kept.held_out_accuracy, write)


def seconds_per_epoch(entry: TrainedMethod) -> float | None:
    """Return the mean time of an epoch."""
    return fmean(epoch.seconds for epoch in entry.record.epochs) if entry.record.epochs else None


EPOCHS = [
    *METHOD,
    Column[TrainedMethod]("Examples", lambda entry: entry.record.rows, formats.count),
    Column("Held out", lambda entry: entry.record.held_out_rows, formats.count),
    Column("Truncated", lambda entry: entry.record.truncated_rows, formats.count),
    Column("Epochs", lambda entry: len(entry.record.epochs), formats.count),
    Column("Selected epoch", lambda entry: entry.record.best_epoch, formats.count),
    Column("Held-out accuracy", accuracy_cell, formats.accuracy),
    Column("Held-out loss", lambda entry: entry.kept and entry.kept.held_out_loss, formats.three_digits),
    Column("Seconds per epoch", seconds_per_epoch, formats.seconds),
]


def epochs_table(study: Study, task: str) -> Table | None:
    """Return on how many examples each method was trained, what was cut, and which epoch was kept."""
    trained = list_trained(study, task)
    shown = EPOCHS if study.measures_accuracy(task) else [column for column in EPOCHS if column.get != accuracy_cell]
    caption = WORDS("epochs_caption", task=task, seeds=len(study.seeds), seed=study.seed)
    return build_table(f"epochs-{task}", caption, shown, trained, style="compact") if trained else None


def list_notes(study: Study, task: str) -> list[dict[str, str]]:
    """Return the notes that jobs left about choices made on the way, with the methods that left them."""
    found: dict[str, dict[str, None]] = {}
    for method in study.methods:
        run = study.run(task, method)
        for record in (run.train, run.predict) if run else ():
            for note in record.notes if record else ():
                found.setdefault(note, {})[str(study.numbers[method])] = None
    return [
        {"note": note, "methods": WORDS("noted_by", "one" if len(numbers) == 1 else "several", numbers=list(numbers))}
        for note, numbers in found.items()
    ]
