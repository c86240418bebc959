"""Training a run, a method on a task with a seed: loaded, trained, measured by phase, recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fineprint.core.progress import name_run
from fineprint.core.records import (
    Fitted,
    Parameters,
    Phase,
    TaskRecord,
    TrainRecord,
    folder_bytes,
    hash_folder,
    read_json,
    read_record,
)
from fineprint.core.settings import located
from fineprint.inference.assembly import (
    Assembled,
    assemble_for_training,
    describe_fit,
    make_readout,
    save_trained,
)
from fineprint.inference.batching import example_length
from fineprint.inference.vocabulary import check_known
from fineprint.jobs.environment import describe_commit, describe_environment
from fineprint.jobs.importing import import_libraries
from fineprint.jobs.job import use_threads
from fineprint.jobs.processes import join_processes
from fineprint.measuring.phases import gather_phase, join_phases, measure_phase, workspace_bytes
from fineprint.models.parameters import count_parameters
from fineprint.planning.checking import planned_training
from fineprint.planning.refusing import check_job
from fineprint.readouts import EncodedExample
from fineprint.runs.model_card import name_base, read_base, write_card
from fineprint.study.reading import read_run
from fineprint.study.schema import MethodSettings
from fineprint.tasks._rows import HELD_OUT, TRAIN, read_rows
from fineprint.training.checkpoints import Checkpoints
from fineprint.training.loop import train
from fineprint.training.outcomes import Outcome
from fineprint.training.resuming import Keeper


@dataclass
class Training:
    """A run that is being trained: what was loaded, and what was measured so far."""

    config: dict[str, Any]
    method: MethodSettings
    assembled: Assembled
    examples: list[EncodedExample]
    held_out: list[EncodedExample]
    truncated_rows: int
    parameters: Parameters
    fitted: Fitted
    phases: dict[str, Phase]
    notes: list[str]

    @property
    def name(self) -> str:
        """What progress lines begin with."""
        return name_run(self.config)


def train_run(
    run_config: Path,
    task: Path,
    rows: Path,
    backbone: Path,
    backbone_record: Path,
    model: Path,
    threads: int,
    checkpoints: Checkpoints | None = None,
) -> TrainRecord | None:
    """Train a run, save it into `model` with a model card, return its record. A method that trains nothing leaves
    `model` empty. Where `checkpoints` are given, a training that was interrupted goes on from the newest. Of several
    processes one saves and returns the record."""
    describe_commit()
    config = read_json(run_config)
    method = read_run(config)
    processes = join_processes()
    model.mkdir(parents=True, exist_ok=True)
    if not method.trains:
        return TrainRecord(trained=False, run_config=config, seed=config["seed"]) if processes.writes else None
    use_threads(max(1, threads // processes.count))
    import_libraries()
    check_job(method, backbone, training=True)
    base, described = read_base(backbone_record, backbone), read_record(task, TaskRecord)
    training = load_training(config, method, described, rows, backbone)
    outcome = measure_training(training, checkpoints)
    if not processes.writes:
        return None
    save_trained(training.assembled, model)
    name_base(model, base)
    record = record_training(training, outcome, model)
    write_card(model, record, method, training.assembled.readout, described, base)
    return record


def load_training(
    config: dict[str, Any], method: MethodSettings, task: TaskRecord, rows: Path, backbone: Path
) -> Training:
    """Load the method, measured as a phase, and encode the rows that training reads."""
    phases: dict[str, Phase] = {}
    training_rows, held_out_rows = read_rows(rows / f"{TRAIN}.jsonl"), read_rows(rows / f"{HELD_OUT}.jsonl")
    with measure_phase(phases, "loading"), located(f"methods.{config['method']}"):
        readout = make_readout(method, backbone, task, training_rows, config["seed"])
        assembled = assemble_for_training(method, readout, backbone, config["seed"])
    examples = readout.encode_all(training_rows, with_answer=True)
    truncated_rows = readout.truncated_rows  # before the held-out rows are counted as well
    return Training(
        config=config,
        method=method,
        assembled=assembled,
        examples=examples,
        held_out=readout.encode_all(held_out_rows, with_answer=True),
        truncated_rows=truncated_rows,
        parameters=count_parameters(assembled.module, readout.head_names(assembled.module)),
        fitted=describe_fit(assembled),
        phases=phases,
        notes=check_known(readout, examples),
    )


def measure_training(training: Training, checkpoints: Checkpoints | None) -> Outcome:
    """Train, and note the phase: of all processes, and of all parts of a training that was interrupted."""
    with measure_phase(training.phases, "training") as meter:
        keeper = Keeper(checkpoints, meter) if checkpoints else None
        seed = training.config["seed"]
        outcome = train(training.assembled, training.examples, training.held_out, seed, training.name, keeper)
    measured = gather_phase(join_processes(), training.phases["training"])
    training.phases["training"] = join_phases(keeper.earlier if keeper else None, measured)
    return outcome


def record_training(training: Training, outcome: Outcome, model: Path) -> TrainRecord:
    """Return the record of a training. Sizes and hashes are those of what was trained, which lies in `model`: the model
    card, which quotes them, comes after."""
    kept = outcome.weight_bytes, outcome.gradient_bytes, outcome.optimizer_bytes, outcome.activation_bytes
    longest = max(map(example_length, training.examples))
    choices = outcome.micro_batch, outcome.gradient_checkpointing
    spent = sum(epoch.seconds for epoch in outcome.epochs)
    return TrainRecord(
        trained=True,
        run_config=training.config,
        seed=training.config["seed"],
        rows=len(training.examples),
        held_out_rows=len(training.held_out),
        truncated_rows=training.truncated_rows,
        epochs=outcome.epochs,
        steps=outcome.steps,
        best_epoch=outcome.best_epoch,
        parameters=training.parameters,
        fitted=training.fitted,
        checkpoint_bytes=folder_bytes(model),
        saved_files=hash_folder(model),
        weight_bytes=outcome.weight_bytes,
        gradient_bytes=outcome.gradient_bytes,
        optimizer_bytes=outcome.optimizer_bytes,
        activation_bytes=outcome.activation_bytes,
        workspace_bytes=workspace_bytes(training.phases["training"], *kept),
        micro_batch=outcome.micro_batch,
        gradient_checkpointing=outcome.gradient_checkpointing,
        planned_peak_bytes=planned_training(training.method, training.assembled.module, longest, *choices),
        processes=join_processes().count,
        resumed_from_steps=outcome.resumed_from_steps,
        phases=training.phases,
        examples_per_second=len(training.examples) * len(outcome.epochs) / spent,
        notes=[*training.notes, *outcome.notes],
        environment=describe_environment(),
    )
