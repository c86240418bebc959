"""The costs that methods are compared by, and when two of them may be compared at all.

What is measured, times above all, differs from run to run. A method's figure is its median over seeds, and two figures
are about the same where they lie closer than those of one method do.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from fineprint.claims.cases import describe_machine
from fineprint.core import formats
from fineprint.core.records import Run
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("cost")

ALIKE = 0.1  # what was timed once may lie this far off, as a share of the larger
CostGetter = Callable[[Run | None], float | None]
MEMORY, TIME = "memory", "time"


@dataclass(frozen=True)
class CostAxis:
    """One cost, named in `report/words/cost.yaml`. `measured_by` says what must agree for a comparison."""

    key: str
    measure: Callable[[Run], float | None]
    write: Callable[[float | None], str]
    measured_by: str = ""
    of_training: bool = True
    higher_is_better: bool = False

    @property
    def name(self) -> str:
        """What it is called."""
        return WORDS("axis", self.key)

    @property
    def least(self) -> str:
        """What the method is said to have that has least of it, or the most of a speed."""
        return WORDS("least", self.key)

    def get(self, run: Run | None) -> float | None:
        """Return a run's figure; None of a cost of training where nothing was trained."""
        made = run and (run.trained if self.of_training else run.predict)
        return self.measure(run) if run and made else None

    def list_figures(self, study: Study, task: str, method: str) -> list[float]:
        """Return the figure of each seed for which there is one."""
        found = (self.get(study.run(task, method, seed)) for seed in study.seeds)
        return [value for value in found if value is not None]

    def of(self, study: Study, task: str, method: str) -> float | None:
        """Return a method's figure, the median over seeds."""
        figures = self.list_figures(study, task, method)
        return statistics.median(figures) if figures else None


def trains_nothing(run: Run | None) -> bool:
    """Return whether a run is known to have trained nothing; one without a training record is not."""
    return bool(run and run.train and not run.train.trained)


def count_trained(run: Run) -> float | None:
    """Return how many parameters were trained."""
    return run.parameters and run.parameters.adapter + run.parameters.head


def examples_per_second(value: float | None) -> str:
    """Write a speed with its unit."""
    return formats.NOT_MEASURED if value is None else f"{formats.rate(value)} examples per second"


PARAMETERS = CostAxis("parameters", count_trained, formats.short_count)
TRAINING_TIME = CostAxis("training_time", lambda run: run.seconds("training"), formats.seconds, TIME)
TRAINING_MEMORY = CostAxis("training_memory", lambda run: run.training_memory.bytes, formats.size, MEMORY)
CHECKPOINT = CostAxis("checkpoint", lambda run: run.trained.checkpoint_bytes, formats.size)
TRAINING_SPEED = CostAxis(
    "training_speed", lambda run: run.trained.examples_per_second, examples_per_second, TIME, higher_is_better=True
)
WEIGHTS = CostAxis("weights", lambda run: run.predict.weight_bytes, formats.size, of_training=False)
SPEED = CostAxis(
    "speed",
    lambda run: run.predict.rows_per_second,
    examples_per_second,
    TIME,
    of_training=False,
    higher_is_better=True,
)
TRAINING_COSTS = (PARAMETERS, TRAINING_TIME, TRAINING_MEMORY, CHECKPOINT)
COSTS = (*TRAINING_COSTS, WEIGHTS, SPEED)


def list_measured(study: Study, task: str, methods: list[str], axis: CostAxis) -> list[Run]:
    """Return the runs of methods, of every seed, that have a figure."""
    runs = (study.run(task, method, seed) for method in methods for seed in study.seeds)
    return [run for run in runs if run is not None and axis.get(run) is not None]


def are_comparable(study: Study, task: str, methods: list[str], axis: CostAxis) -> bool:
    """Return whether methods' figures were measured alike: memory of one kind, times of one machine."""
    runs = list_measured(study, task, methods, axis)
    if axis.measured_by == MEMORY:
        return len({run.training_memory.kind for run in runs}) <= 1
    if axis.measured_by == TIME:
        return len({describe_machine(run, "train" if axis.of_training else "predict") for run in runs}) <= 1
    return True


def are_alike(study: Study, task: str, first: str, second: str, axis: CostAxis) -> bool:
    """Return whether two methods cost about the same. Figures that are counted do only where they are equal.

    Times differ by no more than those of one method over its seeds do, the larger range of the two; where there is one
    seed, nothing was repeated, and `ALIKE` stands for what a repeat on a busy machine may change.
    """
    figures = [axis.list_figures(study, task, method) for method in (first, second)]
    if not all(figures):
        return False
    one, other = map(statistics.median, figures)
    if one == other or not axis.measured_by:
        return one == other
    if min(map(len, figures)) > 1:
        return abs(one - other) <= max(max(values) - min(values) for values in figures)
    counted = any(run.training_memory.kind == "counted" for run in list_measured(study, task, [first, second], axis))
    return not (axis.measured_by == MEMORY and counted) and abs(one - other) <= ALIKE * max(one, other)


def write_alike(study: Study) -> str:
    """Write how close two costs are that count as about the same."""
    return WORDS(
        "alike_rule", "repeated" if len(study.seeds) > 1 else "once", share=f"{ALIKE:.0%}".replace("%", "\u00a0%")
    )


def find_least(study: Study, task: str, methods: list[str], axis: CostAxis) -> tuple[list[str], float] | None:
    """Return the methods with the best figure, and that figure; None if not measured or not comparable.

    All that are about the same stand together, the best first.
    """
    found = [(method, axis.of(study, task, method)) for method in methods]
    known = {method: value for method, value in found if value is not None}
    if not known or not are_comparable(study, task, list(known), axis):
        return None
    best = max(known.values()) if axis.higher_is_better else min(known.values())
    first = next(name for name, value in known.items() if value == best)
    near = [name for name in known if name == first or are_alike(study, task, name, first, axis)]
    return sorted(near, key=lambda method: abs(known[method] - best)), best


def write_least(study: Study, task: str, axis: CostAxis, least: tuple[list[str], float]) -> str:
    """Write the best figure or, of several methods about the same, from the best to the last of them."""
    methods, best = least
    first, end = axis.write(best), axis.write(axis.of(study, task, methods[-1]))
    return first if first == end else WORDS("alike", first=first, last=end, rule=write_alike(study))
