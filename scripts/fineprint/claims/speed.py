"""How many times as fast one method trains as another, with an interval.

An epoch's seconds are those of its steps: loading, recording CUDA graphs and evaluating are not among them. Of three
epochs or more the first is left out, in which a process warms up. Compared is the mean logarithm of the seconds,
since a difference of logarithms is that of a ratio; Student's t with Welch's degrees of freedom (1947, doi
10.1093/biomet/34.1-2.28) gives the interval. Epochs of one training share its process and the state of its machine, so
where there are several seeds the trainings count as repetitions, not their epochs. With one seed the interval is over
epochs and knows nothing of how trainings differ, which the report says.
"""

from __future__ import annotations

import math

import numpy as np

from fineprint.claims.cases import Case, Measurement, NotMeasured, Remark, find_trained
from fineprint.core.records import QuotedRun
from fineprint.scoring.verdicts import Estimate

WARMED_UP = 3  # epochs, of which the first is left out


def speed_ratio(case: Case) -> Measurement:
    """Return how many times as many examples a second the first method trains on, on the same examples."""
    trained = [find_trained(case, method) for method in case.methods]
    if len({(run.processor, run.gpu) for runs in trained for run in runs}) > 1:
        raise NotMeasured("other_machine")
    for method, runs in zip(case.methods, trained, strict=True):
        if not any(run.epoch_seconds for run in runs):
            raise NotMeasured("unknown", what="speed", title=case.title(method))
    first, second = (list_repetitions(runs, min(map(len, trained)) > 1) for runs in trained)
    seeds, epochs = min(map(len, trained)), min(len(list_repetitions(runs, False)) for runs in trained)
    note = Remark("speed", {"seeds": seeds, "epochs": epochs})
    return Measurement(*estimate_ratio(second, first), varies=True, note=note)


def list_repetitions(runs: list[QuotedRun], by_training: bool) -> list[float]:
    """Return the logarithms of the seconds of an epoch: of every epoch, or the mean of each training's."""
    logarithms = [np.log(warm_epochs(run)) for run in runs if run.epoch_seconds]
    return [float(one.mean()) for one in logarithms] if by_training else np.concatenate(logarithms).tolist()


def warm_epochs(run: QuotedRun) -> list[float]:
    """Return the seconds of the epochs in which the process is warm."""
    return run.epoch_seconds[1:] if len(run.epoch_seconds) >= WARMED_UP else run.epoch_seconds


def estimate_ratio(longer: list[float], shorter: list[float]) -> tuple[float, tuple[float, float] | None]:
    """Return the ratio of two mean times and its 95 % interval, None where one of them was measured once.

    Args:
        longer, shorter: logarithms of repeated times.
    """
    difference = float(np.mean(longer) - np.mean(shorter))
    if min(len(longer), len(shorter)) < 2:
        return math.exp(difference), None
    parts = [(float(np.var(times, ddof=1)) / len(times), len(times) - 1) for times in (longer, shorter)]
    variance = sum(part for part, _ in parts)
    degrees = variance**2 / sum(part**2 / freedom for part, freedom in parts) if variance else math.inf
    low, high = Estimate(difference, math.sqrt(variance), degrees).interval()
    return math.exp(difference), (math.exp(low), math.exp(high))
