"""Merged models beside the adapter they come from, on the same rows."""

from __future__ import annotations

from fineprint.core import formats
from fineprint.core.records import Run
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Cell, Table, number, numeric, plain, text
from fineprint.results.lookup import SIGNIFICANCE, Study


def merge_table(study: Study, task: str) -> Table | None:
    """Return accuracy of merged variants, the paired test against the method itself, and how often they agree."""
    rows = [
        [
            *name_cells(study, task, method),
            text(variant.removeprefix("merged_into_").replace("_", " "), style="code"),
            text(split, style="code"),
            *merge_cells(run, variant, split),
        ]
        for method in study.methods
        if (run := study.run(task, method)) and run["scores"]
        for variant in run["scores"]["variants"]
        for split in study.splits_and_pooled(task)
    ]
    columns = [
        *plain("No.", "Method", "Merged into", "Split"),
        *numeric("Adapter", "Merged", "Difference, points", "p (uncorrected)", "Same answer"),
    ]
    caption = (
        f"Merging on “{task}”: the adapter's weights added to a backbone stored at the named precision, how accurate "
        "the merged model is on the same rows, and how many rows keep their answer. In brackets 95 % intervals: "
        "Wilson's of accuracies, the paired bootstrap's of differences. p: McNemar's exact test, uncorrected; an "
        f"asterisk where it is below {SIGNIFICANCE}."
    )
    return Table(f"merged-{task}", caption, columns, rows, style="compact") if rows else None


def merge_cells(run: Run, variant: str, split: str) -> list[Cell]:
    """Return the figures of one merged model on one split; those of the test where it was made."""
    scores = run["scores"]
    assert scores is not None
    own, merged = scores["splits"].get(split), scores["variants"][variant][split]
    change = merged["accuracy"] - own["accuracy"] if own else None
    test = scores.get("merging", {}).get(variant, {}).get(split)
    limits = ""
    if test:
        limits = f" ({formats.points(test['difference_low'])} to {formats.points(test['difference_high'])})"
    star = "*" if test and test["p_value"] < SIGNIFICANCE else ""
    return [
        number(own["accuracy"] if own else None, lambda _: formats.with_interval(own)),
        number(merged["accuracy"], lambda _: formats.with_interval(merged)),
        number(change, lambda value: f"{formats.points(value)}{star}{limits}"),
        number(test["p_value"] if test else None, formats.p_value),
        number(scores["agreement"].get(variant, {}).get(split), formats.percent),
    ]
