"""Collecting a study's records into one file and one table."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from fineprint.core.records import (
    BackboneRecord,
    CodeState,
    CommitCount,
    Environment,
    Kinds,
    PredictRecord,
    Provenance,
    Results,
    Run,
    Score,
    ScoreRecord,
    Step,
    TaskRecord,
    TrainRecord,
    as_mapping,
    make_record,
    read_json,
    read_record_if_there,
)
from fineprint.core.settings import SettingsError
from fineprint.jobs.code_state import describe_code
from fineprint.jobs.environment import describe_commit, machine_facts
from fineprint.results.benchmarks import read_jobs
from fineprint.results.collecting_errors import collect_errors
from fineprint.results.collecting_findings import collect_findings
from fineprint.results.collecting_serving import collect_serving, list_environments
from fineprint.results.comparing import compare_runs
from fineprint.results.failures import explain_missing
from fineprint.results.privacy import hide_in_command, hide_paths
from fineprint.tasks._rows import POOLED

Source = TypeVar("Source", TaskRecord, BackboneRecord)
RUN_RECORDS = ("train", "predict", "scores")
SERVING_RECORDS = ("ways", "combining", "forgetting")


def collect_study(file: Path, command: str) -> Results:
    """Read every record of a study; a run that left none becomes one that says so.

    Args:
        file: the resolved config, in the study's results folder, and what its kinds say of themselves.
        command: that reruns the study.
    """
    written, folder = read_json(file), file.parent
    keep_what_is_there(written["config"], folder)
    study, steps = written["config"], read_record_if_there(folder / "steps.json", list[Step]) or []
    run = study["run"]
    runs = [
        collect_run(study, folder, task, method, seed)
        for task in run["tasks"]
        for method in run["methods"]
        for seed in run["seeds"]
    ]
    compare = functools.partial(compare_runs, folder, margin=study["margin"])
    serving = collect_serving(study, folder, functools.partial(collect_run, study, folder), compare)
    compared = compare(runs)
    names = {*run["methods"], *(study["serving"]["methods"].values() if serving else ())}
    used = {study["methods"][method]["backbone"] for method in names}
    noted = list_noted_records(folder, [*runs, *(serving.runs if serving else [])], sorted(used))
    return Results(
        study=hide_paths(study),
        kinds=make_record(written["kinds"], Kinds, f"{file}, kinds"),
        provenance=describe_provenance(
            study, hide_in_command(command), runs, list_environments(serving), steps, describe_code(noted)
        ),
        tasks={task: read_source(folder / "data" / task / "task.json", TaskRecord) for task in run["tasks"]},
        backbones={
            name: record
            for name in sorted(used)
            if (record := read_source(folder / "backbones" / name / "backbone.json", BackboneRecord))
        },
        runs=runs,
        means=compared.means,
        comparisons=compared.comparisons,
        findings=collect_findings(study, folder, runs),
        errors=collect_errors(study, folder, runs),
        serving=serving,
        steps=steps,
    )


def read_source(file: Path, kind: type[Source]) -> Source | None:
    """Read the record of a task or a backbone, where there is one, without the paths in its settings."""
    record = read_record_if_there(file, kind)
    return record and replace(record, settings=hide_paths(record.settings), facts=hide_paths(record.facts))


def keep_what_is_there(study: dict[str, Any], folder: Path) -> None:
    """Leave out of a study's settings the tasks that were not prepared: in a report of what there is so far.

    Raises:
        SettingsError: none was.
    """
    there = [task for task in study["run"]["tasks"] if (folder / "data" / task / "task.json").exists()]
    if not there:
        raise SettingsError(f"{folder} holds no prepared task yet, so there is nothing to report")
    study["run"]["tasks"] = there
    serving = study.get("serving")
    needed = [folder / "data" / task / "task.json" for task in serving["tasks"]] if serving else []
    needed += [folder / "backbones" / serving["backbone"] / "backbone.json"] if serving else []
    if not all(record.exists() for record in needed):
        study["serving"] = None


def collect_run(study: dict[str, Any], folder: Path, task: str, method: str, seed: int) -> Run:
    """Read one run's records."""
    place = folder / "runs" / task / method / str(seed)
    scores = read_record_if_there(place / "scores.json", ScoreRecord)
    missing = None if scores else explain_missing(Path("logs") / study["study"], task, method, seed)
    return Run(
        task=task,
        method=method,
        seed=seed,
        title=study["methods"][method]["title"] or method,
        status=missing.status if missing else scores.status,
        reason=missing.reason if missing else scores.reason,
        train=read_record_if_there(place / "train.json", TrainRecord),
        predict=read_record_if_there(place / "predict.json", PredictRecord),
        scores=scores,
    )


