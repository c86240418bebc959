"""Merged models beside the adapter they come from, on the same examples."""

from __future__ import annotations

from dataclasses import dataclass

from fineprint.core import formats
from fineprint.core.records import ALPHA, PairedTest, Score, ScoreRecord
from fineprint.models.precisions import MERGE_TARGETS, PRECISIONS
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask
from fineprint.reporting.sections.scores import accuracy_cell
from fineprint.reporting.table import Cell, Table, text
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("merging")


@dataclass(frozen=True)
class MergedModel(MethodOnTask):
    """A method's merged variant, such as "merged_into_float32", on one split, beside the method itself."""

    scores: ScoreRecord
    variant: str
    split: str

    @property
    def own(self) -> Score | None:
        """The method's own score."""
        return self.scores.splits.get(self.split)

    @property
    def merged(self) -> Score:
        """The merged model's score."""
        return self.scores.variants[self.variant][self.split]

    @property
    def test(self) -> PairedTest | None:
        """The merged model against the method itself, where that was tested."""
        return self.scores.merging.get(self.variant, {}).get(self.split)

    @property
    def weights(self) -> str:
        """Which weights the adapter was merged into, and how the sum is stored."""
        target = MERGE_TARGETS[self.variant.removeprefix("merged_into_")]
        outcome = "requantized" if PRECISIONS[target.precision].quantized else "original"
        return WORDS("weights", "dequantized" if target.dequantized else outcome, precision=target.precision)


def difference_cell(entry: MergedModel) -> Cell | None:
    """Return by how much merging changes accuracy; the interval and an asterisk where that was tested."""
    if entry.own is None:
        return None
    change, test = entry.merged.accuracy - entry.own.accuracy, entry.test
    shown = formats.points(change) if test is None else WORDS("change", change=change, test=test, limit=ALPHA)
    return text(shown, sort=change)


COLUMNS: list[Column[MergedModel]] = [
    *METHOD,
    Column("Merged into", lambda entry: text(entry.weights)),
    Column("Split", lambda entry: text(entry.split, style="code")),
    Column("Adapter", lambda entry: accuracy_cell(entry.own), formats.accuracy),
    Column("Merged", lambda entry: accuracy_cell(entry.merged), formats.accuracy),
    Column("Difference, percentage points", difference_cell, formats.points),
    Column("p (uncorrected)", lambda entry: entry.test and entry.test.p_value, formats.p_value),
    Column("Agreement", lambda entry: entry.scores.agreement.get(entry.variant, {}).get(entry.split), formats.percent),
]


def merge_table(study: Study, task: str) -> Table | None:
    """Return accuracy of merged variants, the paired test against the method itself, and how often they agree."""
    merged = [
        MergedModel(study, task, method, run.scores, variant, split)
        for method in study.methods
        if (run := study.run(task, method)) and run.scores
        for variant in run.scores.variants
        for split in study.splits_and_pooled(task)
    ]
    caption = WORDS("caption", task=task, limit=ALPHA)
    return build_table(f"merged-{task}", caption, COLUMNS, merged, style="compact") if merged else None
