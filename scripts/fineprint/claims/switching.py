"""Switching between tasks that are served together."""

from __future__ import annotations

import math

from fineprint.claims.cases import Case, Measurement, NotMeasured, Remark
from fineprint.core.records import ServingRecord


def switch_ratio(case: Case) -> Measurement:
    """Return the time of switching an adapter as a share of loading another full model, for the most tasks tried."""
    serving = case.whole_study.results.serving
    ways = serving.ways if serving else None
    adapters, models = (
        read_switch_seconds(ways, case.first, "switched"),
        read_switch_seconds(ways, case.other, "reloaded"),
    )
    common = [count for count in adapters if count in models]
    if ways is None or not common:
        raise NotMeasured("no_switching")
    kept = kept_backbone(ways, case.first)
    if kept is None:
        raise NotMeasured("backbone_unknown")
    if not kept:
        return Measurement(math.inf, note=Remark("backbone_changed"))
    first, second = (served[max(common)] for served in (adapters, models))
    note = Remark("switched", {"switching": first, "loading": second, "tasks": max(common)})
    return Measurement(first / second, note=note)


def read_switch_seconds(ways: ServingRecord | None, method: str, way: str) -> dict[int, float]:
    """Return the median seconds of a switch in one way of serving several tasks, by the number of tasks."""
    rows = [row for row in ways.rows if (row.way, row.method) == (way, method)] if ways else []
    return {row.tasks: row.switch_seconds_median for row in rows if row.switch_seconds_median is not None}


def kept_backbone(ways: ServingRecord, method: str) -> bool | None:
    """Return whether the shared backbone had the same weights after all switches as before the first, if known."""
    hashes = [found for found in ways.backbone if (found.way, found.method) == ("switched", method)]
    return all(found.unchanged for found in hashes) if hashes else None
