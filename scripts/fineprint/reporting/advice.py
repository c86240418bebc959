"""Section 8: when to use which, each sentence derived from measured rows and naming what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fineprint.reporting import cost_only, formats
from fineprint.reporting.analysis import CostGetter, cheapest, titles
from fineprint.reporting.study import Study, is_trained, parameters, peak_memory, phase_seconds, train_value

LARGE_MODEL = 70e9


@dataclass(frozen=True)
class Advice:
    """What to do in one situation, and the section that it rests on."""

    situation: str
    advice: str
    basis: str
    link: str


def give_advice(study: Study, task: str) -> list[Advice]:
    """Return advice for the situations that the assignment names."""
    if not study.measures_accuracy(task):
        return give_advice_on_cost(study, task)
    if not study.ranked(task):
        return [Advice("Any", "No run can be ranked, so this study supports no advice.", "Results", f"scores-{task}")]
    return [
        Advice("One task, accuracy first", one_task(study, task), "Scores", f"scores-{task}"),
        Advice("Many tasks on one backbone", many_tasks(study, task), "Saved bytes", f"parameters-{task}"),
        Advice("Prototyping, no training", prototyping(study, task), "Scores", f"scores-{task}"),
        Advice("Little memory for training", little_memory(study, task), "Cost", f"cost-{task}"),
        Advice("Small budget of training time", little_time(study, task), "Cost", f"cost-{task}"),
        Advice("Edge: small and fast at prediction", edge(study, task), "Memory", f"memory-phases-{task}"),
        Advice("Models of 70 B parameters", large_models(study, task), "Memory", f"cost-{task}"),
    ]


def give_advice_on_cost(study: Study, task: str) -> list[Advice]:
    """Return what measured costs alone allow to be said."""
    entries = [Advice(*entry) for entry in cost_only.advise(study, task)]
    return [*entries, Advice("Models of 70 B parameters", large_models(study, task), "Memory", f"cost-{task}")]


def one_task(study: Study, task: str) -> str:
    """Return advice for a single task."""
    leaders = study.leaders(task)
    if len(leaders) == 1:
        return (
            f"{study.title(leaders[0])}: no other ranked method was found equal to it."
            if len(study.ranked(task)) > 1
            else f"{study.title(leaders[0])} is the only method that can be ranked."
        )
    return f"{titles(study, leaders)} cannot be told apart in accuracy; let the cost decide."


def accuracy_phrase(study: Study, task: str, method: str) -> str:
    """Return how a method stands against the best, in words that the test allows."""
    best = study.ranked(task)[0][0]
    if method == best:
        return "it is also the most accurate"
    difference = study.difference(task, best, method)
    if difference is None:
        return "its distance from the best was not tested"
    if not difference.is_real:
        return "its accuracy cannot be told apart from the best"
    return f"it is {formats.points(difference.value, signed=False)} points behind {study.title(best)}"


def pick(study: Study, task: str, get: CostGetter, write: Callable[[float | None], str], what: str) -> str:
    """Return the cheapest of the leading methods and, if another ranked one is cheaper, also that and its accuracy."""
    ranked = [method for method, _ in study.ranked(task)]
    found = cheapest(study, task, ranked, get)
    if not found:
        return f"Not measured: no ranked method has a figure for {what}."
    overall = f"{study.title(found[0])} ({write(found[1])}; {accuracy_phrase(study, task, found[0])})"
    leading = cheapest(study, task, study.leaders(task), get)
    if leading is None or leading[0] == found[0]:
        return f"Lowest {what} of the ranked methods: {overall}."
    return f"Lowest {what} at the top: {study.title(leading[0])} ({write(leading[1])}). Lowest of all: {overall}."


def many_tasks(study: Study, task: str) -> str:
    """Return advice where several tasks share a backbone."""
    return pick(
        study,
        task,
        lambda run: train_value(run, "saved_bytes"),
        formats.size,
        "number of bytes that a further task adds",
    )


def prototyping(study: Study, task: str) -> str:
    """Return advice for work without training."""
    untrained = [(m, score) for m, score in study.ranked(task) if not is_trained(study.run(task, m))]
    if not untrained:
        return "No method without training can be ranked in this study."
    method, score = untrained[0]
    return (
        f"{study.title(method)} needs no training and reaches {formats.with_interval(score)}; "
        f"{accuracy_phrase(study, task, method)}."
    )


def little_memory(study: Study, task: str) -> str:
    """Return advice where memory is short."""
    return pick(
        study,
        task,
        lambda run: peak_memory(run, "training")[0] if is_trained(run) else None,
        formats.size,
        "peak memory in training",
    )


def little_time(study: Study, task: str) -> str:
    """Return advice where time is short."""
    return pick(
        study,
        task,
        lambda run: phase_seconds(run, "training") if is_trained(run) else None,
        formats.seconds,
        "training time",
    )


def edge(study: Study, task: str) -> str:
    """Return advice for small devices: the fewest weight bytes, and the fastest answers."""
    small = pick(
        study,
        task,
        lambda run: run["predict"]["weight_bytes"] if run and run["predict"] else None,
        formats.size,
        "weight bytes at prediction",
    )
    ranked = [(method, study.run(task, method)) for method, _ in study.ranked(task)]
    speeds = [
        (method, run["predict"]["rows_per_second"])
        for method, run in ranked
        if run and run["predict"] and run["predict"]["rows_per_second"]
    ]
    if not speeds:
        return small
    method, speed = max(speeds, key=lambda item: item[1])
    return f"{small} {study.title(method)} answers fastest ({formats.rate(speed)} rows per second)."


def large_models(study: Study, task: str) -> str:
    """Return what 70 B parameters would take at the measured bytes per parameter, said to be arithmetic."""
    found: dict[str, float] = {}
    for method in study.methods:
        run, counts = study.run(task, method), parameters(study.run(task, method))
        if run and run["predict"] and counts and counts["total"]:
            found.setdefault(study.settings(method)["precision"], run["predict"]["weight_bytes"] / counts["total"])
    if not found:
        return "Not measured: no weights were counted."
    parts = [
        f"{name} {value:.2f} bytes a parameter, so {formats.size(value * LARGE_MODEL)}" for name, value in found.items()
    ]
    return f"None was run. Arithmetic on the measured weights alone: {'; '.join(parts)}."
