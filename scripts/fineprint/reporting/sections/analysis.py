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
from fineprint.reporting.sections.pairs import ablation_sentences
from fineprint.reporting.sections.seeds import seed_sentences
from fineprint.reporting.words import Words
from fineprint.results.study import Study
from fineprint.tasks._rows import POOLED

FEW_NAMES = 3  # more beaten methods are counted, not named

WORDS = Words("analysis")


@dataclass(frozen=True)
class Tile:
    """A large number of the summary."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Rivals:
    """The other ranked methods, by what the paired test against the best says; the most accurate first."""

    worse: list[str]
    tied: list[str]
    untested: list[str]


def split_by_test(study: Study, task: str, best: str) -> Rivals:
    """Return the other ranked methods by what the paired test against the best says."""
    found = Rivals([], [], [])
    for method, _ in study.ranked(task)[1:]:
        difference = study.difference(task, best, method)
        group = found.untested if difference is None else found.worse if difference.is_real else found.tied
        group.append(method)
    return found


def titles(study: Study, methods: list[str]) -> str:
    """Return methods' titles as a list in a sentence; titles with a comma are quoted where they follow each other."""
    names = [study.title(method) for method in methods]
    quoted = len(names) > 1 and any("," in name for name in names)
    return formats.join([f"“{name}”" if quoted else name for name in names])


def verdict_sentences(study: Study, task: str) -> list[str]:
    """Return who is ahead, by how much, and whether that is significant."""
    ranked = study.ranked(task)
    if not ranked:
        return [WORDS("none_ranked")]
    best, score = ranked[0]
    equal = [method for method, other in ranked[1:] if other.accuracy == score.accuracy]
    first = WORDS(
        "best",
        best=study.title(best),
        split=study.headline(task),
        reached=formats.with_interval(score),
        examples=score.rows,
        seed=seed_words(study),
        equal=titles(study, equal),
        several=len(equal) > 1,
    )
    return [first, *(comparison_sentences(study, task, best, equal) if len(ranked) > 1 else [WORDS("only_one")])]


def seed_words(study: Study) -> str:
    """Return which seed a sentence is about, where there are several."""
    return WORDS("seed", seed=study.seed, seeds=len(study.seeds)) if len(study.seeds) > 1 else ""


def comparison_sentences(study: Study, task: str, best: str, equal: list[str]) -> list[str]:
    """Return what the paired tests against the best method allow to be said; over `equal` it has no lead to test."""
    rivals, sentences = split_by_test(study, task, best), []
    behind = [method for method in rivals.tied if method not in equal]
    if behind:
        sentences.append(WORDS("tied", methods=titles(study, behind)))
    if rivals.worse:
        some = "some" if rivals.tied or rivals.untested else "all"
        outcome = "named" if len(rivals.worse) <= FEW_NAMES else some
        sentences.append(WORDS("better", outcome, methods=titles(study, rivals.worse), number=len(rivals.worse)))
        nearest = study.difference(task, best, rivals.worse[0])
        sentences.append(WORDS("nearest", method=study.title(rivals.worse[0]), difference=nearest))
    if rivals.untested:
        sentences.append(WORDS("untested", methods=titles(study, rivals.untested)))
    return sentences


def other_splits(study: Study, task: str) -> list[str]:
    """Return one sentence for each further split: who leads there."""
    sentences = []
    for split in study.splits_and_pooled(task)[1:]:
        ranked = study.ranked(task, split)
        if len(ranked) > 1:
            (best, score), (second, _) = ranked[0], ranked[1]
            difference = study.difference(task, best, second, split)
            lead = WORDS("lead", "untested" if difference is None else "real" if difference.is_real else "tied")
            named = {"best": study.title(best), "reached": formats.with_interval(score), "lead": lead}
            sentences.append(WORDS("other_split", split=split, pooled=split == POOLED, **named))
    return sentences


