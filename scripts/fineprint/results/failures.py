"""Why a run left no scores: what its jobs' logs say last."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from fineprint.core.records import FAILED, NOT_RUN

# In the order in which a run's jobs follow each other, with what the report calls them.
JOBS = {"train_method": "training", "predict_labels": "prediction", "score_predictions": "scoring"}
SENTENCE = re.compile(r"^\d\d:\d\d:\d\d Error: (.*)", re.MULTILINE | re.DOTALL)
TRACEBACK = "Traceback (most recent call last):"


class Missing(NamedTuple):
    """What became of a run that has no scores: "failed" or "not run", and why."""

    status: str
    reason: str


def explain_missing(logs: Path, task: str, method: str, seed: int) -> Missing:
    """Return why there are no scores of a run.

    Args:
        logs: the study's folder of logs, one per job below `{rule}/{task}/{method}/{seed}.log`.
        task: of the run, as its method and seed.
    """
    files = {name: logs / rule / task / method / f"{seed}.log" for rule, name in JOBS.items()}
    begun = [(name, file) for name, file in files.items() if file.exists()]
    if not begun:
        return Missing(NOT_RUN, "it was not started")
    name, file = begun[-1]
    said = file.read_text(encoding="utf-8", errors="replace").strip()
    if found := SENTENCE.search(said):
        return Missing(FAILED, f"{name} failed: {' '.join(found[1].split())}")
    if TRACEBACK in said:
        return Missing(FAILED, f"{name} failed: {said.splitlines()[-1].strip()} (see {file})")
    return Missing(NOT_RUN, f"{name} has not come to its end")
