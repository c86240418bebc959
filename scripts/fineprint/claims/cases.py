"""What a claim is tested on: one or two methods on a task, over all seeds, and the figure measured there."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from fineprint.core.records import Excerpt, Parameters, QuotedBackbone, QuotedRun, Run
from fineprint.results.study import Study


@dataclass(frozen=True)
class Remark:
    """A text of report/words/claims.yaml: which one, and what it is filled with."""

    outcome: str
    values: dict[str, Any] = field(default_factory=dict)


class NotMeasured(Exception):
    """A figure that this study does not have, and why."""

    def __init__(self, outcome: str, **values: Any) -> None:
        super().__init__(f"{outcome}: {values}")
        self.reason = Remark(outcome, values)


@dataclass(frozen=True)
class Case:
    """What a claim is tested on: a method, or a method against a second one, on one task and over all seeds.

    Attributes:
        excerpt: sizes, memory and times of the methods.
        first: the method that the claim is about.
        second: what it is compared with.
        task: on which they ran.
        study: which accuracies and serving are looked up in; None of an excerpt that is all there is.
    """

    excerpt: Excerpt
    first: str
    second: str | None = None
    task: str = ""
    study: Study | None = None

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

    @property
    def whole_study(self) -> Study:
        """The study, of a quantity that needs more of it than the excerpt."""
        if self.study is None:
            raise NotMeasured("only_counted")
        return self.study

    def title(self, method: str) -> str:
        """Return what a method is called."""
        return self.excerpt.title(method)

    def list_backbones(self) -> dict[str, QuotedBackbone]:
        """Return the models that the methods stand on, by name."""
        return {self.excerpt.methods[method]["backbone"]: self.excerpt.backbone(method) for method in self.methods}


@dataclass(frozen=True)
class Repetition:
    """One seed, or one draw of the worked example, of a comparison: whether the first method was ahead there."""

    kind: str
    ahead: bool


@dataclass(frozen=True)
class Measurement:
    """A measured figure, over all seeds.

    Attributes:
        value: the figure.
        interval: of 95 %, where it has one; None is a figure that does not vary, unless `varies`.
        varies: whether the figure has an error, so that without an interval nothing can be said.
        one_training: whether the figure speaks of these trained models alone: a seed more may give another.
        conclusion: of a comparison of accuracies, by `scoring.verdicts.ClaimVerdict`.
        repetitions: what "always" and "typically" run over.
        note: what else is to be said of it.
        anchor: where it stands in the report, if not where its quantity says.
    """

    value: float
    interval: tuple[float, float] | None = None
    varies: bool = False
    one_training: bool = False
    conclusion: str | None = None
    repetitions: tuple[Repetition, ...] = ()
    note: Remark | None = None
    anchor: str = ""


def find_runs(case: Case, method: str) -> list[QuotedRun]:
    """Return the runs that were made of a method."""
    runs = case.excerpt.list_runs(method)
    if not runs:
        raise NotMeasured("not_run", title=case.title(method), reason=case.excerpt.not_run.get(method, ""))
    return runs


def find_trained(case: Case, method: str) -> list[QuotedRun]:
    """Return the runs of a method, which has to be trained."""
    runs = find_runs(case, method)
    if not all(run.trained for run in runs):
        raise NotMeasured("trains_nothing", title=case.title(method))
    return runs


def find_typical(runs: list[QuotedRun], read: Callable[[QuotedRun], float | None], case: Case, what: str) -> float:
    """Return the median over seeds of a figure that was measured.

    Args:
        runs: of one method.
        read: the figure.
        case: for the reason where it was not measured.
        what: the figure's name in report/words/claims.yaml.
    """
    values = [value for run in runs if (value := read(run)) is not None]
    if not values:
        raise NotMeasured("unknown", what=what, title=case.title(runs[0].method))
    return statistics.median(values)


def find_parameters(case: Case, method: str) -> Parameters:
    """Return the parameter counts of a trained method; they are the same for every seed."""
    counts = find_trained(case, method)[0].parameters
    if counts is None:
        raise NotMeasured("unknown", what="parameters", title=case.title(method))
    return counts


def describe_machine(run: Run, job: Literal["train", "predict"]) -> tuple[str | None, str | None]:
    """Return what two runs' jobs must have in common for their times to be compared: the processor, and the GPU."""
    record = run.train if job == "train" else run.predict
    environment = record.environment if record else None
    if environment is None:
        return None, None
    return environment.processor, environment.gpu.name if environment.gpu else None
