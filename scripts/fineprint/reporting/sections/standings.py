"""How methods stand: who is best, how far each is behind, what that concludes, what it costs, and the gain over the
probe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from fineprint.core import formats
from fineprint.core.records import Comparison, MeanScore, Verdict
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods
from fineprint.reporting.sections import cost_axes
from fineprint.reporting.sections.cost import lacks_training
from fineprint.reporting.sections.cost_axes import CostAxis
from fineprint.reporting.table import Cell, Table, number, text
from fineprint.reporting.words import Words
from fineprint.results.study import AS_GOOD, Study

WORDS = Words("standings")
WIDTHS = (3, 23, 7, 10, 17, 10, 8, 6, 7, 9)  # of the standings' columns, in per cent
STYLES = {Verdict.BETTER: "real gain", Verdict.WORSE: "real loss"}


@dataclass(frozen=True)
class Rivals:
    """The other ranked methods, by what comparing them with the best concludes; the best mean first."""

    worse: list[str]
    as_good: list[str]
    undecided: list[str]


def sort_rivals(study: Study, task: str, split: str | None = None) -> Rivals:
    """Return the other ranked methods by what comparing them with the best concludes."""
    found = Rivals([], [], [])
    for standing in study.standings(task, split)[1:]:
        outcome = standing.gap.outcome if standing.gap else None
        group = found.worse if outcome is Verdict.WORSE else found.as_good if outcome in AS_GOOD else found.undecided
        group.append(standing.method)
    return found


def name_methods(study: Study, methods: Iterable[str]) -> str:
    """Return methods' titles as a list in a sentence; titles with a comma are quoted where they follow each other."""
    names = [study.title(method) for method in methods]
    quoted = len(names) > 1 and any("," in name for name in names)
    return formats.join([f"“{name}”" if quoted else name for name in names])


def phrase_gap(study: Study, task: str, method: str) -> str:
    """Return how a method stands against the best, as far as the comparison carries it."""
    best = study.ranked(task)[0][0]
    return WORDS("gap", "best") if method == best else phrase_comparison(study, study.comparison(task, method, best))


def phrase_comparison(study: Study, found: Comparison | None) -> str:
    """Return what a comparison concludes of its first method."""
    if found is None:
        return WORDS("gap", "missing")
    return WORDS("gap", found.outcome, found=found, second=study.title(found.second))


def speaks_of_models(comparisons: Iterable[Comparison | None]) -> bool:
    """Return whether any of the comparisons holds for the trained models alone."""
    return any(found is not None and found.holds_for_models for found in comparisons)


def write_mean(mean: MeanScore) -> str:
    """Write a mean with its interval."""
    worth = mean.examples * len(mean.by_seed)
    limits = formats.interval(*mean.interval, worth)
    return f"{formats.accuracy(mean.mean, worth)} ({limits})"


def mean_cell(split: str, entry: MethodOnTask) -> Cell | None:
    """Return a method's mean, without its interval."""
    mean = entry.mean(split)
    return number(mean.mean, partial(formats.accuracy, rows=mean.examples * len(mean.by_seed))) if mean else None


def mean_limits_cell(split: str, entry: MethodOnTask) -> Cell | None:
    """Return the interval of a mean."""
    mean = entry.mean(split)
    if mean is None:
        return None
    return text(formats.interval(*mean.interval, mean.examples * len(mean.by_seed)), sort=mean.interval.low)


def difference_cell(found: Comparison | None) -> Cell | None:
    """Return a difference in percentage points with its interval."""
    if found is None:
        return None
    note = WORDS("test", found=found)
    return text(WORDS("difference", found=found), sort=found.difference, note=note, style=STYLES.get(found.outcome, ""))


def gap_cell(entry: MethodOnTask) -> Cell | None:
    """Return how far a method is from the best."""
    best = entry.study.leaders(entry.task)[0]
    if entry.method == best:
        return text("–", sort=0.0, note=WORDS("gap", "best"))
    return difference_cell(entry.study.comparison(entry.task, entry.method, best))


