"""What a study must have for a claim to be testable on it: the claim's own model size, weights and operating point."""

from __future__ import annotations

from fineprint.claims.cases import Case, Remark, find_runs
from fineprint.core.records import QuotedRun
from fineprint.core.settings import Settings


class TrainingPoint(Settings):
    """How a claim's training goes through memory: examples at once, and whether activations are computed again."""

    examples: int
    gradient_checkpointing: bool


class PredictionPoint(Settings):
    """How a claim's prediction goes through memory: examples at once at most, and 4-bit weights as they are stored."""

    examples: int


class Requirements(Settings):
    """What a study must have for a claim to be testable.

    Attributes:
        parameters: the least and the most that the backbone has.
        gpu: whether all was measured on a GPU.
        pretrained: whether weights come from pretraining on real text, neither random nor made by the workflow.
        training, prediction: the operating point of a claim on memory. What counts is what was done: with other
            memory to spare the same settings may have taken another.
    """

    parameters: tuple[float, float] | None = None
    gpu: bool = False
    pretrained: bool = False
    training: TrainingPoint | None = None
    prediction: PredictionPoint | None = None


def find_missing(requires: Requirements, case: Case) -> list[Remark]:
    """Return what a claim requires and this study lacks."""
    missing = []
    if requires.parameters is not None:
        missing += check_sizes(case, *requires.parameters)
    if requires.gpu and not all(run.gpu for method in case.methods for run in find_runs(case, method)):
        missing.append(Remark("no_gpu"))
    if requires.pretrained:
        missing += check_weights(case)
    if not missing:  # how a model of another size goes through memory need not be said
        missing += check_points(requires, case)
    return missing


def check_sizes(case: Case, low: float, high: float) -> list[Remark]:
    """Return each backbone whose size is not what the claim is about."""
    return [
        Remark("size", {"low": low, "high": high, "backbone": name, "parameters": backbone.parameters})
        for name, backbone in case.list_backbones().items()
        if backbone.parameters is None or not low <= backbone.parameters <= high
    ]


def check_weights(case: Case) -> list[Remark]:
    """Return each backbone that was not pretrained on real text."""
    return [
        Remark("made_here" if backbone.pretrained else "random", {"backbone": name})
        for name, backbone in case.list_backbones().items()
        if backbone.origin or not backbone.pretrained
    ]


def check_points(requires: Requirements, case: Case) -> list[Remark]:
    """Return each method that went through memory otherwise than the claim is about."""
    found = [check_training(requires.training, case, method) for method in case.methods if requires.training]
    found += [check_prediction(requires.prediction, case, method) for method in case.methods if requires.prediction]
    return [remark for remark in found if remark is not None]


def check_training(wanted: TrainingPoint, case: Case, method: str) -> Remark | None:
    """Return how a method was trained, where that is not as wanted or not known."""
    examples, recomputed = describe_training(find_runs(case, method))
    if examples is None or recomputed is None:
        return Remark("training_unknown", {"title": case.title(method)})
    if (examples, recomputed) == (wanted.examples, wanted.gradient_checkpointing):
        return None
    values = {"title": case.title(method), "examples": examples, "recomputed": recomputed, "wanted": wanted}
    return Remark("other_training", values)


def check_prediction(wanted: PredictionPoint, case: Case, method: str) -> Remark | None:
    """Return how a method answered, where that is not as wanted. Batches are no larger than their setting."""
    batch, values = case.excerpt.methods[method]["prediction_batch_size"], {"title": case.title(method)}
    if any(run.unpacked_bytes for run in find_runs(case, method)):
        return Remark("unpacked", values)
    return Remark("other_prediction", {**values, "batch": batch, "wanted": wanted}) if batch > wanted.examples else None


def describe_training(runs: list[QuotedRun]) -> tuple[int | None, bool | None]:
    """Return how a method's examples went through memory, None where its seeds differ or do not tell."""
    ways = {(run.micro_batch, run.gradient_checkpointing) for run in runs}
    return ways.pop() if len(ways) == 1 else (None, None)
