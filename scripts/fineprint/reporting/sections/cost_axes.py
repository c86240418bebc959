"""The costs that methods are compared by, and when two of them may be compared at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fineprint.claims.cases import describe_machine
from fineprint.core import formats
from fineprint.core.records import Run
from fineprint.reporting.words import Words
from fineprint.results.lookup import Study

WORDS = Words("cost")

ALIKE = 0.1  # two costs closer than this share of the larger are said to be about the same
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
TRAINING_MEMORY = CostAxis("training_memory", lambda run: run.peak_memory("training").bytes, formats.size, MEMORY)
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


def are_comparable(study: Study, task: str, methods: list[str], axis: CostAxis) -> bool:
    """Return whether methods' figures were measured alike: memory of one kind, times of one machine."""
    runs = [run for method in methods if (run := study.run(task, method)) is not None and axis.get(run) is not None]
    if axis.measured_by == MEMORY:
        return len({run.peak_memory("training").kind for run in runs}) <= 1
    if axis.measured_by == TIME:
        return len({describe_machine(run, "train" if axis.of_training else "predict") for run in runs}) <= 1
    return True


def are_alike(first: float, second: float) -> bool:
    """Return whether two costs are about the same: a repeat on a busy machine may well turn their order round."""
    return abs(first - second) <= ALIKE * max(first, second)


def write_alike() -> str:
    """Write how close two costs are that count as about the same: 10 %."""
    return f"{ALIKE:.0%}".replace("%", "\u00a0%")


def find_least(study: Study, task: str, methods: list[str], axis: CostAxis) -> tuple[list[str], float] | None:
    """Return the methods with the best figure, and that figure; None if not measured or not comparable.

    Of a count, such as the checkpoint size, several only where they are equal. Times, speeds and memory are measured,
    so all that are about the same stand together, the best first.
    """
    found = [(method, axis.get(study.run(task, method))) for method in methods]
    known = {method: value for method, value in found if value is not None}
    if not known or not are_comparable(study, task, list(known), axis):
        return None
    best = max(known.values()) if axis.higher_is_better else min(known.values())
    near = [name for name, value in known.items() if value == best or (axis.measured_by and are_alike(value, best))]
    return sorted(near, key=lambda method: abs(known[method] - best)), best


def write_least(study: Study, task: str, axis: CostAxis, least: tuple[list[str], float]) -> str:
    """Write the best figure or, of several methods about the same, from the best to the last of them."""
    methods, best = least
    last = axis.get(study.run(task, methods[-1]))
    first, end = axis.write(best), axis.write(last)
    return first if first == end else WORDS("alike", first=first, last=end, share=write_alike())
