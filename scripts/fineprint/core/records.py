"""The JSON records that jobs leave behind, and reading and writing them.

A figure that could not be measured is `None` in a record and "not measured" in the report: never 0, never a guess.
All sizes are bytes, all times seconds.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

if TYPE_CHECKING:
    pass

COST_ONLY = "cost only"  # the status of a run whose accuracy would mean nothing: random weights or labels


class Memory(TypedDict):
    """Memory of one phase. On a CPU only the resident figures exist, on a GPU also the device's."""

    baseline_resident_bytes: int | None
    peak_resident_bytes: int | None  # over the baseline: what this phase added
    peak_allocated_bytes: int | None  # torch's allocator on the GPU
    peak_reserved_bytes: int | None  # what torch holds from the driver
    driver_used_bytes: int | None  # what the driver reports for the whole GPU


class Phase(TypedDict):
    """One phase of a job: loading, training or prediction."""

    seconds: float
    memory: Memory
    energy_joules: float | None  # of the whole GPU, by its own counter


class Parameters(TypedDict):
    """Numbers of parameters; quantised weights count at their full number. `adapter` is everything trained outside
    the head, which for full fine-tuning is the backbone itself. `share` is (adapter + head) / total."""

    adapter: int
    head: int
    total: int
    share: float


class Epoch(TypedDict):
    """One epoch of training, evaluated on the held-out rows."""

    epoch: int
    training_loss: float
    held_out_loss: float
    held_out_accuracy: float
    learning_rate: float
    seconds: float


class TrainRecord(TypedDict):
    """What `train_method` leaves: `results/{study}/runs/{task}/{method}/{seed}/train.json`."""

    trained: bool  # False for prompting: nothing was trained, and what only training has is None
    run_config: dict[str, Any]  # the resolved method: backbone, precision, adapter, readout, training, …
    seed: int
    rows: int | None
    held_out_rows: int | None
    truncated_rows: int | None  # rows longer than max_length
    epochs: list[Epoch]
    steps: list[dict[str, float]]  # {"step", "loss", "learning_rate"}: the training curve, at most a few hundred points
    best_epoch: int | None
    parameters: Parameters | None
    checkpoint_bytes: int | None  # read off the disk
    saved_files: dict[str, str]  # file name → sha256
    weight_bytes: int | None
    gradient_bytes: int | None
    optimizer_bytes: int | None
    activation_bytes: int | None  # kept for the backward pass of the largest micro-batch
    workspace_bytes: int | None  # on a GPU: the peak less weights, gradients, optimizer state and activations
    micro_batch: int | None  # rows that went through the model at once, at the end
    gradient_checkpointing: (
        bool | None
    )  # whether activations were computed again in the backward pass instead of being kept
    planned_peak_bytes: NotRequired[int | None]  # what the planner says of this training, on a GPU
    processes: int | None  # that shared the training, a GPU each
    resumed_from_steps: list[int]  # where training went on after interruptions; empty if there were none
    phases: dict[str, Phase]  # "loading", "training"; all parts of an interrupted training together
    examples_per_second: float | None
    notes: list[str]  # sentences about choices made on the way, for the report
    environment: dict[str, Any]


class PredictRecord(TypedDict):
    """What `predict_labels` leaves beside the predictions themselves."""

    run_config: dict[str, Any]
    seed: int
    prompt_example: str | None  # the first prompt exactly as sent, for readouts that use one
    shots: list[dict[str, Any]]  # the worked examples in the prompt, as rows
    parameters: Parameters
    weight_bytes: int
    planned_peak_bytes: NotRequired[int | None]  # what the planner says of this prediction, on a GPU
    phases: dict[str, Phase]  # "loading", "prediction"
    rows_per_second: float | None
    variants: list[str]  # "" (the method itself) and, for merged models, "merged_into_<precision>"
    trials: list[dict[str, Any]]  # other choices tried on held-out rows: "choice", "value", "own", "shots"
    notes: list[str]
    environment: dict[str, Any]


