"""The tables of a replication: scores, verdicts, ranks and cost, there and here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fineprint.core import formats
from fineprint.core.records import (
    Basis,
    ComparedCost,
    ComparedMean,
    ComparedRank,
    ComparedVerdict,
    Comparison,
    MeanScore,
    Outcome,
    Replication,
    Shift,
    Verdict,
)
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.replication.summary import (
    FAILED,
    has_basis,
    name_machines,
    name_place,
    speaks_of_models,
)
from fineprint.reporting.table import Cell, Table, number, text
from fineprint.reporting.words import Words

WORDS = Words("replication")
FIRST, SECOND = "First study", "Second study"
FAILURES = {*FAILED, Shift.OUTSIDE}
TIMES = ("training time", "prediction time")
SIZES = ("training memory", "prediction memory", "checkpoint size")


def outcome_cell(outcome: Outcome | Shift, note: str = "") -> Cell:
    """Return what became of something, marked where it did not hold."""
    order = [*Outcome, *Shift].index(outcome)
    return text(WORDS("outcome", outcome), sort=order, style="flag" if outcome in FAILURES else "", note=note)


def scores_tables(replication: Replication) -> list[Table]:
    """Return for every task and test split the means of both studies and their difference."""
    places = dict.fromkeys((mean.first.task, mean.first.split) for mean in replication.means)
    return [scores_table(replication, task, split) for task, split in places]


def scores_table(replication: Replication, task: str, split: str) -> Table:
    """Return the means on one test split."""
    means = [mean for mean in replication.means if (mean.first.task, mean.first.split) == (task, split)]
    caption = WORDS(
        "scores_caption",
        place=name_place(replication, task, split),
        same_examples=means[0].same_examples,
        seeds=has_basis(means, Basis.SEEDS),
        intervals=has_basis(means, Basis.INTERVALS),
        margin=replication.margin,
        models=any(map(speaks_of_models, means)),
    )
    columns = [
        Column[ComparedMean]("Method", lambda mean: replication.methods[mean.first.method]),
        Column("Difference", lambda mean: mean.difference, formats.points, "Second − first"),
        Column("95 % interval", lambda mean: limits_cell(mean.interval), formats.points, "Second − first"),
        Column("Outcome", lambda mean: outcome_cell(mean.shift, WORDS("basis", mean.basis))),
        *mean_columns(FIRST, lambda mean: mean.first),
        *mean_columns(SECOND, lambda mean: mean.second),
    ]
    if any(list_remarks(mean) for mean in means):
        columns.append(Column("Note", list_remarks))
    return build_table(f"scores-{task}-{split}", caption, columns, means, style="compact")


def mean_columns(group: str, get: Callable[[ComparedMean], MeanScore]) -> list[Column[ComparedMean]]:
    """Return the columns of one study's means."""

    def score_cell(mean: ComparedMean) -> Cell:
        score = get(mean)
        limits = formats.interval(*score.interval, score.examples)
        return number(score.mean, lambda value: f"{formats.accuracy(value, score.examples)} ({limits})")

    return [
        Column("Mean (95 % interval)", score_cell, formats.accuracy, group),
        Column("Seeds", lambda mean: len(get(mean).by_seed), formats.count, group),
    ]


def limits_cell(interval: Sequence[float]) -> Cell:
    """Return an interval of a difference, sorted by its lower limit."""
    return number(interval[0], lambda low: WORDS("limits", low=low, high=interval[1]))


def list_remarks(mean: ComparedMean) -> str:
    """Return what a reader must know before comparing a method's two means; empty where there is nothing."""
    collapsed = mean.first_collapsed, mean.second_collapsed
    remarks = [
        "" if mean.same_settings else WORDS("remark", "settings"),
        WORDS("remark", "collapsed", first=collapsed[0], second=collapsed[1]) if any(collapsed) else "",
    ]
    return "; ".join(filter(None, remarks))


def verdict_cells(group: str, get: Callable[[ComparedVerdict], Comparison]) -> list[Column[ComparedVerdict]]:
    """Return the columns of one study's verdict on a pair."""

    def said(verdict: ComparedVerdict) -> str:
        found = get(verdict)
        return WORDS("says", "models" if found.model_verdict else "methods", verdict=found.verdict, found=found)

    return [
        Column("Verdict", said, group=group),
        Column("Difference", lambda verdict: get(verdict).difference, formats.points, group),
        Column("95 % interval", lambda verdict: limits_cell(get(verdict).interval), formats.points, group),
    ]


