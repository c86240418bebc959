"""Scores of predictions, and paired tests of two on the same rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from fineprint.core.records.base import Record

OK = "ok"
COLLAPSED = "collapsed"
COST_ONLY = "cost only"  # the status of a run whose accuracy would mean nothing: random weights or labels
NOT_RUN = "not run"
FAILED = "failed"
NOT_MADE = (FAILED, NOT_RUN)  # a run without scores


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin(Record):
    """The rows whose confidence lies in (low, high]: their mean confidence against their accuracy."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Record):
    """How far confidence and accuracy lie apart, with a 95 % interval. `accuracy` is that of the likeliest label."""

    expected_calibration_error: float
    expected_calibration_error_low: float
    expected_calibration_error_high: float
    mean_confidence: float
    accuracy: float
    bins: list[ReliabilityBin]  # filled ones only, of equal width


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore(Record):
    """One label's scores with their 95 % intervals; 0, in an interval from 0 to 1, where a share of nothing is asked
    for."""

    precision: float
    precision_low: float
    precision_high: float
    recall: float
    recall_low: float
    recall_high: float
    f1: float
    f1_low: float
    f1_high: float
    support: int  # rows that have the label


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy(Record):
    """An accuracy with its 95 % interval, Wilson's, where examples come in groups that of fewer independent ones."""

    rows: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedAccuracy(Accuracy):
    """An accuracy, and the right answers that it counts."""

    correct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(CountedAccuracy):
    """One method on one split."""

    macro_f1: float
    macro_f1_low: float
    macro_f1_high: float
    unparseable: int
    unparseable_share: float
    unparseable_examples: list[str]  # verbatim answers that name no label
    majority_rate: float
    per_class: dict[str, ClassScore]
    confusion: list[list[int]]  # rows: gold label, columns: predicted label, a last column for unparseable answers
    by_tag: dict[str, dict[str, Accuracy]]  # tag → value
    likelihood_accuracy: float | None = None  # the same model, labels scored by likelihood instead of generated
    # Where answers were generated: the accuracy if they are read more or less strictly, by level, "exact" to "lenient".
    accuracy_by_strictness: dict[str, float] | None = None
    calibration: Calibration | None  # where the readout gives probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialScore(Accuracy):
    """One trial of a prompt: everything as the method has it but one choice, on held-out rows."""

    choice: str  # what was varied, such as "temperature"
    value: str
    own: bool  # whether this is how the method itself is set
    shots: list[str]  # ids of the worked examples
    unparseable_share: float
    p_value_holm: float | None = None  # McNemar's against the method's own choice, where that is among the trials


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest(Record):
    """Two predictions of the same rows: the difference of their accuracies, its 95 % interval, McNemar's exact test."""

    difference: float
    difference_low: float
    difference_high: float
    p_value: float  # uncorrected


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(PairedTest):
    """Two methods on the same rows; `difference` is first − second."""

    first: str
    second: str
    rows: int
    first_only: int  # rows that only the first answers rightly
    second_only: int
    p_value_holm: float  # corrected for all pairs of the methods on these rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecord(Record):
    """What `score_predictions` leaves: scores by split; merged variants beside the method itself.

    Where accuracy would mean nothing there are no scores at all: it was not measured.
    """

    made_by: ClassVar[str] = "score_predictions"

    splits: dict[str, Score]  # with two or more test splits also "pooled", all their rows
    trials: list[TrialScore]
    variants: dict[str, dict[str, Score]]  # "merged_into_float32" → split → score
    agreement: dict[str, dict[str, float]]  # variant → split → share of rows with the method's own label
    # variant → split → the variant against the method itself
    merging: dict[str, dict[str, PairedTest]] = field(default_factory=dict)
    status: str  # "ok", "collapsed" or "cost only"
    reason: str | None  # why collapsed, or why accuracy was not measured, as a sentence
