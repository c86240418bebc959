"""Collecting a study's records into one file and one table."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fineprint.core.records import Results, Run, read_json, read_predictions
from fineprint.jobs.code_state import describe_code
from fineprint.jobs.environment import COMMIT, describe_commit, describe_machine
from fineprint.results.benchmarks import read_jobs
from fineprint.results.collecting_serving import RECORDS as SERVING_RECORDS
from fineprint.results.collecting_serving import collect_serving, list_environments
from fineprint.results.lookup import phase_peak
from fineprint.scoring.scoring import join_splits
from fineprint.scoring.statistics import compare_paired
from fineprint.tasks._rows import POOLED

NOT_RUN = "not run"
RUN_RECORDS = ("train", "predict", "scores")


def collect_study(study: dict[str, Any], folder: Path, command: str) -> Results:
    """Read every record of a study below `folder`; what is missing becomes a run that says so."""
    run = study["run"]
    runs = [
        collect_run(study, folder, task, method, seed)
        for task in run["tasks"]
        for method in run["methods"]
        for seed in run["seeds"]
    ]
    serving = collect_serving(study, folder, functools.partial(collect_run, study, folder))
    if serving:
        serving["comparisons"] = compare_runs(folder, serving["runs"])
    names = {*run["methods"], *(study["serving"]["methods"].values() if serving else ())}
    used = {study["methods"][method]["backbone"] for method in names}
    return Results(
        study=study,
        provenance={
            **describe_provenance(study, folder, command, runs, list_environments(serving)),
            "code": describe_code(
                list_noted_records(folder, runs + (serving["runs"] if serving else []), sorted(used))
            ),
        },
        tasks={task: read_json(folder / "data" / task / "task.json") for task in run["tasks"]},
        backbones={name: read_json(folder / "backbones" / name / "backbone.json") for name in sorted(used)},
        runs=runs,
        comparisons=compare_runs(folder, runs),
        serving=serving,
    )


def collect_run(study: dict[str, Any], folder: Path, task: str, method: str, seed: int) -> Run:
    """Read one run's records."""
    place = folder / "runs" / task / method / str(seed)
    files = {name: place / f"{name}.json" for name in RUN_RECORDS}
    records = {name: read_json(file) if file.exists() else None for name, file in files.items()}
    scores = records["scores"]
    title = study["methods"][method]["title"] or method
    reason = scores["reason"] if scores else f"no scores were found in {place}"
    status = scores["status"] if scores else NOT_RUN
    return Run(task=task, method=method, seed=seed, title=title, status=status, reason=reason, **records)


def describe_provenance(
    study: dict[str, Any], folder: Path, command: str, runs: list[Run], more: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return when, by what command, from what commit and on what hardware the study was made.

    Args:
        study: the resolved config.
        folder: the study's results folder.
        command: that reruns the study.
        runs: whose machines are named.
        more: further machines.
    """
    environments = [record["environment"] for run in runs for record in (run["train"], run["predict"]) if record]
    machines = [describe_machine(environment) for environment in [*environments, *more] if environment]
    distinct = {json.dumps(machine, sort_keys=True): machine for machine in machines}
    commits = Counter(tuple(environment.get(key) for key in COMMIT) for environment in environments if environment)
    text = json.dumps(study, sort_keys=True).encode()
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "config_sha256": hashlib.sha256(text).hexdigest(),
        "hardware": list(distinct.values()),
        "jobs": read_jobs(Path("benchmarks") / study["study"], study, Path("logs") / study["study"]),
        "commits": [{**dict(zip(COMMIT, found, strict=True)), "jobs": jobs} for found, jobs in commits.most_common()],
        **describe_commit(),
    }


def list_noted_records(folder: Path, runs: list[Run], backbones: list[str]) -> list[Path]:
    """Return the records that say beside them by which code they were made, in the order of the rules."""
    places = {(run["task"], run["method"], run["seed"]): None for run in runs}
    return [
        *(folder / "data" / task / "task.json" for task in dict.fromkeys(run["task"] for run in runs)),
        *(folder / "backbones" / name / "backbone.json" for name in backbones),
        *(
            folder / "runs" / task / method / str(seed) / f"{name}.json"
            for name in RUN_RECORDS
            for task, method, seed in places
        ),
        *(folder / "serving" / f"{name}.json" for name in SERVING_RECORDS),
    ]


def compare_runs(folder: Path, runs: list[Run]) -> list[dict[str, Any]]:
    """Compare the methods pair by pair on every task, seed and split."""
    comparisons = []
    scored = [run for run in runs if run["scores"] and run["scores"]["splits"]]
    for task, seed in dict.fromkeys((run["task"], run["seed"]) for run in scored):
        group = [run for run in scored if (run["task"], run["seed"]) == (task, seed)]
        hits = {run["method"]: join_splits(read_hits(folder, run)) for run in group}
        for split in group[0]["scores"]["splits"]:
            where = {"task": task, "split": split, "seed": seed}
            pairs = compare_paired({method: splits[split] for method, splits in hits.items()})
            comparisons += [{**where, **pair} for pair in pairs]
    return comparisons


def read_hits(folder: Path, run: Run) -> dict[str, list[bool]]:
    """Return for each split whether each row was answered rightly, in the order of the rows."""
    place = folder / "runs" / run["task"] / run["method"] / str(run["seed"]) / "predictions"
    splits = [split for split in run["scores"]["splits"] if split != POOLED]
    return {
        split: [entry["label"] == entry["gold"] for entry in read_predictions(place / f"{split}.jsonl")]
        for split in splits
    }


def write_table(path: Path, results: Results) -> None:
    """Write a row per run and split; a figure that was not measured is an empty field."""
    rows = [row for run in results["runs"] for row in table_rows(results["study"], run)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def table_rows(study: dict[str, Any], run: Run) -> list[dict[str, Any]]:
    """Return a run's rows of the table, one per split, or a single one if it has no scores."""
    method = study["methods"][run["method"]]
    train, predict, scores = run["train"], run["predict"], run["scores"]
    # Parameters are counted while training; a method that trains nothing is counted as it predicts.
    parameters = (train and train["parameters"]) or (predict and predict["parameters"]) or {}
    phases = {
        **(train["phases"] if train else {}),
        **({"prediction": predict["phases"]["prediction"]} if predict else {}),
    }
    peaks = [phase_peak(phases.get(name))[0] for name in ("training", "prediction")]
    rows = []
    splits = (scores and scores["splits"]) or {"": {}}
    for split, score in splits.items():
        if split == POOLED:
            continue  # a row per split, none counted twice
        rows.append(
            {
                "study": study["study"],
                "method": run["method"],
                "backbone": method["backbone"],
                "adapter": method["adapter"]["kind"],
                "readout": method["readout"]["kind"],
                "precision": method["precision"],
                "task": run["task"],
                "split": split,
                "seed": run["seed"],
                **{key: score.get(key) for key in ("rows", "accuracy", "accuracy_low", "accuracy_high")},
                **{key: score.get(key) for key in ("macro_f1", "unparseable_share")},
                "adapter_parameters": parameters.get("adapter"),
                "head_parameters": parameters.get("head"),
                "total_parameters": parameters.get("total"),
                "checkpoint_bytes": train["checkpoint_bytes"] if train else None,
                "train_seconds": phases["training"]["seconds"] if "training" in phases else None,
                "predict_seconds": phases["prediction"]["seconds"] if "prediction" in phases else None,
                "peak_memory_bytes": max((peak for peak in peaks if peak is not None), default=None),
                "status": run["status"],
            }
        )
    return rows