class ReliabilityBin(TypedDict):
    """The rows whose confidence lies in (low, high]: their mean confidence against their accuracy."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


class Calibration(TypedDict):
    """How far confidence and accuracy lie apart. `accuracy` is that of the likeliest label."""

    expected_calibration_error: float
    mean_confidence: float
    accuracy: float
    bins: list[ReliabilityBin]  # filled ones only, of equal width


class Score(TypedDict):
    """One method on one split. Intervals are 95 %: Wilson's for accuracies, bootstrap over rows for macro-F1."""

    rows: int
    correct: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    macro_f1: float
    macro_f1_low: float
    macro_f1_high: float
    unparseable: int
    unparseable_share: float
    unparseable_examples: list[str]  # verbatim answers that name no label
    majority_rate: float
    per_class: dict[str, dict[str, float]]  # label → precision, recall, f1, support
    confusion: list[list[int]]  # rows: gold label, columns: predicted label, a last column for unparseable answers
    by_tag: dict[str, dict[str, dict[str, float]]]  # tag → value → rows, accuracy, accuracy_low, accuracy_high
    likelihood_accuracy: NotRequired[float | None]  # the same model, labels scored by likelihood instead of generated
    calibration: Calibration | None  # where the readout gives probabilities


class TrialScore(TypedDict):
    """One trial of a prompt: everything as the method has it but one choice, on held-out rows."""

    choice: str  # what was varied, such as "temperature"
    value: str
    own: bool  # whether this is how the method itself is set
    shots: list[str]  # ids of the worked examples
    rows: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    unparseable_share: float
    p_value_holm: NotRequired[float]  # McNemar's against the method's own choice, where that is among the trials


class PairedTest(TypedDict):
    """Two predictions of the same rows: the difference of their accuracies, its 95 % interval, McNemar's exact test."""

    difference: float
    difference_low: float
    difference_high: float
    p_value: float  # uncorrected


class ScoreRecord(TypedDict):
    """What `score_predictions` leaves: scores by split; merged variants beside the method itself.

    Where accuracy would mean nothing there are no scores at all: it was not measured.
    """

    splits: dict[str, Score]  # with two or more test splits also "pooled", all their rows
    trials: list[TrialScore]
    variants: dict[str, dict[str, Score]]  # "merged_into_float32" → split → score
    agreement: dict[str, dict[str, float]]  # variant → split → share of rows with the method's own label
    merging: NotRequired[dict[str, dict[str, PairedTest]]]  # variant → split → the variant against the method itself
    status: str  # "ok", "collapsed" or "cost only"
    reason: str | None  # why collapsed, or why accuracy was not measured, as a sentence


class Run(TypedDict):
    """One run in `results.json`: a method, a task, a seed."""

    task: str
    method: str
    seed: int
    title: str
    status: str  # "ok", "collapsed", "cost only" or "not run"
    reason: str | None
    train: TrainRecord | None
    predict: PredictRecord | None
    scores: ScoreRecord | None


class Results(TypedDict):
    """`results/{study}/results.json`: all the report is made from."""

    study: dict[str, Any]  # the resolved config
    provenance: dict[str, Any]
    tasks: dict[str, dict[str, Any]]  # the task records, see tasks._rows.describe_task
    backbones: dict[str, dict[str, Any]]  # the backbone records
    runs: list[Run]
    comparisons: list[dict[str, Any]]  # paired tests, see scoring.statistics.compare_paired
    serving: NotRequired[dict[str, Any] | None]  # many tasks on one backbone, see results.collecting_serving


def write_json(path: Path, record: Any) -> None:
    """Write a record readably and whole: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def read_json(path: Path) -> Any:
    """Read a record."""
    return json.loads(path.read_text(encoding="utf-8"))


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_folder(folder: Path) -> dict[str, str]:
    """Return relative file name → sha256 for every file below `folder`, hidden ones left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in files}


def folder_bytes(folder: Path) -> int:
    """Return the bytes that the files below `folder` take, hidden ones left out."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def read_predictions(path: Path) -> list[dict[str, Any]]:
    """Read what `write_predictions` wrote."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
