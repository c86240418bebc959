"""Peak memory of training and of prediction on a GPU, by arithmetic from what autograd keeps in each layer.

Counted per token and layer, in 16 bits under mixed precision: queries, keys, values and the attention's output; what
the activation function and a gate read; the two norms' inputs, in 32 bits where torch's own kernel does not serve;
dropout's masks; and what trained linear layers read. The report prints every prediction beside the measured peak.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from fineprint.models.precisions import PRECISIONS
from fineprint.models.unpacking import LEAST_FREE
from fineprint.planning.budget import (
    ADAMW_BYTES,
    BYTES_PER_TOKEN,
    FEWEST_TOKENS,
    FREE_SHARE,
    LEAN_SHARE,
    MOST_TOKENS,
    Fit,
    capture_reserve,
    choose_fit,
    kept_budget,
)
from fineprint.planning.sizes import Sizes, Weights
from fineprint.study.schema import MethodSettings

HALF, SINGLE = 2, 4  # bytes of a number
NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)  # blocks of 64 with a scale of one byte, 256 scales with one of their own
TRAINING_LIBRARY_BYTES, PREDICTION_LIBRARY_BYTES = 70_000_000, 36_000_000  # cuBLAS: two streams' workspaces, one's
ANSWER_TOKENS = 5  # of an answer with its end of text, about
LABEL_TOKENS = 10  # of all labels' answers together, about
PAGED_8BIT_BYTES = 2


@dataclass(frozen=True)
class Need:
    """A predicted peak and its parts, in bytes; `micro_batch` rows go through the model at once."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    workspace: int
    peak: int
    rows: int
    gradient_checkpointing: bool
    fits: bool


@dataclass(frozen=True)
class Load:
    """A method on a model: what all predictions start from.

    Attributes:
        method: its settings.
        sizes: of the model.
        weights: numbers of them.
        tokens: of the longest row, virtual tokens left out.
        gpus: GPUs that share the training.
    """

    method: MethodSettings
    sizes: Sizes
    weights: Weights
    tokens: int
    gpus: int = 1

    @property
    def shards(self) -> int:
        """Over how many GPUs the weights are sharded in training."""
        return self.method.shards(self.gpus)

    @property
    def rows_per_step(self) -> int:
        """Rows of an optimizer step that go through this GPU."""
        training = self.method.training
        assert training is not None
        return math.ceil(training.batch_size * training.gradient_accumulation_steps / self.gpus)

    @property
    def kept_whole(self) -> int:
        """Weights that every GPU holds: a table of embeddings that is the output layer, too, is not sharded."""
        return self.sizes.vocabulary * self.sizes.hidden if self.sizes.tied and self.method.readout.writes_answer else 0

    def part(self, whole: int, bytes_each: float) -> int:
        """Return what a GPU holds of bytes that belong to weights, of which those kept whole take so many each."""
        kept = int(self.kept_whole * bytes_each)
        return kept + (whole - kept) // self.shards

    @property
    def length(self) -> int:
        """Positions that the longest row takes."""
        return self.tokens + self.method.adapter.virtual_tokens

    @property
    def compute_bytes(self) -> int:
        """Bytes of a number that a layer computes with."""
        training = self.method.training
        return SINGLE if training is not None and training.mixed_precision == "no" else HALF

    @property
    def trains_all(self) -> bool:
        """Whether the backbone's own weights are trained."""
        return self.weights.trained > self.weights.linear


def weight_bytes(load: Load, training: bool) -> int:
    """Return what weights take once loaded; frozen linear layers of a float32 model are kept in 16 bits on a GPU."""
    weights, precision = load.weights, PRECISIONS[load.method.precision]
    if training and load.trains_all:
        return weights.total * SINGLE
    halved = load.compute_bytes if training else HALF
    if precision.bits == 4:
        stored = weights.linear * NF4_BYTES + weights.other * HALF
    elif precision.quantized:
        stored = weights.linear + weights.other * HALF
    elif precision.bits == 32:
        stored = (weights.linear + weights.output) * halved + (weights.other - weights.output) * SINGLE
    else:
        stored = weights.total * HALF
    adapter = 0 if load.trains_all else weights.trained * (SINGLE - HALF)  # what is trained is in float32
    return int(stored + adapter)


