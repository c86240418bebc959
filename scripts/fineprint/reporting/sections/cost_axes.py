"""The costs that methods are compared by, and when two of them may be compared at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fineprint.claims.cases import describe_machine
from fineprint.core import formats
from fineprint.core.records import Run
from fineprint.results.lookup import Study, is_trained, parameters, peak_memory, phase_seconds, train_value

ALIKE = 0.1  # two costs closer than this share of the larger are said to be about the same
CostGetter = Callable[[Run | None], float | None]
MEMORY, TIME = "memory", "time"


@dataclass(frozen=True)
class CostAxis:
    """One cost. `least` names the method that has least of it; `measured_by` says what must agree for a comparison."""

    name: str
    least: str
    get: CostGetter
    write: Callable[[float | None], str]
    measured_by: str = ""
    of_training: bool = True
    higher_is_better: bool = False


def trained_parameters(run: Run | None) -> float | None:
    """Return how many parameters were trained, or None for a method without training."""
    counts = parameters(run)
    return counts["adapter"] + counts["head"] if counts and is_trained(run) else None


def training_seconds(run: Run | None) -> float | None:
    """Return how long training took."""
    return phase_seconds(run, "training") if is_trained(run) else None


def training_peak(run: Run | None) -> float | None:
    """Return the peak memory of training."""
    return peak_memory(run, "training")[0] if is_trained(run) else None


def weights_at_prediction(run: Run | None) -> float | None:
    """Return the bytes of the weights that predict."""
    return run["predict"]["weight_bytes"] if run and run["predict"] else None


def prediction_speed(run: Run | None) -> float | None:
    """Return rows predicted in a second."""
    return run["predict"]["rows_per_second"] if run and run["predict"] else None


def rows_per_second(value: float | None) -> str:
    """Write a speed with its unit."""
    return formats.NOT_MEASURED if value is None else f"{formats.rate(value)} rows per second"


TRAINING_COSTS = (
    CostAxis("trained parameters", "fewest trained parameters", trained_parameters, formats.short_count),
    CostAxis("training time", "shortest training", training_seconds, formats.seconds, TIME),
    CostAxis("peak memory in training", "least memory in training", training_peak, formats.size, MEMORY),
    CostAxis("saved bytes", "fewest saved bytes", lambda run: train_value(run, "checkpoint_bytes"), formats.size),
)
WEIGHTS = CostAxis(
    "weights at prediction", "fewest weight bytes at prediction", weights_at_prediction, formats.size, of_training=False
)
SPEED = CostAxis(
    "speed of prediction", "fastest answers", prediction_speed, rows_per_second, TIME, of_training=False,
    higher_is_better=True,
)  # fmt: skip
COSTS = (*TRAINING_COSTS, WEIGHTS, SPEED)


def trains_nothing(run: Run | None) -> bool:
    """Return whether a run is known to have trained nothing; one without a training record is not."""
    return bool(run and run["train"] and not run["train"]["trained"])


def are_comparable(study: Study, task: str, methods: list[str], axis: CostAxis) -> bool:
    """Return whether methods' figures were measured alike: memory of one kind, times of one machine."""
    runs = [run for method in methods if (run := study.run(task, method)) is not None and axis.get(run) is not None]
    if axis.measured_by == MEMORY:
        return len({peak_memory(run, "training")[1] for run in runs}) <= 1
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

    Of a count, such as saved bytes, several only where they are equal. Times, speeds and memory are measured, so all
    that are about the same stand together, the best first.
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
    return first if first == end else f"{first} to {end}, within {write_alike()}"
