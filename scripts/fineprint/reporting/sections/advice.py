"""When to use which: each piece of advice is made from measured figures and names the table that they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fineprint.core import formats
from fineprint.reporting.sections import cost_only
from fineprint.reporting.sections.analysis import split_by_test, titles
from fineprint.reporting.sections.cost_axes import (
    SPEED,
    TRAINING_COSTS,
    WEIGHTS,
    CostAxis,
    find_least,
    trains_nothing,
    write_least,
)
from fineprint.reporting.serving.data import ServingResults
from fineprint.reporting.serving.speed import stream_sentences
from fineprint.reporting.serving.storage import worked_sentences
from fineprint.results.lookup import Study, parameters, train_value, trains_everything

LARGE_MODEL = 70e9
LARGE_ENOUGH = 1e9  # below, what stays unquantised (embeddings, norms) weighs too much to be scaled up
PARAMETERS, TIME, MEMORY, SAVED = TRAINING_COSTS


@dataclass(frozen=True)
class Advice:
    """What to do in one situation, and the tables that its figures stand in: words and identifier of each."""

    situation: str
    advice: str
    rests_on: tuple[tuple[str, str], ...]


def give_advice(study: Study, task: str) -> list[Advice]:
    """Return advice for the situations that the assignment names."""
    if not study.measures_accuracy(task):
        return give_advice_on_cost(study, task)
    if not study.ranked(task):
        return [Advice("Any", "No run can be ranked, so this study supports no advice.", (scores_of(task),))]
    pairs = (("Pairs", f"pairs-{task}-{study.headline(task)}"),) if len(study.scored(task)) > 1 else ()
    scores, cost = (scores_of(task),), (("Cost", f"cost-{task}"), *pairs)
    return [
        Advice("One task, accuracy first", one_task(study, task), pairs or scores),
        Advice("Many tasks on one backbone", *many_tasks(study, task)),
        Advice("Prototyping, no training", prototyping(study, task), (*scores, *pairs)),
        Advice("Little memory for training", pick(study, task, MEMORY), cost),
        Advice("Small budget of training time", pick(study, task, TIME), cost),
        Advice("Edge: small and fast at prediction", edge(study, task), cost),
        Advice("Models of 70 B parameters", large_models(study, task), weights_and_parameters(task)),
    ]


def scores_of(task: str) -> tuple[str, str]:
    """Return the table of accuracies."""
    return "Scores", f"scores-{task}"


def weights_and_parameters(task: str) -> tuple[tuple[str, str], ...]:
    """Return the tables of what bytes a parameter are made from."""
    return ("Cost", f"cost-{task}"), ("Parameters", f"parameters-{task}")


def give_advice_on_cost(study: Study, task: str) -> list[Advice]:
    """Return what measured costs alone allow to be said."""
    entries = [Advice(situation, words, (table,)) for situation, words, *table in cost_only.advise(study, task)]
    large = Advice("Models of 70 B parameters", large_models(study, task), weights_and_parameters(task))
    return [*entries, large]


def one_task(study: Study, task: str) -> str:
    """Return advice for a single task."""
    ranked, leaders = study.ranked(task), study.leaders(task)
    best = study.title(leaders[0])
    if len(ranked) == 1:
        return f"{best} is the only method that can be ranked."
    groups = split_by_test(study, task, leaders[0])
    untested = f" No paired test exists against {titles(study, groups['untested'])}." if groups["untested"] else ""
    if len(leaders) > 1:
        return f"{titles(study, leaders)} cannot be told apart in accuracy; let the cost decide.{untested}"
    if not groups["worse"]:
        return f"{best} has the highest accuracy.{untested}"
    return f"{best}: the paired tests put {describe_others(study, groups)} behind it.{untested}"


def describe_others(study: Study, groups: dict[str, list[str]]) -> str:
    """Return which methods a single leader beats."""
    if len(groups["worse"]) <= 2 or groups["tied"] or groups["untested"]:
        return titles(study, groups["worse"])
    return f"all {len(groups['worse'])} other ranked methods"


def accuracy_phrase(study: Study, task: str, method: str) -> str:
    """Return how a method stands against the best, in words that the test allows."""
    best = study.ranked(task)[0][0]
    if method == best:
        return "no ranked method is more accurate"
    difference = study.difference(task, best, method)
    if difference is None:
        return "its distance from the best was not tested"
    if not difference.is_real:
        return "its accuracy cannot be told apart from the best"
    return f"{formats.points(difference.value, signed=False)} points behind {study.title(best)}"


def name_with_accuracy(study: Study, task: str, methods: list[str]) -> str:
    """Return methods, each with how it stands in accuracy."""
    return formats.join([f"{study.title(method)} ({accuracy_phrase(study, task, method)})" for method in methods])


def pick(study: Study, task: str, axis: CostAxis) -> str:
    """Return which ranked method has least of a cost and, if it is not one of the best, which of these has least."""
    ranked = [method for method, _ in study.ranked(task)]
    whole, top = find_least(study, task, ranked, axis), find_least(study, task, study.leaders(task), axis)
    if whole is None:
        return f"No advice: {axis.name} of the ranked methods was not measured, or not in one way on one machine."
    among = "ranked methods that train" if axis.of_training else "ranked methods"
    named, figure = name_with_accuracy(study, task, whole[0]), write_least(study, task, axis, whole)
    overall = f"Of the {among}, {axis.least}: {named}, {figure}."
    if top is None or set(top[0]) & set(whole[0]):
        return overall
    return f"{overall} Of those at the top in accuracy: {titles(study, top[0])}, {write_least(study, task, axis, top)}."


def many_tasks(study: Study, task: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return advice where several tasks share a backbone, and the tables that it rests on."""
    part = ServingResults(study) if study.results.get("serving") else None
    served = [count for count in part.counts if count > 1] if part else []
    if part and served:
        sentences = [*worked_sentences(part)[-1:], *stream_sentences(part)[-1:]]
        named = [count for count in served if any(re.search(rf"\b{count} tasks\b", words) for words in sentences)]
        tables = [(f"{count} tasks served", f"serving-{count}") for count in named or served[:1]]
        return " ".join(sentences), tuple(tables)
    return checkpoint_bytes(study, task), (("Saved bytes", f"parameters-{task}"),)


