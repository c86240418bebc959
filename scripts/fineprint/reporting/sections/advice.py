"""When to use which: each piece of advice is made from measured figures and names the table that they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fineprint.core import formats
from fineprint.reporting.sections import cost_only
from fineprint.reporting.sections.cost import memory_kinds
from fineprint.reporting.sections.cost_axes import (
    SPEED,
    TRAINING_COSTS,
    WEIGHTS,
    CostAxis,
    find_least,
    trains_nothing,
    write_least,
)
from fineprint.reporting.sections.standings import (
    Rivals,
    name_methods,
    phrase_gap,
    sort_rivals,
    speaks_of_models,
    write_mean,
)
from fineprint.reporting.serving.data import ServingResults
from fineprint.reporting.serving.speed import stream_sentences
from fineprint.reporting.serving.storage import worked_sentences
from fineprint.reporting.words import Words
from fineprint.results.study import Study

LARGE_MODEL = 70e9
LARGE_ENOUGH = 1e9  # below, what stays unquantized (embeddings, norms) weighs too much to be scaled up
MOST_ALIKE = 3  # more methods about the same are no recommendation
PARAMETERS, TIME, MEMORY, SAVED = TRAINING_COSTS

WORDS = Words("advice")


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
    scores = cite(task, "scores")
    if not study.ranked(task):
        return [Advice(WORDS("situation", "any"), WORDS("none_ranked"), scores)]
    matrix = f"pairs-{task}-{study.headline(task)}"
    pairs = ((WORDS("table", "pairs"), matrix),) if len(study.scored(task)) > 1 else ()
    edge = " ".join([pick(study, task, WEIGHTS), pick(study, task, SPEED), WORDS("machine")])
    advice = {
        "accuracy": (advise_accuracy(study, task), pairs or scores),
        "many_tasks": advise_many_tasks(study, task),
        "prototyping": (advise_prototyping(study, task), (*scores, *pairs)),
        "memory": (f"{pick(study, task, MEMORY)} {memory_kinds(study, task)}", (*cite(task, "cost"), *pairs)),
        "time": (pick(study, task, TIME), (*cite(task, "cost"), *pairs)),
        "edge": (edge, (*cite(task, "cost"), *pairs)),
        "large": (advise_large_models(study, task), cite(task, "cost", "parameters")),
    }
    return [Advice(WORDS("situation", key), *found) for key, found in advice.items()]


def cite(task: str, *tables: str) -> tuple[tuple[str, str], ...]:
    """Return what tables of a task are called, and their identifiers."""
    return tuple((WORDS("table", table), f"{table}-{task}") for table in tables)


def give_advice_on_cost(study: Study, task: str) -> list[Advice]:
    """Return what measured costs alone allow to be said."""
    entries = [Advice(situation, advice, (table,)) for situation, advice, *table in cost_only.advise(study, task)]
    large = Advice(WORDS("situation", "large"), advise_large_models(study, task), cite(task, "cost", "parameters"))
    return [*entries, large]


def advise_accuracy(study: Study, task: str) -> str:
    """Return advice for a single task."""
    best, rivals = study.ranked(task)[0][0], sort_rivals(study, task)
    gaps = [study.comparison(task, best, method) for method in study.leaders(task)[1:] + rivals.worse]
    sentences = [WORDS("one_task", judge_leader(rivals), best=study.title(best), number=len(rivals.worse))]
    if rivals.as_good:
        methods = [study.title(method) for method in rivals.as_good]
        sentences.append(WORDS("as_good", methods=methods, margin=study.config["margin"]))
    if rivals.undecided:
        sentences.append(WORDS("undecided", methods=name_methods(study, rivals.undecided)))
    if speaks_of_models(gaps):
        sentences.append(WORDS("models"))
    return " ".join(sentences)


def judge_leader(rivals: Rivals) -> str:
    """Return what comparing the best with the others says of it."""
    if not (rivals.worse or rivals.as_good or rivals.undecided):
        return "only"
    if not rivals.worse:
        return "highest"
    return "some" if rivals.as_good or rivals.undecided else "all"


def name_with_accuracy(study: Study, task: str, methods: list[str]) -> str:
    """Return methods, each with how it stands in accuracy."""
    found = {study.title(method): phrase_gap(study, task, method) for method in methods}
    return formats.join([WORDS("with_accuracy", method=title, accuracy=phrase) for title, phrase in found.items()])


def pick(study: Study, task: str, axis: CostAxis) -> str:
    """Return which ranked method has least of a cost and, if not as good as the best, which of those as good has."""
    ranked = list_advisable(study, task)
    whole, top = find_least(study, task, ranked, axis), find_least(study, task, study.as_good(task), axis)
    if whole is None:
        return WORDS("no_figure", cost=axis.name)
    measured = [method for method in ranked if axis.of(study, task, method) is not None]
    if len(whole[0]) > max(MOST_ALIKE, len(measured) // 2):
        return WORDS("no_order", cost=axis.name, alike=len(whole[0]), measured=len(measured))
    named, figure = name_with_accuracy(study, task, whole[0]), write_least(study, task, axis, whole)
    overall = WORDS("least", "training" if axis.of_training else "all", least=axis.least, methods=named, figure=figure)
    if top is None or set(top[0]) & set(whole[0]):
        return overall
    leader = WORDS("least_leader", methods=name_methods(study, top[0]), figure=write_least(study, task, axis, top))
    return f"{overall} {leader}"


def advise_many_tasks(study: Study, task: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return advice where several tasks share a backbone, and the tables that it rests on."""
    part = ServingResults(study) if study.results.serving else None
    served = [count for count in part.counts if count > 1] if part else []
    if part and served:
        sentences = [*worked_sentences(part)[-1:], *stream_sentences(part)[-1:]]
        named = [count for count in served if any(re.search(rf"\b{count} tasks\b", found) for found in sentences)]
        tables = [(WORDS("served", tasks=count), f"serving-{count}") for count in named or served[:1]]
        return " ".join(sentences), tuple(tables)
    return advise_storage(study, task), ((WORDS("table", "checkpoints"), f"parameters-{task}"),)


