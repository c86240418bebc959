"""What a method costs in parameters, bytes, time and memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fineprint.core import formats
from fineprint.core.records import Parameters, Phase
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.memory_words import name_memory
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods
from fineprint.reporting.sections import cost_axes
from fineprint.reporting.sections.cost_axes import CHECKPOINT, TRAINING_MEMORY, CostAxis, trains_nothing
from fineprint.reporting.sections.methods import TrainedMethod, list_trained
from fineprint.reporting.sections.setting import backbones_used
from fineprint.reporting.table import Cell, Table, number
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("cost")
TASK_COUNTS = (1, 2, 10)
PHASES = ("loading", "training", "prediction")


def lacks_training(entry: MethodOnTask) -> str | None:
    """Return why a method has no figures of training, where it has none."""
    return WORDS("nothing_trained") if trains_nothing(entry.run) else None


def counts(entry: MethodOnTask) -> Parameters | None:
    """Return a method's numbers of parameters."""
    return entry.run and entry.run.parameters


PARAMETERS = [
    *METHOD,
    Column("Adapter", lambda entry: counts(entry) and counts(entry).adapter, formats.count),
    Column("Head", lambda entry: counts(entry) and counts(entry).head, formats.count),
    Column("Total", lambda entry: counts(entry) and counts(entry).total, formats.count),
    Column("Trainable share", lambda entry: counts(entry) and counts(entry).share, formats.percent),
    Column("Checkpoint size", lambda entry: CHECKPOINT.get(entry.run), formats.size, lacks=lacks_training),
]


def parameters_table(study: Study, task: str) -> Table:
    """Return trainable parameters in four columns, and the size of the checkpoint."""
    caption = WORDS("parameters_caption", task=task, ends=find_ends(study, task, cost_axes.PARAMETERS))
    return build_table(f"parameters-{task}", caption, PARAMETERS, list_methods(study, task))


def find_ends(study: Study, task: str, axis: CostAxis) -> list[tuple[str, float]]:
    """Return the methods with the lowest and the highest figure, with it; nothing where they cannot be told apart or
    were not measured alike."""
    found = [(study.title(method), axis.of(study, task, method)) for method in study.methods]
    known = sorted(((title, value) for title, value in found if value is not None), key=lambda entry: entry[1])
    if not known or known[0][1] == known[-1][1] or not cost_axes.are_comparable(study, task, study.methods, axis):
        return []
    return [known[0], known[-1]]


def cost_column(title: str, axis: CostAxis, write: Callable[[Any], str]) -> Column[MethodOnTask]:
    """Return the column of a cost of training or prediction, the median over seeds."""
    group, lacks = ("Training", lacks_training) if axis.of_training else ("Prediction", None)
    return Column(title, lambda entry: axis.of(entry.study, entry.task, entry.method), write, group, lacks)


PREDICTION_TIME = CostAxis(
    "prediction_time", lambda run: run.seconds("prediction"), formats.seconds, cost_axes.TIME, of_training=False
)
PREDICTION_PEAK = CostAxis(
    "prediction_peak", lambda run: run.gpu_peak("prediction"), formats.size, cost_axes.MEMORY, of_training=False
)
COST = [
    *METHOD,
    cost_column("Time", cost_axes.TRAINING_TIME, formats.seconds),
    cost_column("Examples per second", cost_axes.TRAINING_SPEED, formats.rate),
    cost_column("Memory", TRAINING_MEMORY, formats.size),
    cost_column("Time", PREDICTION_TIME, formats.seconds),
    cost_column("Examples per second", cost_axes.SPEED, formats.rate),
    cost_column("Weights", cost_axes.WEIGHTS, formats.size),
]


def cost_table(study: Study, task: str) -> Table:
    """Return time, speed and memory of training and prediction; of prediction the peak where there was a GPU."""
    machines = {(machine.processor, machine.gpu and machine.gpu.name) for machine in study.environments()}
    caption = WORDS(
        "cost_caption",
        task=task,
        seeds=len(study.seeds),
        ends=find_ends(study, task, cost_axes.TRAINING_TIME),
        memory=memory_kinds(study, task),
        machines=WORDS("machines", "several" if len(machines) > 1 else "one"),
    )
    on_gpu = any(PREDICTION_PEAK.of(study, task, method) is not None for method in study.methods)
    columns = [*COST, *([cost_column("Peak memory", PREDICTION_PEAK, formats.size)] if on_gpu else [])]
    return build_table(f"cost-{task}", caption, columns, list_methods(study, task), style="compact")


def memory_kinds(study: Study, task: str) -> str:
    """Return a sentence that says what the memory of training is that methods are compared by."""
    return name_memory(cost_axes.list_measured(study, task, study.methods, TRAINING_MEMORY))


def micro_batch_cell(entry: TrainedMethod) -> Cell:
    """Return how many examples went through the model at once, marked where activations were computed again."""
    mark = " ↻" if entry.record.gradient_checkpointing else ""
    return number(entry.record.micro_batch, lambda examples: f"{formats.count(examples)}{mark}")


PARTS = [
    *METHOD,
    Column[TrainedMethod]("Micro-batch", micro_batch_cell, formats.count),
    Column("Weights", lambda entry: entry.record.weight_bytes, formats.size),
    Column("Gradients", lambda entry: entry.record.gradient_bytes, formats.size),
    Column("Optimizer", lambda entry: entry.record.optimizer_bytes, formats.size),
    Column("Activations", lambda entry: entry.record.activation_bytes, formats.size),
    Column("Sum", lambda entry: entry.record.kept_bytes, formats.size),
]
ON_GPU_TOO = [
    Column[TrainedMethod]("Workspace", lambda entry: entry.record.workspace_bytes, formats.size),
    Column[TrainedMethod]("Peak measured", lambda entry: entry.run and entry.run.gpu_peak("training"), formats.size),
]