def checkpoint_bytes(study: Study, task: str) -> str:
    """Return what a further task adds on the disk."""
    untrained = find_untrained(study, task)
    free = f" {name_with_accuracy(study, task, untrained[:1])} trains nothing and adds no bytes." if untrained else ""
    least = find_least(study, task, [method for method, _ in study.ranked(task)], SAVED)
    whole = least is not None and any(trains_everything(study.run(task, method)) for method in least[0])
    note = " It saves a whole model for every task." if whole else ""
    return f"{pick(study, task, SAVED)}{note}{copies(study, task)}{free}"


def copies(study: Study, task: str) -> str:
    """Return what a whole copy for each task takes, where a ranked method saves one."""
    found = [
        (method, train_value(study.run(task, method), "checkpoint_bytes"))
        for method, _ in study.ranked(task)
        if trains_everything(study.run(task, method))
    ]
    sizes = [f"{study.title(method)} {formats.size(size)}" for method, size in found if size is not None]
    return f" A whole copy for each task: {formats.join(sizes)}." if sizes else ""


def find_untrained(study: Study, task: str) -> list[str]:
    """Return the ranked methods that are known to train nothing, the most accurate first."""
    return [method for method, _ in study.ranked(task) if trains_nothing(study.run(task, method))]


def prototyping(study: Study, task: str) -> str:
    """Return advice for work without training."""
    untrained = find_untrained(study, task)
    if not untrained:
        return "No method without training can be ranked in this study."
    score = dict(study.ranked(task))[untrained[0]]
    return (
        f"{study.title(untrained[0])} needs no training and reaches {formats.with_interval(score)} on "
        f"{study.headline(task)}: {accuracy_phrase(study, task, untrained[0])}."
    )


def edge(study: Study, task: str) -> str:
    """Return advice for small devices: the fewest weight bytes, and the fastest answers."""
    return f"{pick(study, task, WEIGHTS)} {pick(study, task, SPEED)} Both were measured on this study's machine."


def large_models(study: Study, task: str) -> str:
    """Return what the weights of 70 B parameters would take at the measured bytes a parameter, as arithmetic."""
    found: dict[str, tuple[float, float]] = {}
    for method in study.methods:
        run = study.run(task, method)
        counts, size = parameters(run), WEIGHTS.get(run)
        if counts and counts["total"] and size is not None:
            entry = (counts["total"], size / counts["total"])
            precision = study.settings(method)["precision"]
            found[precision] = max(entry, found.get(precision, (0, 0)))
    if not found:
        return "No advice: no weights were counted."
    return f"No such model was run. Measured weights: {'; '.join(scale_up(*item) for item in found.items())}."


def scale_up(precision: str, entry: tuple[float, float]) -> str:
    """Return a precision's bytes a parameter and, from a model large enough, what 70 B parameters would take."""
    total, each = entry
    of_all = f"{formats.size(each * total)} for {formats.short_count(total)} parameters"
    measured = f"{precision} {each:.2f} bytes a parameter ({of_all})"
    if total < LARGE_ENOUGH:
        return f"{measured}, too small to be scaled up"
    return f"{measured}, by arithmetic {formats.size(each * LARGE_MODEL)} for 70 B, without activations"
