"""Published accuracies beside this study's own."""

from __future__ import annotations

from dataclasses import dataclass

from fineprint.claims.published import Beside, Published, Source, choose_split, set_beside
from fineprint.core import formats
from fineprint.reporting.words import Words
from fineprint.results.study import Study
from fineprint.scoring.statistics import wilson_interval

WORDS = Words("published")


@dataclass(frozen=True)
class PublishedRow:
    """A published figure as the report shows it."""

    method: str
    source: Source
    conditions: str
    figure: str
    ours: list[str]
    comparable: str
    reasons: str


def published_rows(study: Study, entries: list[Published]) -> list[PublishedRow]:
    """Return every published figure beside this study's own."""
    return [published_row(study, set_beside(study, entry)) for entry in entries]


def published_row(study: Study, beside: Beside) -> PublishedRow:
    """Return one figure."""
    entry = beside.entry
    measured_on = {"examples": entry.rows, "training": entry.training, "runs": entry.runs}
    return PublishedRow(
        entry.method,
        entry.source,
        formats.tie_units(WORDS("conditions", **measured_on)),
        write_figure(entry),
        [describe_ours(study, beside, method) for method in beside.methods] or [WORDS("ours", "none")],
        beside.comparable,
        explain(beside),
    )


def write_figure(entry: Published) -> str:
    """Write a published figure, with its source's ± or the interval of the examples that it was counted on."""
    if entry.spread is not None:
        return WORDS("figure", "spread", figure=f"{entry.figure:.3f}", spread=f"{entry.spread:.3f}")
    if entry.counted_rows is not None:
        interval = wilson_interval(round(entry.figure * entry.counted_rows), entry.counted_rows)
        return WORDS("figure", "counted", figure=f"{entry.figure:.3f}", interval=formats.interval(*interval))
    return WORDS("figure", "plain", figure=f"{entry.figure:.3f}")


def describe_ours(study: Study, beside: Beside, method: str) -> str:
    """Return this study's figure: the mean accuracy over seeds with its interval, and the examples."""
    split, mean = choose_split(study, beside.task, method, beside.entry)
    status = study.status(beside.task, method)
    named = {"number": study.numbers[method], "title": study.title(method), "status": status}
    if mean is None:
        return WORDS("ours", "missing", **named)
    limits = formats.interval(*mean.interval, mean.examples)
    written = {"accuracy": formats.accuracy(mean.mean, mean.examples), "interval": limits}
    counted = {"seeds": len(mean.by_seed), "examples": mean.examples, "task": beside.task, "split": split}
    return WORDS("ours", "measured", **named, **written, **counted)


def explain(beside: Beside) -> str:
    """Return why the two may or may not be compared."""
    if not beside.methods:
        return WORDS("reasons", "no_method")
    reasons = [WORDS("reason", reason.outcome, **reason.values) for reason in [*beside.decisive, *beside.lesser]]
    return WORDS("reasons", "given" if reasons else "alike", reasons=reasons)