def parts_table(study: Study, task: str) -> Table | None:
    """Return exact bytes of weights, gradients, optimizer state and activations while training; where there was a GPU
    also its peak and what else that holds."""
    trained = list_trained(study, task)
    on_gpu = any(entry.record.workspace_bytes is not None for entry in trained)
    columns = [*PARTS, *(ON_GPU_TOO if on_gpu else [])]
    caption = WORDS("parts_caption", task=task, on_gpu=on_gpu)
    return build_table(f"memory-parts-{task}", caption, columns, trained, style="compact") if trained else None


@dataclass(frozen=True)
class PhaseOfMethod(MethodOnTask):
    """A phase of a method's run."""

    name: str
    phase: Phase


PHASE = [
    *METHOD,
    Column[PhaseOfMethod]("Phase", lambda entry: entry.name),
    Column("Time", lambda entry: entry.phase.seconds, formats.seconds),
    Column("Resident, over baseline", lambda entry: entry.phase.memory.peak_resident_bytes, formats.size),
]
ON_GPU = [
    Column[PhaseOfMethod]("Allocated on GPU", lambda entry: entry.phase.memory.peak_allocated_bytes, formats.size),
    Column("Reserved on GPU", lambda entry: entry.phase.memory.peak_reserved_bytes, formats.size),
    Column("Driver, whole GPU", lambda entry: entry.phase.memory.driver_used_bytes, formats.size),
]
ENERGY = [Column[PhaseOfMethod]("Energy", lambda entry: entry.phase.energy_joules, formats.energy)]


def phases_table(study: Study, task: str) -> Table:
    """Return every memory figure of every phase that was measured."""
    phases = [
        PhaseOfMethod(study, task, method, name, phase)
        for method in study.methods
        for name in PHASES
        if (run := study.run(task, method)) and (phase := run.phase(name))
    ]

    on_gpu, energy = (
        [column for column in columns if any(column.get(entry) is not None for entry in phases)]
        for columns in (ON_GPU, ENERGY)
    )
    of_seed = {"seeds": len(study.seeds), "seed": study.seed}
    caption = WORDS("phases_caption", task=task, on_gpu=bool(on_gpu), energy=bool(energy), **of_seed)
    columns = [*PHASE, *on_gpu, *energy]
    return build_table(f"memory-phases-{task}", caption, columns, phases, style="compact")


@dataclass(frozen=True)
class Storage(MethodOnTask):
    """What several tasks would take on disk with a method: measured bytes, multiplied.

    Attributes:
        backbone: what the method stands on.
        shared_bytes: on the disk once, whatever the number of tasks; 0 of a full model per task.
        checkpoint_bytes: for each task.
        is_full_model: whether every task is a full model.
    """

    backbone: str
    shared_bytes: int | None
    checkpoint_bytes: int
    is_full_model: bool

    @property
    def title(self) -> str:
        """What the method is called."""
        return self.study.title(self.method)

    @property
    def sizes(self) -> dict[int, int | None]:
        """The bytes by number of tasks."""
        shared = self.shared_bytes
        return {count: None if shared is None else shared + count * self.checkpoint_bytes for count in TASK_COUNTS}


def list_storage(study: Study, task: str) -> list[Storage]:
    """Return what several tasks would take on disk with each method whose checkpoint was measured."""
    found = []
    for method in study.methods:
        run, backbone = study.run(task, method), study.settings(method)["backbone"]
        saved, record = CHECKPOINT.get(run), study.results.backbones.get(backbone)
        if saved is not None:
            shared = 0 if run.trains_everything else record and record.bytes
            found.append(Storage(study, task, method, backbone, shared, saved, run.trains_everything))
    return found


STORAGE = [
    *METHOD,
    Column[Storage](
        "Backbone, once",
        lambda entry: entry.shared_bytes,
        formats.size,
        lacks=lambda entry: WORDS("every_task_full") if entry.is_full_model else None,
    ),
    Column("Per task", lambda entry: entry.checkpoint_bytes, formats.size),
    *(
        Column(formats.plural(count, "task"), lambda entry, count=count: entry.sizes[count], formats.size)
        for count in TASK_COUNTS
    ),
]


def storage_table(study: Study, task: str) -> Table | None:
    """Return the disk that 1, 2 and 10 tasks take."""
    methods = list_storage(study, task)
    caption = WORDS("storage_caption", task=task, measured=study.results.serving is not None)
    return build_table(f"storage-{task}", caption, STORAGE, methods) if methods else None


def storage_sentences(study: Study, task: str) -> list[str]:
    """Return, for each backbone with a full model and an adapter, how much disk the smallest adapter spares."""
    methods = sorted(list_storage(study, task), key=lambda entry: entry.checkpoint_bytes)
    methods = [entry for entry in methods if entry.shared_bytes is not None]
    sentences = []
    for backbone in backbones_used(study):
        full = [entry for entry in methods if entry.backbone == backbone and entry.is_full_model]
        adapters = [entry for entry in methods if entry.backbone == backbone and not entry.is_full_model]
        if full and adapters:
            sentences.append(compare_storage(full[0], adapters[0]))
    return sentences


def compare_storage(full: Storage, adapter: Storage) -> str:
    """Return one sentence that compares a full model per task with an adapter per task."""
    _, few, many = TASK_COUNTS
    saving = 1 - adapter.sizes[many] / full.sizes[many]  # type: ignore[operator]
    values = {"full": full, "adapter": adapter, "few": few, "many": many}
    return WORDS("storage", backbone=full.backbone, change=abs(saving), saves=saving > 0, **values)
