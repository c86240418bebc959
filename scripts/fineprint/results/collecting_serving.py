"""Collecting this part's records for the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fineprint.core.records import (
    CombiningRecord,
    Environment,
    ForgettingRecord,
    RealSize,
    Results,
    Run,
    Serving,
    ServingRecord,
    TaskRecord,
    make_record,
    read_json,
    read_record,
    read_record_if_there,
)
from fineprint.core.settings import SettingsError
from fineprint.results.comparing import Compared


def collect_serving(
    study: dict[str, Any],
    folder: Path,
    collect_run: Callable[[str, str, int], Run],
    compare: Callable[[list[Run]], Compared],
) -> Serving | None:
    """Return the part's runs, tasks and records, or None where the study does not ask for it.

    Args:
        study: the resolved config.
        folder: the study's results folder.
        collect_run: reads the records of a task, a method and a seed.
        compare: averages the methods and compares them pair by pair.
    """
    asked = study.get("serving")
    if asked is None:
        return None
    seed, tasks = study["run"]["seeds"][0], asked["tasks"]
    runs = [collect_run(task, method, seed) for task in tasks for method in asked["methods"].values()]
    place, compared = folder / "serving", compare(runs)
    return Serving(
        seed=seed,
        tasks={task: read_record(folder / "data" / task / "task.json", TaskRecord) for task in tasks},
        runs=runs,
        means=compared.means,
        comparisons=compared.comparisons,
        ways=read_record_if_there(place / "ways.json", ServingRecord),
        combining=read_record_if_there(place / "combining.json", CombiningRecord),
        forgetting=read_record_if_there(place / "forgetting.json", ForgettingRecord),
        real_size=collect_real_size(asked["real_size"]) if asked["real_size"] else None,
    )


def collect_real_size(file: str) -> RealSize:
    """Return the results of a study at real size; None where that study was not run.

    Raises:
        SettingsError: the file is something else.
    """
    if not Path(file).exists():
        return RealSize(file=file, results=None)
    results = read_json(Path(file))
    if not isinstance(results, dict) or not results.get("serving"):
        raise SettingsError(
            f"serving.real_size: {file} is not the results.json of a study that serves several tasks; name another "
            "file, or null"
        )
    results["serving"]["real_size"] = None  # what that study quotes is no part of this one
    return RealSize(file=file, results=make_record(results, Results, file))


def list_environments(serving: Serving | None) -> list[Environment]:
    """Return the machines that this part's jobs ran on."""
    if serving is None:
        return []
    runs = [record for run in serving.runs for record in (run.train, run.predict)]
    records = [serving.ways, serving.combining, serving.forgetting, *runs]
    return [record.environment for record in records if record is not None and record.environment is not None]
