"""What a claim is tested on: one or two methods on a task and seed, and the figure measured there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fineprint.core.records import Run
from fineprint.results.lookup import SIGNIFICANCE, Study, is_trained


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
        return self.p_value is not None and self.p_value < SIGNIFICANCE


def find_run(case: Case, method: str) -> Run:
    """Return a run that was made."""
    run = case.study.run(case.task, method, case.seed)
    if run is None or run["status"] == "not run":
        reason = ((run or {}).get("reason") or "no record of it was found").rstrip(".")
        raise NotMeasured(f"{case.study.title(method)} was not run: {reason}.")
    return run


def find_trained(case: Case, method: str) -> Run:
    """Return a run that trained something."""
    run = find_run(case, method)
    if not is_trained(run):
        raise NotMeasured(f"{case.study.title(method)} trains nothing.")
    return run


def known(value: float | None, what: str, case: Case, method: str) -> float:
    """Return a figure that was measured."""
    if value is None:
        raise NotMeasured(f"The {what} of {case.study.title(method)} was not measured.")
    return value


def describe_machine(run: Run, job: str) -> tuple[Any, Any]:
    """Return what two runs' jobs, "train" or "predict", must have in common for their times to be compared."""
    environment = (run[job] or {}).get("environment") or {}  # type: ignore[literal-required]
    return environment.get("processor"), (environment.get("gpu") or {}).get("name")


def list_backbones(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """Return name and record of the backbones that a case's methods stand on."""
    names = dict.fromkeys(case.study.settings(method)["backbone"] for method in case.methods)
    return [(name, case.study.results["backbones"].get(name, {})) for name in names]