def kept_per_token(load: Load) -> int:
    """Return what one layer keeps of one token for the backward pass, the inputs of trained layers left out."""
    sizes, number = load.sizes, load.compute_bytes
    # Queries, keys, values and output. The weights of attention are never kept: its kernels compute them again.
    attention = 4 * sizes.attention * number
    # The one-kernel norm keeps its input as it came, a model's own code keeps it in 32 bits.
    fused = sizes.gated and load.shards == 1 and PRECISIONS[load.method.precision].bits < 32
    norms = 2 * (HALF if fused else SINGLE) * sizes.hidden
    feedforward = (3 if sizes.gated else 1) * sizes.feedforward * number
    # A byte for each number behind two dropouts, which Llama's kin do not have.
    masks = 0 if sizes.gated else 2 * sizes.hidden
    return attention + norms + feedforward + masks


def activation_bytes(load: Load, rows: int, gradient_checkpointing: bool) -> int:
    """Return what a micro-batch keeps for its backward pass, output and converted weights included."""
    sizes, tokens = load.sizes, rows * load.length
    if not load.method.adapter.trains:  # a head alone: nothing flows back into the backbone
        return working_bytes(load, tokens)
    layer = tokens * kept_per_token(load)
    # + 1: the mask of an adapter's dropout, a byte a number.
    inputs = tokens * load.weights.trained_inputs * (load.compute_bytes + (0 if load.trains_all else 1))
    if gradient_checkpointing:
        residual = HALF if PRECISIONS[load.method.precision].bits < 32 else SINGLE
        kept = tokens * sizes.layers * sizes.hidden * residual + layer + inputs // sizes.layers
    else:
        kept = layer * sizes.layers + inputs
        # Autocast's 16-bit copies of weights that are trained in 32 bits are kept for the backward pass.
        kept += load.weights.linear * HALF if load.trains_all and load.compute_bytes == HALF else 0
    # Logits in 16 bits, and for the loss and its gradient in 32.
    answers = rows * ANSWER_TOKENS * sizes.vocabulary * (HALF + 2 * SINGLE) if load.method.readout.writes_answer else 0
    return kept + answers


def working_bytes(load: Load, tokens: int) -> int:
    """Return what a pass without gradients holds at once: one layer's tensors."""
    sizes, number = load.sizes, load.compute_bytes
    layer = 4 * sizes.attention * number + 3 * SINGLE * sizes.hidden
    return tokens * (layer + (3 if sizes.gated else 2) * sizes.feedforward * number)


def training_need(load: Load, rows: int, gradient_checkpointing: bool) -> Need:
    """Return the peak of training with so many rows at once, gradients and activations at their highest."""
    training = load.method.training
    assert training is not None
    weights = training_weight_bytes(load)
    trained = load.part(load.weights.trained, 1.0 if load.trains_all else 0.0)
    eight_bit = training.optimizer == "paged_adamw_8bit"
    optimizer, gradients = trained * (PAGED_8BIT_BYTES if eight_bit else ADAMW_BYTES), trained * SINGLE
    kept = activation_bytes(load, rows, gradient_checkpointing)
    whole = rows >= load.rows_per_step
    # In one micro-batch gradients come as activations go. With several, the first one's are there while the next is
    # kept.
    together = max(gradients, kept) if whole else gradients + kept
    backward = 2 * rows * load.length * load.sizes.feedforward * load.compute_bytes
    workspace = TRAINING_LIBRARY_BYTES + load.weights.largest * load.compute_bytes + backward + layer_bytes(load)
    peak = weights + optimizer + together + workspace
    return Need(weights, gradients, optimizer, kept, workspace, peak, rows, gradient_checkpointing, True)


