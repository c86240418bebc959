"""What a claim is tested on: one or two methods on a task and seed, and the figure measured there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fineprint.core.records import ALPHA, NOT_MADE, BackboneRecord, Run, TrainRecord
from fineprint.results.study import Study


class NotMeasured(Exception):
    """A figure that this study does not have; the message is a sentence saying why."""


@dataclass(frozen=True)
class Case:
    """What a claim is tested on: a method, or a method against a second one, on one task and seed."""

    study: Study
    task: str
    seed: int
    first: str
    second: str | None = None

    @property
    def methods(self) -> list[str]:
        """The one or two methods."""
        return [self.first] if self.second is None else [self.first, self.second]

    @property
    def other(self) -> str:
        """The second method, of a quantity that compares two."""
        if self.second is None:
            raise ValueError("a quantity that compares two methods needs a second one")
        return self.second


@dataclass(frozen=True)
class Measurement:
    """A measured figure, with its 95 % interval and its paired test's corrected p-value where it has them. `anchor` is
    where it stands in the report, if not where its quantity says."""

    value: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    note: str = ""
    anchor: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether a paired test, corrected for the number of pairs, finds a difference."""
        return self.p_value is not None and self.p_value < ALPHA


def find_run(case: Case, method: str) -> Run:
    """Return a run that was made."""
    run = case.study.run(case.task, method, case.seed)
    if run is None or run.status in NOT_MADE:
        reason = (run.reason if run else None) or "no record of it was found"
        raise NotMeasured(f"{case.study.title(method)} was not run: {reason.rstrip('.')}.")
    return run


def find_trained(case: Case, method: str) -> tuple[Run, TrainRecord]:
    """Return a run that trained something, and what its training left."""
    run = find_run(case, method)
    if run.trained is None:
        raise NotMeasured(f"{case.study.title(method)} trains nothing.")
    return run, run.trained


def known(value: float | None, what: str, case: Case, method: str) -> float:
    """Return a figure that was measured."""
    if value is None:
        raise NotMeasured(f"The {what} of {case.study.title(method)} was not measured.")
    return value


def describe_machine(run: Run, job: Literal["train", "predict"]) -> tuple[str | None, str | None]:
    """Return what two runs' jobs must have in common for their times to be compared: the processor, and the GPU."""
    record = run.train if job == "train" else run.predict
    environment = record.environment if record else None
    if environment is None:
        return None, None
    return environment.processor, environment.gpu.name if environment.gpu else None


def list_backbones(case: Case) -> list[BackboneRecord]:
    """Return the backbones that a case's methods stand on."""
    names = dict.fromkeys(case.study.settings(method)["backbone"] for method in case.methods)
    return [case.study.results.backbones[name] for name in names]