def verdict_cell(entry: MethodOnTask) -> Cell:
    """Return what comparing a method with the best concludes."""
    best = entry.study.leaders(entry.task)[0]
    if entry.method == best:
        return text(WORDS("verdict", "best"), style="leader")
    found = entry.study.comparison(entry.task, entry.method, best)
    return text(WORDS("verdict", found.outcome if found else "missing"))


def find_probe(study: Study, task: str, method: str) -> str | None:
    """Return the linear probe of a method's backbone: what trains a head alone and sees whole examples."""
    wanted = study.settings(method)
    probes = [
        other
        for other in study.methods
        if (run := study.run(task, other))
        and run.trains_head_alone
        and not study.settings(other).get("fields")
        and study.settings(other)["backbone"] == wanted["backbone"]
    ]
    alike = [probe for probe in probes if study.settings(probe)["precision"] == wanted["precision"]]
    return next(iter([*alike, *probes]), None)


def probe_cell(entry: MethodOnTask) -> Cell | None:
    """Return a method's gain over the linear probe of its backbone."""
    probe = find_probe(entry.study, entry.task, entry.method)
    return difference_cell(entry.study.comparison(entry.task, entry.method, probe) if probe else None)


def why_no_gain(entry: MethodOnTask) -> str | None:
    """Return why a method has no gain over the probe."""
    probe = find_probe(entry.study, entry.task, entry.method)
    if probe is None:
        return WORDS("no_probe", "missing")
    return WORDS("no_probe", "itself") if probe == entry.method else None


def probe_columns(study: Study, task: str) -> list[Column[MethodOnTask]]:
    """Return the column of the gains over the linear probe, where the study has one."""
    has_probe = any(find_probe(study, task, method) for method in study.methods)
    return [Column("Against the probe", probe_cell, formats.points, lacks=why_no_gain)] if has_probe else []


def cost_cell(axis: CostAxis, entry: MethodOnTask) -> float | None:
    """Return a cost of a method, the median over seeds."""
    return axis.of(entry.study, entry.task, entry.method)


COSTS = [
    Column[MethodOnTask](title, partial(cost_cell, axis), axis.write, "Cost of training", lacks_training)
    for title, axis in (
        ("Trainable parameters", cost_axes.PARAMETERS),
        ("Time", cost_axes.TRAINING_TIME),
        ("Memory", cost_axes.TRAINING_MEMORY),
        ("Checkpoint", cost_axes.CHECKPOINT),
    )
]


def standings_table(study: Study, task: str) -> Table | None:
    """Return the ranked methods by their mean: score, distance from the best, verdict, and what training costs."""
    ranked = [method for method, _ in study.ranked(task)]
    if len(ranked) < 2:
        return None
    split, rivals = study.headline(task), sort_rivals(study, task)
    columns: list[Column[MethodOnTask]] = [
        *METHOD,
        Column("Accuracy", partial(mean_cell, split), formats.accuracy),
        Column("95 % interval", partial(mean_limits_cell, split), formats.accuracy),
        Column("Against the best", gap_cell, formats.points),
        Column("Verdict", verdict_cell),
        *COSTS,
    ]
    columns = [replace(column, width=width) for column, width in zip(columns, WIDTHS, strict=True)]
    caption = WORDS(
        "caption",
        best=study.title(ranked[0]),
        task=task,
        split=split,
        seeds=len(study.seeds),
        examples=study.split_rows(task, split),
        margin=study.config["margin"],
        models=speaks_of_models(study.comparison(task, method, ranked[0]) for method in ranked[1:]),
        worse=len(rivals.worse),
        others=len(ranked) - 1,
    )
    return build_table(f"standings-{task}", caption, columns, list_methods(study, task, ranked), style="compact")
