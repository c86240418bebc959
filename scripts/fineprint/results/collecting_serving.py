"""Collecting this part's records for the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fineprint.core.records import Run, read_json
from fineprint.core.settings import SettingsError

RECORDS = ("ways", "combining", "forgetting")


def collect_serving(
    study: dict[str, Any], folder: Path, collect_run: Callable[[str, str, int], Run]
) -> dict[str, Any] | None:
    """Return the part's runs, tasks and records, or None where the study does not ask for it.

    Args:
        study: the resolved config.
        folder: the study's results folder.
        collect_run: reads the records of a task, a method and a seed.
    """
    asked = study.get("serving")
    if asked is None:
        return None
    seed, tasks = study["run"]["seeds"][0], asked["tasks"]
    files = {name: folder / "serving" / f"{name}.json" for name in RECORDS}
    return {
        "seed": seed,
        "tasks": {task: read_json(folder / "data" / task / "task.json") for task in tasks},
        "runs": [collect_run(task, method, seed) for task in tasks for method in asked["methods"].values()],
        **{name: read_json(file) if file.exists() else None for name, file in files.items()},
        "real_size": collect_real_size(asked["real_size"]) if asked["real_size"] else None,
    }


def collect_real_size(file: str) -> dict[str, Any]:
    """Return the results of a study at real size; None where that study was not run.

    Raises:
        SettingsError: the file is something else.
    """
    if not Path(file).exists():
        return {"file": file, "results": None}
    results = read_json(Path(file))
    if not isinstance(results, dict) or not results.get("serving"):
        raise SettingsError(
            f"serving.real_size: {file} is not the results.json of a study that serves several tasks; name another "
            "file, or null"
        )
    results["serving"]["real_size"] = None
    return {"file": file, "results": results}


def list_environments(serving: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the machines that this part's jobs ran on."""
    if serving is None:
        return []
    found = [serving[name]["environment"] for name in RECORDS if serving[name]]
    runs = [run[part] for run in serving["runs"] for part in ("train", "predict")]
    return found + [record["environment"] for record in runs if record]