def advise_storage(study: Study, task: str) -> str:
    """Return what a further task adds on the disk."""
    ranked = [method for method, _ in study.ranked(task)]
    least = find_least(study, task, ranked, SAVED)
    runs = {method: study.run(task, method) for method in ranked}
    full = [method for method, run in runs.items() if run and run.trains_everything]
    sizes = [
        WORDS("copy", method=study.title(method), bytes=size)
        for method in full
        if (size := SAVED.get(runs[method])) is not None
    ]
    untrained = find_untrained(study, task)[:1]
    return " ".join(
        [
            pick(study, task, SAVED),
            *([WORDS("full_models")] if least and set(full) & set(least[0]) else []),
            *([WORDS("copies", sizes=sizes)] if sizes else []),
            *(WORDS("adds_nothing", method=name_with_accuracy(study, task, [method])) for method in untrained),
        ]
    )


def list_advisable(study: Study, task: str) -> list[str]:
    """Return the ranked methods that somebody might use: no blind controls."""
    return [method for method, _ in study.ranked(task) if not study.is_blind(task, method)]


def find_untrained(study: Study, task: str) -> list[str]:
    """Return the ranked methods that are known to train nothing, the most accurate first."""
    return [method for method in list_advisable(study, task) if trains_nothing(study.run(task, method))]


def advise_prototyping(study: Study, task: str) -> str:
    """Return advice for work without training."""
    untrained = find_untrained(study, task)
    if not untrained:
        return WORDS("prototyping", "none")
    method, split, reached = untrained[0], study.headline(task), dict(study.ranked(task))[untrained[0]]
    named = {"method": study.title(method), "accuracy": phrase_gap(study, task, method)}
    return WORDS("prototyping", "found", split=split, reached=write_mean(reached), **named)


def advise_large_models(study: Study, task: str) -> str:
    """Return what the weights of 70 B parameters would take at the measured bytes a parameter, as arithmetic."""
    largest: dict[str, tuple[int, int]] = {}  # precision → parameters and bytes of the largest model
    for method in study.methods:
        run = study.run(task, method)
        size = WEIGHTS.get(run)
        if run and run.parameters and run.parameters.total and size is not None:
            precision = study.settings(method)["precision"]
            largest[precision] = max((run.parameters.total, size), largest.get(precision, (0, 0)))
    found = [scale_up(precision, *entry) for precision, entry in largest.items()]
    return WORDS("large", "found" if found else "none", weights="; ".join(found))


def scale_up(precision: str, parameters: int, size: float) -> str:
    """Return a precision's bytes a parameter and, from a model large enough, what 70 B parameters would take."""
    each = size / parameters
    scaled = each * LARGE_MODEL if parameters >= LARGE_ENOUGH else None
    return WORDS("weights", precision=precision, each=each, bytes=size, parameters=parameters, scaled=scaled)