def verdicts_table(replication: Replication, identifier: str, verdicts: list[ComparedVerdict]) -> Table | None:
    """Return pairs with their verdicts in both studies; None where there are none."""
    columns = [
        Column[ComparedVerdict]("Method", lambda found: replication.methods[found.first.first]),
        Column("Compared with", lambda found: replication.methods[found.first.second]),
        Column("Test split", lambda found: name_place(replication, found.first.task, found.first.split)),
        *verdict_cells(FIRST, lambda found: found.first),
        *verdict_cells(SECOND, lambda found: found.second),
    ]
    if len({found.outcome for found in verdicts}) > 1:
        columns.append(Column("Outcome", lambda found: outcome_cell(found.outcome)))
    caption = WORDS("verdicts_caption", identifier)
    return build_table(f"verdicts-{identifier}", caption, columns, verdicts, style="compact") if verdicts else None


def crossed_table(replication: Replication) -> Table | None:
    """Return how often each verdict of the first study met each of the second; None where no verdict was compared."""
    found = [(verdict.first.verdict, verdict.second.verdict) for verdict in replication.verdicts]
    if not found:
        return None
    rows = [verdict for verdict in Verdict if any(verdict == first for first, _ in found)]
    shown = [verdict for verdict in Verdict if any(verdict == second for _, second in found)]

    def count_column(second: Verdict) -> Column[Verdict]:
        return Column(
            second.capitalize(), lambda first: crossed_cell(first, second, found), formats.count, "In the second study"
        )

    columns = [Column[Verdict]("In the first study", lambda verdict: verdict.capitalize()), *map(count_column, shown)]
    splits = len(dict.fromkeys((verdict.first.task, verdict.first.split) for verdict in replication.verdicts))
    return build_table("verdicts-crossed", WORDS("crossed_caption", pairs=len(found), splits=splits), columns, rows)


def crossed_cell(first: Verdict, second: Verdict, found: list[tuple[Verdict, Verdict]]) -> Cell:
    """Return how often two verdicts met; where they are the same, the field is shaded."""
    return number(found.count((first, second)), formats.count, style="diagonal strong" if first == second else "")


def ranks_table(replication: Replication, task: str) -> Table | None:
    """Return the methods' ranks in both studies; None where a study ranks none."""
    ranks = [rank for rank in replication.ranks if rank.task == task]
    if not ranks:
        return None
    columns = [
        Column[ComparedRank]("Method", lambda rank: replication.methods[rank.method]),
        Column("Rank", lambda rank: rank.first, formats.count, FIRST, lacks=lambda rank: lacks_rank(rank.first)),
        Column("Rank", lambda rank: rank.second, formats.count, SECOND, lacks=lambda rank: lacks_rank(rank.second)),
    ]
    ranks.sort(key=lambda rank: (rank.first is None, rank.first or 0))
    caption = WORDS("ranks_caption", place=name_place(replication, task, ranks[0].split))
    return build_table(f"ranks-{task}", caption, columns, ranks)


def lacks_rank(rank: int | None) -> str | None:
    """Return why a method has no rank, where it has none."""
    return WORDS("lacks_rank") if rank is None else None


Costs = dict[str, ComparedCost]


def cost_table(replication: Replication, task: str, name: str) -> Table | None:
    """Return "times" or "sizes" of all methods on a task in both studies; None where neither study has any."""
    quantities, write = (TIMES, formats.duration) if name == "times" else (SIZES, formats.size)
    costs: dict[str, Costs] = {}
    for cost in replication.costs:
        if cost.task == task and cost.quantity in quantities:
            costs.setdefault(cost.method, {})[cost.quantity] = cost
    there = [quantity for quantity in quantities if any(quantity in found for found in costs.values())]
    columns = [Column[str]("Method", lambda method: replication.methods[method])]
    columns += [column for quantity in there for column in cost_columns(costs, quantity, write)]
    kinds = {kind for found in costs.values() for cost in found.values() for kind in cost.kinds}
    place = {"task": task, "several": len(replication.tasks) > 1}
    caption = WORDS("cost_caption", name, kinds=sorted(kinds), **place, **name_machines(replication))
    return build_table(f"{name}-{task}", caption, columns, costs, style="compact") if costs else None


def cost_columns(costs: dict[str, Costs], quantity: str, write: Callable[[float | None], str]) -> list[Column[str]]:
    """Return the columns of one quantity: there, here, and the ratio."""
    title = quantity.capitalize()

    def lacks(method: str) -> str | None:
        return None if quantity in costs[method] else WORDS("lacks_cost")

    return [
        Column("First", lambda method: costs[method][quantity].first, write, title, lacks),
        Column("Second", lambda method: costs[method][quantity].second, write, title, lacks),
        Column(
            "Ratio",
            lambda method: costs[method][quantity].ratio,
            formats.times,
            title,
            lambda method: lacks(method) or lacks_ratio(costs[method][quantity]),
            note=WORDS("ratio_note"),
        ),
    ]


def lacks_ratio(cost: ComparedCost) -> str | None:
    """Return why two figures have no ratio, where they have none."""
    if cost.ratio is not None:
        return None
    return WORDS("lacks_ratio", "kinds" if len(set(cost.kinds)) > 1 else "figure")