def describe_provenance(
    study: dict[str, Any],
    command: str,
    runs: list[Run],
    more: list[Environment],
    steps: list[Step],
    code: CodeState,
) -> Provenance:
    """Return when, by what command, from what commit and on what hardware the study was made.

    Args:
        study: the resolved config.
        command: that reruns the study.
        runs: whose machines are named.
        more: further machines.
        steps: the rules of the study.
        code: by which code the records were made.
    """
    records = [record for run in runs for record in (run.train, run.predict) if record is not None]
    environments = [record.environment for record in records if record.environment is not None]
    machines = [machine_facts(environment) for environment in [*environments, *more]]
    distinct = {json.dumps(machine, sort_keys=True, default=as_mapping): machine for machine in machines}
    commits = Counter((environment.commit, environment.uncommitted_changes) for environment in environments)
    text = json.dumps(study, sort_keys=True).encode()
    now = describe_commit()
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        config_sha256=hashlib.sha256(text).hexdigest(),
        hardware=list(distinct.values()),
        jobs=read_jobs(Path("benchmarks") / study["study"], study, steps, Path("logs") / study["study"]),
        commits=[
            CommitCount(commit=commit, uncommitted_changes=changed, jobs=jobs)
            for (commit, changed), jobs in commits.most_common()
        ],
        code=code,
        commit=now.commit,
        uncommitted_changes=now.uncommitted_changes,
    )


def list_noted_records(folder: Path, runs: list[Run], backbones: list[str]) -> list[Path]:
    """Return the records that say beside them by which code they were made, in the order of the rules."""
    places = {(run.task, run.method, run.seed): None for run in runs}
    return [
        *(folder / "data" / task / "task.json" for task in dict.fromkeys(run.task for run in runs)),
        *(folder / "backbones" / name / "backbone.json" for name in backbones),
        *(
            folder / "runs" / task / method / str(seed) / f"{name}.json"
            for name in RUN_RECORDS
            for task, method, seed in places
        ),
        *(folder / "serving" / f"{name}.json" for name in SERVING_RECORDS),
    ]


def write_table(path: Path, results: Results) -> None:
    """Write a row per run and split; a figure that was not measured is an empty field."""
    rows = [row for run in results.runs for row in table_rows(results.study, run)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def table_rows(study: dict[str, Any], run: Run) -> list[dict[str, Any]]:
    """Return a run's rows of the table, one per split, or a single one if it has no scores."""
    splits: dict[str, Score] = run.scores.splits if run.scores else {}
    # A row per split: the pooled rows would count each twice.
    return [table_row(study, run, split, score) for split, score in splits.items() if split != POOLED] or [
        table_row(study, run, "", None)
    ]


def table_row(study: dict[str, Any], run: Run, split: str, score: Score | None) -> dict[str, Any]:
    """Return a row of the table; None where there is no such figure."""
    method, parameters = study["methods"][run.method], run.parameters
    peaks = [run.peak_memory(name).bytes for name in ("training", "prediction")]
    scores = ("rows", "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "unparseable_share")
    return {
        "study": study["study"],
        "method": run.method,
        "backbone": method["backbone"],
        "adapter": method["adapter"]["kind"],
        "readout": method["readout"]["kind"],
        "precision": method["precision"],
        "task": run.task,
        "split": split,
        "seed": run.seed,
        **{key: getattr(score, key, None) for key in scores},
        "adapter_parameters": parameters and parameters.adapter,
        "head_parameters": parameters and parameters.head,
        "total_parameters": parameters and parameters.total,
        "checkpoint_bytes": run.train and run.train.checkpoint_bytes,
        "train_seconds": run.seconds("training"),
        "predict_seconds": run.seconds("prediction"),
        "peak_memory_bytes": max((peak for peak in peaks if peak is not None), default=None),
        "status": run.status,
    }
