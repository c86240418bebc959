"""What stands out in the answers of a study's methods: one record for each thing that a rule found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from fineprint.core.records.base import Record

# What another split says of a finding.
HOLDS = "holds"
HOLDS_PARTLY = "partly"  # for some of its methods
HOLDS_NOT = "fails"
TOO_FEW = "too few"  # it looks the same there, on too few examples to tell from chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere(Record):
    """Whether a finding holds on another split."""

    split: str
    outcome: str  # HOLDS, HOLDS_PARTLY, HOLDS_NOT or TOO_FEW


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingBase(Record):
    """What every finding says. Counts "over seeds" add the seeds up; accuracies and shares are means over them."""

    task: str
    split: str
    methods: list[str]
    examples: int  # concerned, on average over seeds: its weight
    examples_in_split: int
    p_value_holm: float  # the largest over seeds, corrected for all candidates of its rule
    elsewhere: list[Elsewhere] = field(default_factory=list)  # the task's other test splits, where it can be looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsetErrors(Record):
    """One method's errors in a subset of the examples."""

    method: str
    seeds: int
    errors: int  # in the subset, over seeds
    all_errors: int  # in the split, over seeds
    accuracy: float  # in the subset
    accuracy_elsewhere: float  # on the other examples of the split
    holds_most: bool  # of the method's errors, though it is a small part of the examples


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsetFinding(FindingBase):
    """A subset that holds most of the methods' errors, or in which their accuracy falls far below the rest."""

    kind: Literal["subset"] = "subset"
    tag: str
    value: str
    subset_examples: int
    counts: list[SubsetErrors]
    methods_compared: int
    best: str  # the method with the highest accuracy in the subset, of all compared
    best_accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAnswers(Record):
    """How often a method gives the labels that it neglects."""

    method: str
    seeds: int
    answered: int  # answers that are one of these labels, over seeds
    recall: float  # of these labels
    accuracy: float  # over all examples
    at_ceiling: bool  # whether the accuracy is about what can be reached without these labels


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFinding(FindingBase):
    """Labels that methods never or almost never give as an answer."""

    kind: Literal["label"] = "label"
    labels: list[str]
    label_examples: int  # that have one of these labels
    ceiling: float  # the highest accuracy that can be reached without them
    counts: list[LabelAnswers]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedDiscordance(Record):
    """Examples that only one of two methods answers correctly, for one seed."""

    seed: int
    first_only: int
    second_only: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DominanceFinding(FindingBase):
    """The second method is correct almost nowhere that the first is wrong."""

    kind: Literal["dominance"] = "dominance"
    by_seed: list[SeedDiscordance]
    first_errors: int  # over seeds
    expected: float  # examples that only the second answers correctly, if errors were independent; over seeds


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementFinding(FindingBase):
    """Two methods that agree less, or more, than their scores suggest."""

    kind: Literal["agreement"] = "agreement"
    less: bool
    seeds: int
    difference: float  # of the accuracies, first − second
    disagreement: float  # share of examples with different answers
    own_disagreement: float | None  # the same between two seeds of one method; None where no method has two
    either_wrong: int  # examples, over seeds
    both_wrong: int
    same_wrong: int  # both wrong, with the same answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Record):
    """Where examples that all methods miss are found more often than others; `tag` is "label" for gold labels."""

    tag: str
    value: str
    missed: int
    examples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedFinding(FindingBase):
    """Examples that every run of every method gets wrong."""

    kind: Literal["missed"] = "missed"
    runs: int
    independent_methods: list[str]  # without those that get wrong whatever another gets wrong
    expected: float  # examples, if the errors of these were independent among the examples of each label
    same_answer: int  # of the examples: all runs give one and the same wrong label
    ids: list[str]  # of the first few
    places: list[Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedAnswers(Record):
    """How much the answers of one method change with the seed."""

    method: str
    seeds: int
    examples: int  # that not all seeds answer alike
    disagreement: float  # share of examples that two of the seeds answer differently, on average over pairs of seeds
    accuracy_low: float  # of the seeds
    accuracy_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedsFinding(FindingBase):
    """Methods whose answers change with the seed, more than their scores."""

    kind: Literal["seeds"] = "seeds"
    counts: list[SeedAnswers]


Finding = Annotated[
    SubsetFinding | LabelFinding | DominanceFinding | AgreementFinding | MissedFinding | SeedsFinding,
    Field(discriminator="kind"),
]