def training_weight_bytes(load: Load) -> int:
    """Return what a GPU holds of the weights in training, between two layers' passes."""
    return load.part(weight_bytes(load, training=True), SINGLE if load.trains_all else HALF)


def layer_bytes(load: Load) -> int:
    """Return what is brought together from several GPUs at once: the largest layer or table, weights and gradients,
    and the layer that comes after it."""
    if load.shards == 1:
        return 0
    layer, table = load.weights.linear // load.sizes.layers, load.sizes.vocabulary * load.sizes.hidden
    return 2 * SINGLE * (max(layer, 0 if load.kept_whole else table) + layer)


def plan_training(load: Load, gpu_bytes: float) -> Need:
    """Return the peak of training on a GPU, its rows cut as training itself would cut them."""
    training = load.method.training
    assert training is not None
    weights = training_weight_bytes(load)
    most = weights + (gpu_bytes - weights) * FREE_SHARE
    wish = load.method.memory
    if wish == "lean":
        most = min(most, weights * (1 + LEAN_SHARE))
    elif wish != "auto":
        most = min(most, float(wish.split()[0]) * 1e9)

    def measure(micro_batch: int, gradient_checkpointing: bool) -> int:
        need = training_need(load, micro_batch, gradient_checkpointing)
        # Where passes are captured: see `can_capture` of `training.stepping`.
        records = not gradient_checkpointing and load.gpus == 1  # on a GPU with bfloat16
        return need.peak + (capture_reserve(need.activations, micro_batch) if records else 0)

    chosen: Fit = choose_fit(
        load.rows_per_step, int(most), wish != "lean" and not training.gradient_checkpointing, measure
    )
    need = training_need(load, chosen.micro_batch, chosen.gradient_checkpointing)
    return Need(**{**asdict(need), "fits": need.peak <= gpu_bytes})


def prediction_need(load: Load, rows: int, unpacked: int = 0, together: int = 0) -> Need:
    """Return the peak of answering.

    Args:
        load: what answers.
        rows: that are read at once.
        unpacked: bytes that hold 4-bit weights a second time.
        together: rows, read in several batches, that then are answered at once; 0 for those of a batch.
    """
    sizes, weights, answered = load.sizes, weight_bytes(load, training=False), max(rows, together)
    kept = rows * load.method.adapter.prefix_tokens * sizes.layers * 2 * sizes.key_value * SINGLE
    if load.method.readout.writes_answer:  # keys and values of the prompts, and logits behind them
        kept += answered * (load.length + LABEL_TOKENS) * kept_bytes(load)
        kept += answered * LABEL_TOKENS * sizes.vocabulary * (HALF + SINGLE)
    tokens = rows * load.length
    workspace = PREDICTION_LIBRARY_BYTES + working_bytes(load, tokens) + load.weights.largest * HALF + unpacked
    return Need(weights, 0, 0, kept, workspace, weights + kept + workspace, rows, False, True)


def kept_bytes(load: Load) -> int:
    """Return the bytes of a token's keys and values in all layers."""
    return load.sizes.layers * 2 * load.sizes.key_value * HALF


def plan_prediction(load: Load, gpu_bytes: float) -> Need:
    """Return the peak of prediction on a GPU, its batches as large as prediction itself would make them."""
    free, most = gpu_bytes - weight_bytes(load, training=False), load.method.prediction_batch_size
    budget = int(max(FEWEST_TOKENS, min(free // BYTES_PER_TOKEN, MOST_TOKENS)))
    rows, together = max(1, min(most, budget // load.length)), 0
    if load.method.readout.writes_answer:
        together = min(most, kept_budget(budget, kept_bytes(load)) // load.length)
    size = load.weights.linear * HALF
    unpacks = PRECISIONS[load.method.precision].bits == 4 and load.method.memory == "auto" and free >= LEAST_FREE * size
    need = prediction_need(load, rows, size if unpacks else 0, together)
    return Need(**{**asdict(need), "fits": need.peak <= gpu_bytes})
