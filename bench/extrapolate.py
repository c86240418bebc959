"""The work of studies/multinli.yaml but its controls, extrapolated from the rates that compare.py has measured. Nothing
is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fineprint.study.reading import read_study
from fineprint.study.schema import MethodSettings, StudyConfig
from table import DECODER, ENCODER, Results, find

ROOT = Path(__file__).resolve().parents[1]
ROWS, TEST_ROWS = 392_702, 9_815 + 9_832
# Of a job that loads a model, training or answering left out: the mean of fourteen, 13 to 20 seconds, in a run of
# studies/capacity.yaml (26 November 2026, an H200).
JOB_SECONDS = 16.4

# Method → the part that trained it, and the part and key that answered. Encoders answer as without an adapter.
PREDICTION = (ENCODER, "prediction", "per_second")
PARTS: dict[str, tuple[tuple[str, str] | None, tuple[str, str, str]]] = {
    "roberta_full": ((ENCODER, "full_8"), PREDICTION),
    "roberta_lora": ((ENCODER, "lora_8"), PREDICTION),
    "roberta_p_tuning": ((ENCODER, "p_tuning_8"), PREDICTION),
    "roberta_prefix_tuning": ((ENCODER, "prefix_tuning_8"), PREDICTION),
    "llama_zero_shot": (None, (DECODER, "zero_shot", "per_second")),
    "llama_one_shot": (None, (DECODER, "one_shot", "per_second")),
    "llama_qlora_generation": ((DECODER, "qlora_generation"), (DECODER, "qlora_generation", "answered_per_second")),
    "llama_qlora_head": ((DECODER, "qlora_head"), (DECODER, "qlora_head", "answered_per_second")),
}


def read_multinli() -> StudyConfig:
    """Return the study, merged into the default config as Snakemake does."""
    files = (ROOT / "config.yaml", ROOT / "studies/multinli.yaml")
    return read_study(merge(*(yaml.safe_load(file.read_text(encoding="utf-8")) for file in files)))


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return two configs as one; mappings merge, everything else is replaced."""
    both = {**below, **above}
    return {
        key: merge(below[key], value) if isinstance(value, dict) and isinstance(below.get(key), dict) else value
        for key, value in both.items()
    }


def extrapolate(results: Results) -> dict[str, Any]:
    """Return minutes by method and in all; None for what rests on a rate that was not measured."""
    study = read_multinli()
    task = study.tasks["multinli"]
    drawn = round(ROWS * task.train_fraction)
    held_out = round(drawn * task.held_out_fraction)
    # The controls have no rates: no published solution has them, so that there was nothing to compare.
    asked = [name for name in study.run.methods if name in PARTS]
    methods = [
        extrapolate_method(results, study.methods[name], *PARTS[name], drawn - held_out, held_out) for name in asked
    ]
    jobs = sum(2 if PARTS[name][0] else 1 for name in asked)  # where nothing is trained no model is loaded
    starting = jobs * JOB_SECONDS / 60
    parts = [value for line in methods for value in (line["training"], line["held_out"], line["answering"])]
    return {
        "training_rows": drawn - held_out,
        "held_out_rows": held_out,
        "test_rows": TEST_ROWS,
        "methods": methods,
        "jobs": jobs,
        "job_seconds": JOB_SECONDS,
        "starting": starting,
        "total": None if None in parts else sum(parts) + starting,
    }


def extrapolate_method(
    results: Results,
    method: MethodSettings,
    trained: tuple[str, str] | None,
    answered: tuple[str, str, str],
    rows: int,
    held_out: int,
) -> dict[str, Any]:
    """Return one method's minutes: training, evaluation after each epoch, test rows and trials."""
    group, part, key = answered
    answers = find(results, (group, part)).get(key)
    epochs, settings = 0, method.training
    measured = find(results, trained) if trained else {}
    if trained and settings is not None:
        epochs, step = settings.epochs, settings.batch_size * settings.gradient_accumulation_steps
        if measured.get("rows_per_step", step) != step:
            raise ValueError(f"{method.title}: the study takes {step} rows a step, {part} was measured with others")
    trials = len(method.readout.list_trials(0)) * min(method.readout.trial_rows(), held_out)
    asked = TEST_ROWS * (1 + len(method.merge_into)) + trials
    return {
        "title": method.title,
        "epochs": epochs,
        "training": minutes(rows * epochs, measured.get("per_second")),
        "held_out": minutes(held_out * epochs, answers),
        "asked": asked,
        "answering": minutes(asked, answers),
    }


def minutes(rows: int, per_second: float | None) -> float | None:
    """Return how long rows take, or None where the rate was not measured."""
    return 0.0 if rows == 0 else None if per_second is None else rows / per_second / 60
