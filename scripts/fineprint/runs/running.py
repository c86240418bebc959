"""One run, a method on a task with a seed: training it and predicting with it, measured by phase."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from fineprint.core.records import Phase, PredictRecord, TrainRecord, TriedPrompt, folder_bytes, hash_folder, read_json
from fineprint.inference.assembly import (
    Assembled,
    assemble_for_prediction,
    assemble_for_training,
    make_readout,
    save_trained,
)
from fineprint.inference.batching import example_length
from fineprint.inference.predicting import predict_rows
from fineprint.jobs.environment import describe_commit, describe_environment
from fineprint.jobs.importing import import_libraries
from fineprint.jobs.job import use_threads
from fineprint.jobs.processes import join_processes
from fineprint.measuring.phases import gather_phase, join_phases, measure_phase, workspace_bytes
from fineprint.measuring.tensors import weight_bytes
from fineprint.models.parameters import count_parameters
from fineprint.models.unpacking import unpacked_bytes
from fineprint.planning.checking import planned_prediction, planned_training
from fineprint.planning.refusing import check_job
from fineprint.readouts import Prediction, Trial
from fineprint.runs.model_card import Base, name_base, read_base, write_card
from fineprint.study.reading import read_run
from fineprint.study.schema import MethodSettings
from fineprint.tasks import Row
from fineprint.tasks._rows import HELD_OUT, TRAIN, TRIALS, draw_rows, read_rows, test_splits
from fineprint.training.checkpoints import Checkpoints
from fineprint.training.loop import train
from fineprint.training.resuming import Keeper

OWN_VARIANT = ""


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
        return untrained_record(config) if processes.writes else None
    use_threads(max(1, threads // processes.count))
    import_libraries()
    check_job(method, backbone, training=True)
    base = read_base(backbone_record, backbone)
    return train_and_save(config, method, read_json(task), rows, backbone, base, model, checkpoints)


def untrained_record(config: dict[str, Any]) -> TrainRecord:
    """Return the record of a method that trains nothing: all that only training has is None."""
    return TrainRecord(trained=False, run_config=config, seed=config["seed"])


def train_and_save(
    config: dict[str, Any],
    method: MethodSettings,
    task: dict[str, Any],
    rows: Path,
    backbone: Path,
    base: Base,
    model: Path,
    checkpoints: Checkpoints | None = None,
) -> TrainRecord | None:
    """Load, train and save a run, measuring each phase. Sizes and hashes are those of what was trained: the model
    card, which quotes them, comes after."""
    seed, phases = config["seed"], dict[str, Phase]()
    training_rows, held_out_rows = read_rows(rows / f"{TRAIN}.jsonl"), read_rows(rows / f"{HELD_OUT}.jsonl")
    with measure_phase(phases, "loading"):
        readout = make_readout(method, backbone, task, training_rows, seed)
        assembled = assemble_for_training(method, readout, backbone, seed)
    examples = readout.encode_all(training_rows, with_answer=True)
    truncated = readout.truncated_rows
    held_out = readout.encode_all(held_out_rows, with_answer=True)
    parameters = count_parameters(assembled.module, readout.head_names(assembled.module))
    name = f"{config['task']} {config['method']} seed {seed}"
    with measure_phase(phases, "training") as meter:
        keeper = Keeper(checkpoints, meter) if checkpoints else None
        outcome = train(assembled, examples, held_out, seed, name, keeper)
    processes = join_processes()
    measured = gather_phase(processes, phases["training"])
    phases["training"] = join_phases(keeper.earlier if keeper else None, measured)
    if not processes.writes:
        return None
    weights = outcome.weight_bytes
    kept = outcome.gradient_bytes, outcome.optimizer_bytes, outcome.activation_bytes
    save_trained(assembled, model)
    name_base(model, base)
    longest = max(map(example_length, examples))
    planned = planned_training(method, assembled.module, longest, outcome.micro_batch, outcome.gradient_checkpointing)
    spent = sum(epoch.seconds for epoch in outcome.epochs)
    record = TrainRecord(
        trained=True,
        run_config=config,
        seed=seed,
        rows=len(training_rows),
        held_out_rows=len(held_out_rows),
        truncated_rows=truncated,
        epochs=outcome.epochs,
        steps=outcome.steps,
        best_epoch=outcome.best_epoch,
        parameters=parameters,
        checkpoint_bytes=folder_bytes(model),
        saved_files=hash_folder(model),
        weight_bytes=weights,
        gradient_bytes=outcome.gradient_bytes,
        optimizer_bytes=outcome.optimizer_bytes,
        activation_bytes=outcome.activation_bytes,
        workspace_bytes=workspace_bytes(phases["training"], weights, *kept),
        micro_batch=outcome.micro_batch,
        gradient_checkpointing=outcome.gradient_checkpointing,
        planned_peak_bytes=planned,
        processes=processes.count,
        resumed_from_steps=outcome.resumed_from_steps,
        phases=phases,
        examples_per_second=len(training_rows) * len(outcome.epochs) / spent,
        notes=outcome.notes,
        environment=describe_environment(),
    )
    write_card(model, record, method, readout, task, base)
    return record


def predict_run(
    run_config: Path, task: Path, rows: Path, backbone: Path, model: Path, predictions: Path, threads: int
) -> PredictRecord:
    """Answer every test split with a run, write the answers below `predictions`, return the record.

    Merged models answer the same rows; trials of a prompt answer held-out rows only.
    """
    describe_commit()
    config = read_json(run_config)
    method, seed, phases = read_run(config), config["seed"], dict[str, Phase]()
    use_threads(threads)
    import_libraries()
    check_job(method, backbone, training=False)
    splits, training_rows, task_record = test_splits(rows), read_rows(rows / f"{TRAIN}.jsonl"), read_json(task)
    with measure_phase(phases, "loading"):
        readout = make_readout(method, backbone, task_record, training_rows, seed)
        assembled = assemble_for_prediction(method, readout, backbone, model)
    name, unpacked = f"{config['task']} {config['method']} seed {seed}", unpacked_bytes(assembled.module, method.memory)
    with measure_phase(phases, "prediction"):
        predict_splits(assembled, splits, seed, name, predictions)
    total, notes = sum(len(part) for part in splits.values()), []
    if readout.truncated_rows:
        notes.append(f"{readout.truncated_rows} of {total} test rows were longer than max_length and were cut.")
    if unpacked:
        notes.append(
            f"Weights stored in 4 bits were held unpacked while rows were answered: {unpacked / 1e9:.1f} GB more."
        )
    parameters = count_parameters(assembled.module, readout.head_names(assembled.module))
    weights, planned = weight_bytes(assembled.module), planned_prediction(method, assembled.module)
    held_out = draw_rows(read_rows(rows / f"{HELD_OUT}.jsonl"), method.readout.trial_rows(), seed)
    trials = [
        run_trial(
            assembled, trial, held_out, f"{name} · {trial.choice} {trial.value}", predictions / TRIALS / f"{n}.jsonl"
        )
        for n, trial in enumerate(method.readout.list_trials(seed))
    ]
    example, shots = readout.prompt_example, list(readout.shots)
    del assembled
    for precision in method.merge_into:
        merged = assemble_for_prediction(method, readout, backbone, model, merge_into=precision)
        variant = f"merged_into_{precision}"
        predict_splits(merged, splits, seed, f"{name} merged into {precision}", predictions / variant)
    return PredictRecord(
        run_config=config,
        seed=seed,
        prompt_example=example,
        shots=shots,
        parameters=parameters,
        weight_bytes=weights,
        planned_peak_bytes=planned,
        phases=phases,
        rows_per_second=total / phases["prediction"].seconds,
        variants=[OWN_VARIANT, *(f"merged_into_{precision}" for precision in method.merge_into)],
        trials=trials,
        notes=notes,
        environment=describe_environment(),
    )


def predict_splits(assembled: Assembled, splits: dict[str, list[Row]], seed: int, name: str, folder: Path) -> None:
    """Answer each split and write its answers into `folder`."""
    for split, part in splits.items():
        answers = predict_rows(assembled, part, seed, f"{name} · {split}")
        write_predictions(folder / f"{split}.jsonl", part, answers)


def run_trial(assembled: Assembled, trial: Trial, rows: list[Row], name: str, file: Path) -> TriedPrompt:
    """Answer held-out rows by the same model with a readout set otherwise; return what was tried."""
    context = replace(assembled.readout.context, seed=trial.seed)
    readout = trial.settings.build(context)
    answers = predict_rows(replace(assembled, readout=readout), rows, trial.seed, name)
    write_predictions(file, rows, answers)
    shots = [shot.id for shot in readout.shots]
    return TriedPrompt(choice=trial.choice, value=trial.value, own=trial.own, shots=shots)


def write_predictions(path: Path, rows: list[Row], predictions: list[Prediction]) -> None:
    """Write one JSON object per row: id, gold label, tags, length in words, and the prediction."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for row, prediction in zip(rows, predictions, strict=True):
            words = sum(len(text.split()) for text in row.texts.values())
            entry = {"id": row.id, "gold": row.label, "tags": row.tags, "words": words, **vars(prediction)}
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
