"""A comparison of two studies as one flat table: a row per score, verdict, rank and figure of cost."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fineprint.core.records import ComparedMean, ComparedVerdict, Replication

COLUMNS = [
    *("compared", "task", "split", "method", "against"),
    *("first", "first_low", "first_high", "second", "second_low", "second_high"),
    *("difference", "difference_low", "difference_high", "ratio", "first_says", "second_says", "outcome"),
]


def write_table(path: Path, replication: Replication) -> None:
    """Write the table; what does not apply or was not measured is an empty field."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(list_rows(replication))


def list_rows(replication: Replication) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table: scores are shares, differences of scores too, times seconds, sizes bytes."""
    for mean in replication.means:
        yield score_row(mean)
    for verdict in replication.verdicts:
        yield verdict_row(verdict)
    for rank in replication.ranks:
        values = {"compared": "rank", "first": rank.first, "second": rank.second}
        yield {**values, "task": rank.task, "split": rank.split, "method": rank.method}
    for cost in replication.costs:
        values = {"compared": cost.quantity, "first": cost.first, "second": cost.second, "ratio": cost.ratio}
        yield {**values, "task": cost.task, "method": cost.method}


def score_row(mean: ComparedMean) -> dict[str, Any]:
    """Return a method's means in both studies."""
    return {
        "compared": "score",
        "task": mean.first.task,
        "split": mean.first.split,
        "method": mean.first.method,
        "first": mean.first.mean,
        "first_low": mean.first.interval.low,
        "first_high": mean.first.interval.high,
        "second": mean.second.mean,
        "second_low": mean.second.interval.low,
        "second_high": mean.second.interval.high,
        "difference": mean.difference,
        "difference_low": mean.interval.low,
        "difference_high": mean.interval.high,
        "outcome": mean.shift,
    }


def verdict_row(verdict: ComparedVerdict) -> dict[str, Any]:
    """Return a pair's differences and verdicts in both studies."""
    first, second = verdict.first, verdict.second
    return {
        "compared": "verdict",
        "task": first.task,
        "split": first.split,
        "method": first.first,
        "against": first.second,
        "first": first.difference,
        "first_low": first.interval.low,
        "first_high": first.interval.high,
        "second": second.difference,
        "second_low": second.interval.low,
        "second_high": second.interval.high,
        "first_says": first.verdict,
        "second_says": second.verdict,
        "outcome": verdict.outcome,
    }
