"""What training and prediction leave of one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from fineprint.core.records.base import Record
from fineprint.core.records.jobs import Environment
from fineprint.core.records.measures import Parameters, Phase
from fineprint.core.records.sources import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch(Record):
    """One epoch of training, evaluated on the held-out rows."""

    epoch: int
    training_loss: float
    held_out_loss: float
    held_out_accuracy: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint(Record):
    """A point of the training curve: the mean loss of the steps since the last one."""

    step: int
    loss: float
    learning_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted(Record):
    """How a method was put together on its backbone: what was done, whatever the config asked for."""

    adapted_modules: dict[str, int]  # name of modules → how many of them got an adapter
    weights: int  # tensors of the backbone as loaded, a head that comes with it included
    loaded: int  # of these, from the backbone's files
    random_modules: list[str]  # modules that began at random, heads among them
    head: str | None  # "fresh" (from a random start) or "kept" (from the backbone's files), None without a head


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecord(Record):
    """What `train_method` leaves: `results/{study}/runs/{task}/{method}/{seed}/train.json`. Of a method that trains
    nothing there is only what it was asked to do: the defaults stand for the rest."""

    made_by: ClassVar[str] = "train_method"

    trained: bool  # False for prompting
    run_config: dict[str, Any]  # study, task, method, seed, and the method's resolved `settings`
    seed: int
    rows: int | None = None
    held_out_rows: int | None = None
    truncated_rows: int | None = None  # rows longer than max_length
    epochs: list[Epoch] = field(default_factory=list)
    steps: list[CurvePoint] = field(default_factory=list)  # at most a few hundred
    best_epoch: int | None = None
    parameters: Parameters | None = None
    fitted: Fitted | None = None
    checkpoint_bytes: int | None = None  # read off the disk
    saved_files: dict[str, str] = field(default_factory=dict)  # file name → sha256
    weight_bytes: int | None = None
    gradient_bytes: int | None = None
    optimizer_bytes: int | None = None
    activation_bytes: int | None = None  # kept for the backward pass of the largest micro-batch
    workspace_bytes: int | None = None  # on a GPU: the peak less weights, gradients, optimizer state and activations
    micro_batch: int | None = None  # rows that went through the model at once, at the end
    # Whether activations were computed again in the backward pass instead of being kept.
    gradient_checkpointing: bool | None = None
    planned_peak_bytes: int | None = None  # what the planner says of this training, on a GPU
    processes: int | None = None  # that shared the training, a GPU each
    resumed_from_steps: list[int] = field(default_factory=list)  # where it went on after interruptions
    phases: dict[str, Phase] = field(default_factory=dict)  # "loading", "training"; of an interrupted one all parts
    examples_per_second: float | None = None
    notes: list[str] = field(default_factory=list)  # sentences about choices made on the way, for the report
    environment: Environment | None = None

    @property
    def kept_bytes(self) -> int | None:
        """What the tensors of training hold together; None where a part was not counted."""
        parts = (self.weight_bytes, self.gradient_bytes, self.optimizer_bytes, self.activation_bytes)
        return sum(part for part in parts if part is not None) if None not in parts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedPrompt(Record):
    """Another choice of a prompt, tried on held-out rows."""

    choice: str  # what was varied, such as "temperature"
    value: str
    own: bool  # whether this is how the method itself is set
    shots: list[str]  # ids of the worked examples


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRecord(Record):
    """What `predict_labels` leaves beside the predictions themselves."""

    made_by: ClassVar[str] = "predict_labels"

    run_config: dict[str, Any]
    seed: int
    input_example: str | None  # the first test example as encoded, special tokens included; None where none is read
    truncated_rows: int | None = None  # test examples that were cut
    shots: list[Row]  # the worked examples in the prompt
    parameters: Parameters
    weight_bytes: int
    unpacked_bytes: int | None = None  # of 4-bit weights, held a second time while a GPU had room
    planned_peak_bytes: int | None = None  # what the planner says of this prediction, on a GPU
    phases: dict[str, Phase]  # "loading", "prediction"
    rows_per_second: float | None
    variants: list[str]  # "" (the method itself) and, for merged models, "merged_into_<what>", a key of merge_into
    trials: list[TriedPrompt]
    varies_by_seed: bool  # whether another seed could give other answers: by training, worked examples or sampling
    notes: list[str]
    environment: Environment
