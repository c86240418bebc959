"""Quantities that claims are tested by: each a small function from one case to a measured figure.

A quantity that was not measured raises NotMeasured with the reason; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fineprint.claims import accuracy, sizes, speed, switching
from fineprint.claims.cases import Measurement
from fineprint.core import formats


@dataclass(frozen=True)
class Quantity:
    """A way to test a claim: how it is measured, written, and where its figures stand.

    Attributes:
        measure: returns the figure of a case.
        write: writes it.
        basis: the table it stands in, in words.
        anchor: of that table in the report, with {task} and {split} (the headline split) to be filled in.
        compares: whether it is of two methods.
        per_study: whether it is measured once, not for every task.
        rests_on_accuracy: whether it is of answers, which only a model that learned real language makes comparable.
        is_arithmetic: whether it can be counted without training.
        no_effect: the value at which the two methods are alike, where the quantity has a direction.
        unit: follows a figure and its interval.
    """

    measure: Callable[..., Measurement]
    write: Callable[[float], str]
    basis: str
    anchor: str
    compares: bool = False
    per_study: bool = False
    rests_on_accuracy: bool = False
    is_arithmetic: bool = False
    no_effect: float | None = None
    unit: str = ""


QUANTITIES = {
    "training_memory": Quantity(sizes.training_memory, formats.size, "Cost", "table-cost-{task}"),
    "prediction_memory": Quantity(sizes.prediction_memory, formats.size, "Cost", "table-cost-{task}"),
    "checkpoint_bytes": Quantity(
        sizes.checkpoint_bytes, formats.size, "Parameters", "table-parameters-{task}", is_arithmetic=True
    ),
    "trained_parameters": Quantity(
        sizes.trained_parameters, formats.short_count, "Parameters", "table-parameters-{task}", is_arithmetic=True
    ),
    "parameter_share": Quantity(
        sizes.parameter_share, formats.percent, "Parameters", "table-parameters-{task}", is_arithmetic=True
    ),
    "storage": Quantity(sizes.storage, formats.size, "Storage", "table-storage-{task}", is_arithmetic=True),
    "storage_saving": Quantity(
        sizes.storage_saving,
        formats.percent,
        "Storage",
        "table-storage-{task}",
        compares=True,
        is_arithmetic=True,
        no_effect=0,
    ),
    "speed_ratio": Quantity(speed.speed_ratio, formats.times, "Cost", "table-cost-{task}", compares=True, no_effect=1),
    "switch_ratio": Quantity(
        switching.switch_ratio, formats.times, "Many tasks", "tasks", compares=True, per_study=True
    ),
    "accuracy_difference": Quantity(
        accuracy.accuracy_difference,
        formats.points,
        "Pairs",
        "table-pairs-{task}-{split}",
        compares=True,
        rests_on_accuracy=True,
        no_effect=0,
        unit=" percentage points",
    ),
    "accuracy_ratio": Quantity(
        accuracy.accuracy_ratio,
        formats.percent,
        "Scores",
        "table-scores-{task}",
        compares=True,
        rests_on_accuracy=True,
    ),
}
