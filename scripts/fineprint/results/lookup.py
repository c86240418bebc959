"""Temporary: names that readers not yet converted still ask for. `results.study` has the model."""

from __future__ import annotations

from typing import Any

from fineprint.core.records import Parameters, PeakMemory, Phase, Run
from fineprint.core.settings import SettingsError, find_settings
from fineprint.results.study import SIGNIFICANCE, TRAIN_SPLITS, Difference, Study, open_results

__all__ = ["SIGNIFICANCE", "TRAIN_SPLITS", "Difference", "Study", "open_results"]


def class_variable(package: str, kind: str, name: str, default: Any = "") -> Any:
    """Return a ClassVar such as `title` of a kind's Settings; `default` where this version has no such kind."""
    try:
        return getattr(find_settings(package, kind), name, default) or default
    except (SettingsError, ImportError):
        return default


# Temporary: what the readers that still ask by function need. `Run` has all of this.
def parameters(run: Run | None) -> Parameters | None:
    """Return a run's parameter counts: as trained, else as used for prediction."""
    return run.parameters if run else None


def is_trained(run: Run | None) -> bool:
    """Return whether the run trained anything."""
    return run is not None and run.is_trained


def phase(run: Run | None, name: str) -> Phase | None:
    """Return a phase; loading and training come from the training record, prediction from the other."""
    return run.phase(name) if run else None


def phase_seconds(run: Run | None, name: str) -> float | None:
    """Return how long a phase took."""
    return run.seconds(name) if run else None


def peak_memory(run: Run | None, name: str) -> PeakMemory:
    """Return a phase's headline figure in bytes and what it is: "allocated" on a GPU, "resident" on a CPU."""
    return run.peak_memory(name) if run else PeakMemory(None, "resident")


def phase_peak(found: Phase | None) -> PeakMemory:
    """Return the headline figure of a recorded phase in bytes, None where there is no phase, and what it is."""
    return found.memory.peak if found else PeakMemory(None, "resident")


def train_value(run: Run | None, name: str) -> Any:
    """Return a figure of the training record, or None."""
    return getattr(run.train, name) if run and run.is_trained else None


def trains_everything(run: Run | None) -> bool:
    """Return whether every weight was trained, so that what is saved is a whole model."""
    return run is not None and run.trains_everything
