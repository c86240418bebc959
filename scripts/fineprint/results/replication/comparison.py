"""A study held against another one: which scores, verdicts and ranks held, and what each cost there and here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from fineprint.core.records import (
    ComparedMean,
    ComparedRank,
    ComparedVerdict,
    Lead,
    MissingScore,
    Replication,
    StudyFacts,
    Verdict,
)
from fineprint.results.privacy import hide_paths
from fineprint.results.replication.pair import Pair, open_study, pair_up
from fineprint.results.replication.runs import compare_costs, count_identical
from fineprint.results.replication.setup import (
    compare_code,
    compare_configs,
    compare_versions,
    describe_aspects,
    has_same_examples,
    has_same_settings,
)
from fineprint.results.study import Study
from fineprint.scoring.ranking import Standing, rank_methods
from fineprint.scoring.replication import compare_means, compare_verdicts, has_turned

AHEAD = {Verdict.BETTER, Verdict.NOT_INFERIOR}
BEHIND = {verdict.opposite for verdict in AHEAD}


def compare_studies(first_folder: Path, second_folder: Path) -> Replication:
    """Compare two finished studies.

    Args:
        first_folder: the results of the study that is to be replicated.
        second_folder: the results of the one that replicates it.

    Raises:
        SettingsError: one of them cannot be read, or they have nothing in common.
    """
    pair = pair_up(open_study(first_folder), open_study(second_folder))
    margin = min(study.config["margin"] for study in (pair.first, pair.second)) / 100
    versions = compare_versions(pair.first, pair.second)
    code = compare_code((pair.first, first_folder), (pair.second, second_folder))
    standings = list(compare_standings(pair))
    return Replication(
        first=describe_study(pair.first, first_folder, pair),
        second=describe_study(pair.second, second_folder, pair),
        tasks=pair.tasks,
        methods={method: pair.first.title(method) for method in pair.methods},
        margin=margin,
        aspects=describe_aspects(pair.first, pair.second, pair.tasks, pair.methods, versions, code),
        identical=count_identical(pair),
        means=list(compare_scores(pair, margin)),
        missing=list(list_missing(pair)),
        verdicts=list(compare_pairs(pair)),
        leads=[lead for lead, _ in standings],
        ranks=[rank for _, ranks in standings for rank in ranks],
        costs=list(compare_costs(pair)),
        versions=versions,
        code=code or [],
        config=compare_configs(pair.first.config, pair.second.config),
    )


def describe_study(study: Study, folder: Path, pair: Pair) -> StudyFacts:
    """Return what tells a study from the other."""
    provenance = study.results.provenance
    return StudyFacts(
        folder=hide_paths(str(folder)),
        study=study.config["study"],
        title=study.config["title"],
        created=provenance.created,
        seeds=study.seeds,
        machines=study.environments(),
        commits=provenance.commits,
        code=provenance.code,
        tasks_alone=[task for task in study.tasks if task not in pair.tasks],
        methods_alone=[method for method in study.methods if method not in pair.methods],
    )


def compare_scores(pair: Pair, margin: float) -> Iterator[ComparedMean]:
    """Yield every method's mean on every test split, where both studies have one."""
    for task, split in pair.places():
        same_examples = has_same_examples(pair.first, pair.second, task, [split])
        for method in pair.methods:
            first, second = (study.mean(task, method, split) for study in (pair.first, pair.second))
            if first is None or second is None:
                continue
            difference = compare_means(first, second, same_examples)
            yield ComparedMean(
                first=first,
                second=second,
                first_collapsed=len(pair.first.collapsed_seeds(task, method)),
                second_collapsed=len(pair.second.collapsed_seeds(task, method)),
                same_examples=same_examples,
                same_settings=has_same_settings(pair.first, pair.second, task, method),
                difference=difference.value,
                interval=difference.interval,
                basis=difference.basis,
                shift=difference.shift(margin),
            )


def list_missing(pair: Pair) -> Iterator[MissingScore]:
    """Yield the methods that one study alone has scored, though both were to run them."""
    for task, method in itertools.product(pair.tasks, pair.methods):
        scored = [
            any(study.mean(task, method, split) for split in pair.splits(task)) for study in (pair.first, pair.second)
        ]
        if scored[0] != scored[1]:
            yield MissingScore(task=task, method=method, study="second" if scored[0] else "first")


def compare_pairs(pair: Pair) -> Iterator[ComparedVerdict]:
    """Yield what became of every two methods' verdict on every test split."""
    for task, split in pair.places():
        for method, other in itertools.combinations(pair.methods, 2):
            first, second = (study.comparison(task, method, other, split) for study in (pair.first, pair.second))
            if first is None or second is None:
                continue
            # Seen from the method that is ahead, so that "better" tells the same of every pair.
            if {first.outcome, second.outcome} & BEHIND and not {first.outcome} & AHEAD:
                first, second = first.seen_from(other), second.seen_from(other)
            yield ComparedVerdict(
                first=first,
                second=second,
                outcome=compare_verdicts(first, second),
                turned=has_turned(first, second),
            )


def compare_standings(pair: Pair) -> Iterator[tuple[Lead, list[ComparedRank]]]:
    """Yield for every task who leads on its headline split, and every method's rank, among the common methods."""
    for task in pair.tasks:
        for split in pair.splits(task)[:1]:
            first, second = (rank_common(study, pair.methods, task, split) for study in (pair.first, pair.second))
            if not first or not second:
                continue
            lead = Lead(task=task, split=split, first=name_best(first), second=name_best(second))
            ranks = [
                ComparedRank(
                    task=task,
                    split=split,
                    method=method,
                    first=find_rank(first, method),
                    second=find_rank(second, method),
                )
                for method in pair.methods
            ]
            yield lead, ranks


def rank_common(study: Study, methods: list[str], task: str, split: str) -> list[Standing]:
    """Return where the common methods stand; those that collapsed on every seed stand nowhere."""
    ranked = {method: mean.mean for method, mean in study.ranked(task, split) if method in methods}
    pairs = [pair for pair in study.results.comparisons if (pair.task, pair.split) == (task, split)]
    return rank_methods(ranked, pairs)


def name_best(standings: list[Standing]) -> list[str]:
    """Return the method with the best mean and those that are not significantly worse than it."""
    return [standing.method for standing in standings if standing.is_in_best_group]


def find_rank(standings: list[Standing], method: str) -> int | None:
    """Return a method's rank, or None if it has none."""
    return next((standing.rank for standing in standings if standing.method == method), None)
