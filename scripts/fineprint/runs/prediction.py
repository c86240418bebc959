"""Answering test rows with a run, its merged models beside it, and trials of its prompt on held-out rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from fineprint.core.progress import name_run
from fineprint.core.records import (
    Phase,
    PredictRecord,
    TaskRecord,
    TriedPrompt,
    read_json,
    read_record,
)
from fineprint.core.settings import located
from fineprint.inference.assembly import (
    Assembled,
    assemble_for_prediction,
    make_readout,
)
from fineprint.inference.predicting import predict_rows
from fineprint.jobs.environment import describe_commit, describe_environment
from fineprint.jobs.importing import import_libraries
from fineprint.jobs.job import use_threads
from fineprint.measuring.phases import measure_phase
from fineprint.measuring.tensors import weight_bytes
from fineprint.models.parameters import count_parameters
from fineprint.models.unpacking import unpacked_bytes
from fineprint.planning.checking import planned_prediction
from fineprint.planning.refusing import check_job
from fineprint.readouts import Prediction, Readout, Trial
from fineprint.study.reading import read_run
from fineprint.tasks import Row
from fineprint.tasks._rows import HELD_OUT, TRAIN, TRIALS, draw_rows, read_rows, test_splits

OWN_VARIANT = ""


def predict_run(
    run_config: Path, task: Path, rows: Path, backbone: Path, model: Path, predictions: Path, threads: int
) -> PredictRecord:
    """Answer every test split with a run, write the answers below `predictions`, return the record.

    Merged models answer the same rows; trials of a prompt answer held-out rows only.
    """
    describe_commit()
    config, phases = read_json(run_config), dict[str, Phase]()
    method, seed, name = read_run(config), config["seed"], name_run(config)
    use_threads(threads)
    import_libraries()
    check_job(method, backbone, training=False)
    splits, described = test_splits(rows), read_record(task, TaskRecord)
    with measure_phase(phases, "loading"), located(f"methods.{config['method']}"):
        readout = make_readout(method, backbone, described, read_rows(rows / f"{TRAIN}.jsonl"), seed)
        assembled = assemble_for_prediction(method, readout, backbone, model)
    unpacked = unpacked_bytes(assembled.module, method.memory)
    with measure_phase(phases, "prediction"):
        predict_splits(assembled, splits, seed, name, predictions)
    held_out = draw_rows(read_rows(rows / f"{HELD_OUT}.jsonl"), method.readout.trial_rows(), seed)
    trials = run_trials(assembled, held_out, seed, name, predictions / TRIALS)
    total = sum(len(part) for part in splits.values())
    record = record_prediction(config, assembled, phases, total, unpacked, trials)
    del assembled  # two models need not fit side by side
    for precision in method.merge_into:
        merged = assemble_for_prediction(method, readout, backbone, model, merge_into=precision)
        folder = predictions / name_variant(precision)
        predict_splits(merged, splits, seed, f"{name} merged into {precision}", folder)
    return record


def record_prediction(
    config: dict[str, Any],
    assembled: Assembled,
    phases: dict[str, Phase],
    rows: int,
    unpacked: int,
    trials: list[TriedPrompt],
) -> PredictRecord:
    """Return the record of a prediction.

    Args:
        config: of the run.
        assembled: what answered.
        phases: "loading" and "prediction".
        rows: of all test splits.
        unpacked: bytes of weights that were held unpacked.
        trials: of the prompt.
    """
    readout, method = assembled.readout, assembled.method
    return PredictRecord(
        run_config=config,
        seed=config["seed"],
        input_example=readout.input_example,
        truncated_rows=readout.truncated_rows,
        shots=list(readout.shots),
        parameters=count_parameters(assembled.module, readout.head_names(assembled.module)),
        weight_bytes=weight_bytes(assembled.module),
        unpacked_bytes=unpacked,
        planned_peak_bytes=planned_prediction(method, assembled.module),
        phases=phases,
        rows_per_second=rows / phases["prediction"].seconds,
        variants=[OWN_VARIANT, *map(name_variant, method.merge_into)],
        trials=trials,
        varies_by_seed=method.varies_by_seed,
        notes=list_notes(readout, rows, unpacked),
        environment=describe_environment(),
    )


def name_variant(precision: str) -> str:
    """Return the name of a merged model's predictions."""
    return f"merged_into_{precision}"


def list_notes(readout: Readout, rows: int, unpacked: int) -> list[str]:
    """Return sentences on what was done to test rows and to weights while answering, for the report.

    Args:
        readout: that encoded the rows.
        rows: of all test splits.
        unpacked: bytes of weights that were held unpacked.
    """
    notes = []
    if readout.truncated_rows:
        notes.append(f"{readout.truncated_rows} of {rows} test rows were longer than max_length and were cut.")
    if unpacked:
        notes.append(
            f"Weights stored in 4 bits were held unpacked while rows were answered: {unpacked / 1e9:.1f} GB more."
        )
    return notes


def predict_splits(assembled: Assembled, splits: dict[str, list[Row]], seed: int, name: str, folder: Path) -> None:
    """Answer each split and write its answers into `folder`."""
    for split, part in splits.items():
        answers = predict_rows(assembled, part, seed, f"{name} · {split}")
        write_predictions(folder / f"{split}.jsonl", part, answers)


def run_trials(assembled: Assembled, rows: list[Row], seed: int, name: str, folder: Path) -> list[TriedPrompt]:
    """Let every trial of the method's prompt answer held-out rows; return what was tried."""
    trials = assembled.method.readout.list_trials(seed)
    return [
        run_trial(assembled, trial, rows, f"{name} · {trial.choice} {trial.value}", folder / f"{number}.jsonl")
        for number, trial in enumerate(trials)
    ]


def run_trial(assembled: Assembled, trial: Trial, rows: list[Row], name: str, file: Path) -> TriedPrompt:
    """Answer held-out rows by the same model with a readout set otherwise; return what was tried."""
    context = replace(assembled.readout.context, seed=trial.seed)
    readout = trial.settings.build(context)
    answers = predict_rows(replace(assembled, readout=readout), rows, trial.seed, name)
    write_predictions(file, rows, answers)
    shots = [shot.id for shot in readout.shots]
    return TriedPrompt(choice=trial.choice, value=trial.value, own=trial.own, shots=shots)


def write_predictions(path: Path, rows: list[Row], predictions: list[Prediction]) -> None:
    """Write one JSON object per row: id, group, gold label, tags, length in words, and the prediction."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for row, prediction in zip(rows, predictions, strict=True):
            words = sum(len(text.split()) for text in row.texts.values())
            read = {"id": row.id, "group": row.group, "gold": row.label, "tags": row.tags, "words": words}
            entry = {**read, **vars(prediction)}
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
