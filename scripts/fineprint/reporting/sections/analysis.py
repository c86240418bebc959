"""The findings, as sentences derived from the data. Nothing is called better without a significant test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fineprint.core import formats
from fineprint.reporting.sections.cost import memory_kinds
from fineprint.reporting.sections.cost_axes import (
    TRAINING_COSTS,
    CostAxis,
    find_least,
    trains_nothing,
    write_alike,
    write_least,
)
from fineprint.reporting.sections.pairs import one_choice_pairs
from fineprint.reporting.sections.seeds import seed_sentence
from fineprint.results.lookup import Study, is_trained
from fineprint.tasks._rows import POOLED


@dataclass(frozen=True)
class Tile:
    """A large number of the summary."""

    label: str
    value: str
    note: str


def split_by_test(study: Study, task: str, best: str) -> dict[str, list[str]]:
    """Return the other ranked methods by what the paired test against the best says."""
    found: dict[str, list[str]] = {"worse": [], "tied": [], "untested": []}
    for method, _ in study.ranked(task)[1:]:
        difference = study.difference(task, best, method)
        key = "untested" if difference is None else "worse" if difference.is_real else "tied"
        found[key].append(method)
    return found


def titles(study: Study, methods: list[str]) -> str:
    """Return methods' titles as a list in a sentence; titles with a comma are quoted where they follow each other."""
    names = [study.title(method) for method in methods]
    quoted = len(names) > 1 and any("," in name for name in names)
    return formats.join([f"“{name}”" if quoted else name for name in names])


def verdict_sentences(study: Study, task: str) -> list[str]:
    """Return who is ahead, by how much, and whether that is real."""
    ranked, split = study.ranked(task), study.headline(task)
    if not ranked:
        return ["No method has a score that can be ranked: every run collapsed, failed or was not made."]
    best, score = ranked[0]
    first = (
        f"{study.title(best)} has the highest accuracy on {split}: {formats.with_interval(score)} over "
        f"{formats.count(score['rows'])} rows{seed_words(study)}."
    )
    equal = [method for method, other in ranked[1:] if other["accuracy"] == score["accuracy"]]
    if equal:
        first += f" {titles(study, equal)} {'reaches' if len(equal) == 1 else 'reach'} the same."
    if len(ranked) == 1:
        return [first, "No other method can be ranked, so nothing is compared."]
    return [first, *comparison_sentences(study, task, best)]


def seed_words(study: Study) -> str:
    """Return which seed a sentence is about, where there are several."""
    return f" (seed {study.seed} of {len(study.seeds)})" if len(study.seeds) > 1 else ""


def comparison_sentences(study: Study, task: str, best: str) -> list[str]:
    """Return what the paired tests against the best method allow to be said."""
    groups, sentences = split_by_test(study, task, best), []
    if groups["tied"]:
        sentences.append(f"On these rows it cannot be told apart from {titles(study, groups['tied'])}.")
    if groups["worse"]:
        nearest = study.difference(task, best, groups["worse"][0])
        margin = ""
        if nearest is not None:
            limits = f"{formats.points(nearest.low, signed=False)} to {formats.points(nearest.high, signed=False)}"
            margin = (
                f" The nearest of these, {study.title(groups['worse'][0])}, is "
                f"{formats.points(nearest.value, signed=False)} points behind (95 % interval {limits})."
            )
        count = len(groups["worse"])
        who = (
            titles(study, groups["worse"])
            if count <= 3
            else f"the {count} other ranked methods"
            if not groups["tied"] and not groups["untested"]
            else f"{count} other ranked methods"
        )
        sentences.append(f"It is better than {who}.{margin}")
    if groups["untested"]:
        sentences.append(f"No paired test exists against {titles(study, groups['untested'])}.")
    return sentences


def other_splits(study: Study, task: str) -> list[str]:
    """Return one sentence for each further split: who leads there."""
    sentences = []
    for split in study.splits_and_pooled(task)[1:]:
        ranked = study.ranked(task, split)
        if len(ranked) > 1:
            (best, score), (second, _) = ranked[0], ranked[1]
            difference = study.difference(task, best, second, split)
            real = (
                "its lead over the second is significant"
                if difference and difference.is_real
                else "its lead over the second is not significant"
            )
            where = "Over all test rows" if split == POOLED else f"On {split}"
            sentences.append(
                f"{where}, {study.title(best)} is first with {formats.with_interval(score)}; "
                f"{real if difference else 'its lead was not tested'}."
            )
    return sentences


