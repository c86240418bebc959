"""The findings, as sentences derived from the data. Nothing is called better that another run may overturn."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.reporting.sections.cost import memory_kinds
from fineprint.reporting.sections.cost_axes import (
    TRAINING_COSTS,
    find_least,
    trains_nothing,
    write_least,
)
from fineprint.reporting.sections.pairs import ablation_sentences
from fineprint.reporting.sections.seeds import seed_sentences
from fineprint.reporting.sections.standings import (
    name_methods,
    sort_rivals,
    speaks_of_models,
    standings_table,
    write_mean,
)
from fineprint.reporting.words import Words
from fineprint.results.study import Study
from fineprint.tasks._rows import POOLED

FEW_NAMES = 3  # more beaten methods are counted, not named

WORDS = Words("analysis")


def verdict_sentences(study: Study, task: str) -> list[str]:
    """Return who is ahead, by how much, and whether that would come out again."""
    standings, split = study.standings(task), study.headline(task)
    if not standings:
        return [WORDS("none_ranked")]
    best, mean = standings[0].method, study.means[task, split, standings[0].method]
    if mean.interval.low <= (rate := study.majority_rate(task, split) or 0.0):
        return [WORDS("none_above", split=split, best=study.title(best), reached=write_mean(mean), rate=rate)]
    equal = [found.method for found in standings[1:] if found.mean == standings[0].mean]
    first = WORDS(
        "best",
        best=study.title(best),
        split=split,
        reached=write_mean(mean),
        examples=mean.examples,
        seeds=len(mean.by_seed),
        equal=name_methods(study, equal),
        several=len(equal) > 1,
    )
    if len(standings) == 1:
        return [first, WORDS("only_one")]
    return [first, judge_repeat(study, task), *comparison_sentences(study, task)]


def judge_repeat(study: Study, task: str) -> str:
    """Return whether the best method would be the best again, as far as its comparisons carry."""
    best, rivals = study.ranked(task)[0][0], sort_rivals(study, task)
    gaps = [study.comparison(task, best, method) for method in [*rivals.worse, *rivals.as_good, *rivals.undecided]]
    rivaled = [*rivals.as_good, *rivals.undecided]
    outcome = "models" if speaks_of_models(gaps) else "open" if rivaled else "clear"
    return WORDS("again", outcome, others=len(gaps), methods=name_methods(study, rivaled))


def comparison_sentences(study: Study, task: str) -> list[str]:
    """Return what comparing the best with each other method concludes."""
    rivals, sentences = sort_rivals(study, task), []
    best = study.ranked(task)[0][0]
    gaps = {method: study.comparison(task, best, method) for method in study.leaders(task)[1:] + rivals.worse}
    if rivals.worse:
        others = rivals.as_good or rivals.undecided
        outcome = "named" if len(rivals.worse) <= FEW_NAMES else "some" if others else "all"
        names = {"methods": name_methods(study, rivals.worse), "number": len(rivals.worse)}
        sentences.append(WORDS("better", outcome, **names))
        sentences.append(WORDS("nearest", method=study.title(rivals.worse[0]), found=gaps[rivals.worse[0]]))
    if rivals.as_good:
        listed = [WORDS("as_good_entry", method=study.title(method), found=gaps[method]) for method in rivals.as_good]
        sentences.append(WORDS("as_good", methods=listed, margin=study.config["margin"]))
    if rivals.undecided:
        listed = [
            WORDS("undecided_entry", method=study.title(method), found=gaps[method]) for method in rivals.undecided
        ]
        detectable = max(found.detectable_difference for method in rivals.undecided if (found := gaps[method]))
        sentences.append(WORDS("undecided", methods=listed, detectable=detectable))
    if speaks_of_models(gaps.values()):
        sentences.append(WORDS("models"))
    return sentences


def other_splits(study: Study, task: str) -> list[str]:
    """Return one sentence for each further split: who leads there, and where verdicts on the best method differ."""
    sentences, best = [], next((found.method for found in study.standings(task)), None)
    for split in study.splits_and_pooled(task)[1:]:
        ranked = study.ranked(task, split)
        if best is None or len(ranked) < 2:
            continue
        named = {"split": split, "pooled": split == POOLED, "best": study.title(ranked[0][0])}
        differing = list_differing(study, task, split)
        outcome = "overtaken" if ranked[0][0] != best else "differs" if differing else "same"
        sentences.append(WORDS("other_split", outcome, reached=write_mean(ranked[0][1]), differing=differing, **named))
    return sentences


def list_differing(study: Study, task: str, split: str) -> list[str]:
    """Return each method that stands otherwise against the best mean on another split than on the headline split."""
    here, there = (place_methods(study, task, where) for where in (None, split))
    return [
        WORDS("differing", method=study.title(method), here=here[method], there=there[method])
        for method in here
        if method in there and here[method] != there[method]
    ]


def place_methods(study: Study, task: str, split: str | None) -> dict[str, str]:
    """Return how each ranked method stands against the best mean of a split, in a word."""
    rivals = sort_rivals(study, task, split)
    places = {"best": study.leaders(task, split)[:1], "worse": rivals.worse, "as_good": rivals.as_good}
    places["undecided"] = rivals.undecided
    return {method: WORDS("place", place) for place, methods in places.items() for method in methods}


def cost_sentences(study: Study, task: str) -> list[str]:
    """Return what the best method cost or, where others are as good, which of them is cheapest in what."""
    free = free_sentences(study, task)
    trained = [m for m in study.as_good(task) if (run := study.run(task, m)) and run.is_trained]
    if not trained:
        return free
    if len(trained) == 1:
        costs = "; ".join(list_costs(study, task, trained[0])) or formats.NOT_MEASURED
        return [*free, WORDS("cost", "one", method=study.title(trained[0]), costs=costs)]
    costs = "; ".join(list_least_costs(study, task, trained))
    return [*free, WORDS("cost", "several" if costs else "unknown", costs=costs)]


def free_sentences(study: Study, task: str) -> list[str]:
    """Return which of the methods as good as the best train nothing, as one sentence."""
    untrained = [method for method in study.as_good(task) if trains_nothing(study.run(task, method))]
    return [WORDS("free", methods=name_methods(study, untrained), several=len(untrained) > 1)] if untrained else []


def list_costs(study: Study, task: str, method: str) -> list[str]:
    """Return each cost of training a method that was measured, with its name."""
    found = [(axis, axis.of(study, task, method)) for axis in TRAINING_COSTS]
    return [WORDS("figure", name=axis.name, figure=axis.write(value)) for axis, value in found if value is not None]


def list_least_costs(study: Study, task: str, methods: list[str]) -> list[str]:
    """Return for each cost of training which methods have least of it, where that can be said."""
    return [
        WORDS(
            "least",
            least=axis.least,
            methods=name_methods(study, least[0]),
            figure=write_least(study, task, axis, least),
        )
        for axis in TRAINING_COSTS
        if (least := find_least(study, task, methods, axis))
    ]


def summarize_task(study: Study, task: str) -> dict[str, Any]:
    """Return the summary of one task."""
    return {
        "name": task,
        "verdict": verdict_sentences(study, task),
        "others": [*other_splits(study, task), *seed_sentences(study, task)],
        "cost": cost_sentences(study, task),
        "free": free_sentences(study, task),
        "memory": memory_kinds(study, task),
        "tiles": [],  # only where there is no table of standings
        "standings": standings_table(study, task),
        "choices": ablation_sentences(study, task),
    }