def cost_sentences(study: Study, task: str) -> list[str]:
    """Return what the best method cost or, of several on the first rank, which is cheapest in what."""
    free = free_sentences(study, task)
    trained = [m for m in study.leaders(task) if (run := study.run(task, m)) and run.is_trained]
    if not trained:
        return free
    if len(trained) == 1:
        costs = "; ".join(list_costs(study, task, trained[0])) or formats.NOT_MEASURED
        return [*free, WORDS("cost", "one", method=study.title(trained[0]), costs=costs)]
    costs = "; ".join(list_least_costs(study, task, trained))
    return [*free, WORDS("cost", "several" if costs else "unknown", costs=costs)]


def free_sentences(study: Study, task: str) -> list[str]:
    """Return which of the leading methods train nothing, as one sentence; the summary's tiles cannot say it."""
    untrained = [method for method in study.leaders(task) if trains_nothing(study.run(task, method))]
    return [WORDS("free", methods=titles(study, untrained), several=len(untrained) > 1)] if untrained else []


def list_costs(study: Study, task: str, method: str) -> list[str]:
    """Return each cost of training a method that was measured, with its name."""
    found = [(axis, axis.of(study, task, method)) for axis in TRAINING_COSTS]
    return [WORDS("figure", name=axis.name, figure=axis.write(value)) for axis, value in found if value is not None]


def list_least_costs(study: Study, task: str, methods: list[str]) -> list[str]:
    """Return for each cost of training which methods have least of it, where that can be said."""
    return [
        WORDS("least", least=axis.least, methods=titles(study, least[0]), figure=write_least(study, task, axis, least))
        for axis in TRAINING_COSTS
        if (least := find_least(study, task, methods, axis))
    ]


def tiles(study: Study, task: str) -> list[Tile]:
    """Return the large numbers: the best accuracy, and the cheapest leading method by four measures."""
    ranked = study.ranked(task)
    if not ranked:
        return []
    best, score = ranked[0]
    limits = formats.interval(score.accuracy_low, score.accuracy_high, score.rows)
    note = WORDS("best_note", best=study.title(best), limits=limits)
    label = WORDS("best_tile", split=study.headline(task))
    costs = [cost_tile(study, task, axis) for axis in TRAINING_COSTS]
    return [Tile(label, formats.accuracy(score.accuracy, score.rows), note), *tied_tiles(study, task, best), *costs]


def tied_tiles(study: Study, task: str, best: str) -> list[Tile]:
    """Return how many methods are tied with the best, of those tested; nothing where none was tested."""
    rivals, tied = split_by_test(study, task, best), study.leaders(task)[1:]
    tested = len(rivals.tied) + len(rivals.worse)
    note = titles(study, tied) if tied else WORDS("all_differ")
    figure = WORDS("tied_figure", number=len(tied), tested=tested)
    return [Tile(WORDS("tied_tile"), figure, note)] if tested else []


def cost_tile(study: Study, task: str, axis: CostAxis) -> Tile:
    """Return the least that a leading method takes of a cost."""
    leaders = study.leaders(task)
    label = axis.least if len(leaders) > 1 else axis.name
    least = find_least(study, task, leaders, axis)
    value = axis.write(least[1]) if least else formats.NOT_MEASURED
    note = name_least(study, task, axis, least) if least else WORDS("no_figure")
    return Tile(f"{label[0].upper()}{label[1:]}", value, note)


def name_least(study: Study, task: str, axis: CostAxis, least: tuple[list[str], float]) -> str:
    """Return whose a tile's figure is and, where others are about the same, up to what theirs goes."""
    names, last = titles(study, least[0]), axis.write(axis.of(study, task, least[0][-1]))
    if axis.write(least[1]) == last:
        return names
    outcome = "higher" if axis.higher_is_better else "lower"
    return WORDS("alike", outcome, methods=names, last=last, alike=write_alike(study))


def summarize_task(study: Study, task: str) -> dict[str, Any]:
    """Return the summary of one task."""
    leaders = study.leaders(task)
    return {
        "name": task,
        "verdict": verdict_sentences(study, task),
        "others": [*other_splits(study, task), *seed_sentences(study, task)],
        "cost": cost_sentences(study, task),
        "free": free_sentences(study, task),
        "memory": memory_kinds(study, task),
        "tiles": tiles(study, task),
        "tile_note": WORDS("tile_note", tied=len(leaders), methods=len(study.methods)) if len(leaders) > 1 else "",
        "choices": ablation_sentences(study, task),
    }