def choice_sentences(study: Study, task: str) -> list[str]:
    """Return one sentence for each pair that differs in one choice only, among runs that may be compared."""
    sentences = []
    for pair in one_choice_pairs(study, task):
        first, second, difference = pair["first"], pair["second"], pair["difference"]
        if "collapsed" in (study.status(task, first), study.status(task, second)):
            continue
        names = f"{study.title(second)} against {study.title(first)}"
        change = f"{formats.points(difference.value)} points, {formats.p_phrase(difference.p_value_holm)}"
        if not difference.is_real:
            sentences.append(f"{names}: no difference that the test confirms ({change}).")
        else:
            sentences.append(f"{names}: {'better' if difference.value > 0 else 'worse'} ({change}).")
    return sentences


def cost_sentences(study: Study, task: str) -> list[str]:
    """Return what the best method cost or, of several at the top, which is cheapest in what."""
    free, trained = free_sentences(study, task), [m for m in study.leaders(task) if is_trained(study.run(task, m))]
    if not trained:
        return free
    return [*free, cost_of_one(study, task, trained[0]) if len(trained) == 1 else cost_of_several(study, task, trained)]


def free_sentences(study: Study, task: str) -> list[str]:
    """Return which of the leading methods train nothing, as one sentence; the summary's tiles cannot say it."""
    untrained = [method for method in study.leaders(task) if trains_nothing(study.run(task, method))]
    verb = "train" if len(untrained) > 1 else "trains"
    return [f"{titles(study, untrained)} {verb} nothing: prediction is the whole cost."] if untrained else []


def cost_of_one(study: Study, task: str, method: str) -> str:
    """Return what a single leading method cost, as far as it was measured."""
    run = study.run(task, method)
    found = [(axis, axis.get(run)) for axis in TRAINING_COSTS]
    figures = [f"{axis.name} {axis.write(value)}" for axis, value in found if value is not None]
    return f"The cost of {study.title(method)}: {'; '.join(figures) or formats.NOT_MEASURED}."


def cost_of_several(study: Study, task: str, methods: list[str]) -> str:
    """Return which of the trained leading methods is cheapest in what."""
    found = [(axis, find_least(study, task, methods, axis)) for axis in TRAINING_COSTS]
    parts = [
        f"{axis.least}: {titles(study, least[0])} ({write_least(study, task, axis, least)})"
        for axis, least in found
        if least
    ]
    if not parts:
        return "What the methods at the top cost was not measured, or not in one way on one machine."
    return f"Of the trained methods at the top, {'; '.join(parts)}."


def tiles(study: Study, task: str) -> list[Tile]:
    """Return the large numbers: the best accuracy, and the cheapest leading method by four measures."""
    ranked = study.ranked(task)
    if not ranked:
        return []
    best, score = ranked[0]
    limits = formats.interval(score["accuracy_low"], score["accuracy_high"], score["rows"])
    found = [
        Tile(
            f"Best accuracy, {study.headline(task)}",
            formats.accuracy(score["accuracy"], score["rows"]),
            f"{study.title(best)}; 95 % interval {limits}",
        )
    ]
    tied = study.leaders(task)[1:]
    tested = len(ranked) - 1 - len(split_by_test(study, task, best)["untested"])
    if tested:
        found.append(
            Tile(
                "Not told apart from it",
                f"{len(tied)} of {tested}",
                titles(study, tied) if tied else "every tested difference is significant",
            )
        )
    return [*found, *(cost_tile(study, task, axis) for axis in TRAINING_COSTS)]


def cost_tile(study: Study, task: str, axis: CostAxis) -> Tile:
    """Return the least that a leading method takes of a cost."""
    leaders = study.leaders(task)
    label = axis.least if len(leaders) > 1 else axis.name
    least = find_least(study, task, leaders, axis)
    value = axis.write(least[1]) if least else formats.NOT_MEASURED
    note = tile_names(study, task, axis, least) if least else "no trained method at the top has a comparable figure"
    return Tile(f"{label[0].upper()}{label[1:]}", value, note)


def tile_names(study: Study, task: str, axis: CostAxis, least: tuple[list[str], float]) -> str:
    """Return whose a tile's figure is and, where others are about the same, up to what theirs goes."""
    names, last = titles(study, least[0]), axis.write(axis.get(study.run(task, least[0][-1])))
    if axis.write(least[1]) == last:
        return names
    end = "down to" if axis.higher_is_better else "up to"
    return f"{names}: {end} {last}, within {write_alike()}, so about the same"


def describe_task(study: Study, task: str) -> dict[str, Any]:
    """Return the summary of one task."""
    return {
        "name": task,
        "verdict": verdict_sentences(study, task),
        "others": [*other_splits(study, task), *filter(None, [seed_sentence(study, task)])],
        "cost": cost_sentences(study, task),
        "free": free_sentences(study, task),
        "memory": memory_kinds(study, task),
        "tiles": tiles(study, task),
        "tile_note": "Tiles on cost: the cheapest of the trained methods among these."
        if len(study.leaders(task)) > 1
        else "",
        "choices": choice_sentences(study, task),
    }
