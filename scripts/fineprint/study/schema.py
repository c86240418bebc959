"""A study as settings: its training, methods, runs, and the whole. Reading a config into them is in `reading`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SerializeAsAny, model_validator

from fineprint.adapters import AdapterSettings
from fineprint.backbones import BackboneSettings
from fineprint.core.settings import MEMORY_WISH, Distinct, MemoryWish, Settings, ShownText
from fineprint.models.precisions import MERGE_TARGETS, PRECISIONS
from fineprint.readouts import InputForm, ReadoutSettings
from fineprint.study.hardware import HardwareSettings
from fineprint.study.serving_schema import ServingSettings
from fineprint.tasks import TaskSettings

Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy takes
# The names are for editors alone: `conflicts` refuses others, in a sentence that says what is accepted.
Precision = Annotated[str, Field(json_schema_extra={"enum": list(PRECISIONS)})]
MergeTarget = Annotated[str, Field(json_schema_extra={"enum": list(MERGE_TARGETS)})]


class TrainingSettings(Settings):
    """How a method is trained. One optimizer step sees `batch_size` × `gradient_accumulation_steps` rows.

    Attributes:
        epochs: the best of which, by the held-out rows, is kept.
        learning_rate: the highest, reached after the warm-up; it then falls linearly to 0.
        batch_size: rows per micro-batch; on a GPU a step is cut as memory allows.
        gradient_accumulation_steps: micro-batches per optimizer step.
        weight_decay: of weight matrices; biases and norms have none.
        warmup_ratio: of all steps, over which the learning rate rises.
        max_grad_norm: to which a step's gradients are clipped.
        optimizer: paged_adamw_8bit keeps its state in 8 bits, and in the memory of the computer where the GPU has none
            left.
        mixed_precision: auto is bf16 on a GPU that has it, no on a CPU.
        gradient_checkpointing: recompute activations in the backward pass instead of keeping them: slower, in less
            memory.
        shard_weights: the GPUs that share a training (`hardware.gpus_per_run`) share the weights, too, instead of
            holding all of them each; alone it changes nothing.
    """

    epochs: int = Field(3, ge=1, le=10_000)
    learning_rate: float = Field(gt=0, le=10)
    batch_size: int = Field(8, ge=1, le=100_000)
    gradient_accumulation_steps: int = Field(1, ge=1, le=100_000)
    weight_decay: float = Field(0.01, ge=0, le=10)
    warmup_ratio: Share = 0.06
    max_grad_norm: float = Field(1.0, gt=0)
    optimizer: Literal["adamw", "paged_adamw_8bit"] = "adamw"
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = "auto"
    gradient_checkpointing: bool = False
    shard_weights: bool = False

    @model_validator(mode="after")
    def check_sharding(self) -> TrainingSettings:
        """Refuse what cannot work on a part of the weights."""
        for name, refused in (("optimizer", "paged_adamw_8bit"), ("mixed_precision", "fp16")):
            if self.shard_weights and getattr(self, name) == refused:
                raise ValueError(f"shard_weights cannot be combined with {name}: {refused}; change one of the two")
        return self


SweptValue = bool | int | float | str
Sweep = dict[str, Annotated[tuple[SweptValue, ...], Distinct, Field(min_length=1)]]


class SweptKeys(Settings):
    """The `sweep` of a method by itself, since it is expanded before the method is read.

    Attributes:
        sweep: values by the path of a key, such as adapter.rank.
    """

    sweep: Sweep = Field(min_length=1)


class SweepSettings(Settings):
    """What became of a sweep.

    Attributes:
        title: of the method that was swept.
        rows: by the name of each method that it was expanded to, the swept keys with their values.
    """

    title: ShownText = ""
    rows: dict[str, dict[str, SweptValue]]


class MethodSettings(Settings):
    """A method: a backbone, independent choices, and how it is trained.

    Attributes:
        title: what the report calls it; changing it retrains nothing.
        backbone: a name under `backbones`.
        precision: how the backbone is stored; nf4 is 4 bits, double quantization.
        adapter: how the backbone is changed.
        readout: how an answer is read off it.
        training: left out where nothing is trained.
        input: what text the model sees: pair, the tokenizer's own form of one or two texts, or prompt, the task's
            prompt, in chat turns where the tokenizer has a chat template. Null is prompt for a decoder, pair for an
            encoder; generation reads prompts only.
        fields: the texts of a row that the model sees, by the task's names for them; null for all.
        max_length: tokens; longer inputs are cut and counted.
        prediction_batch_size: rows answered at once, at most; on a GPU fewer where its memory is small.
        memory: of a GPU: auto (what is free), lean (little more than the weights), or a size such as 12 GB.
        merge_into: what the adapter is added to after training, and compared: the backbone's original weights at a
            precision, such as bfloat16, or, as dequantized_bfloat16, the weights that a quantized backbone computes
            with, for which the adapter was trained.
        sweep: values by the path of a key of the method, such as adapter.rank; if the method is run, it stands for one
            method for each value, or each combination of values. Null where nothing is swept.
    """

    title: Annotated[ShownText, Field(max_length=200)] = ""
    backbone: str
    precision: Precision = "float32"
    # SerializeAsAny: else the run's settings would be written with the keys of the base class alone.
    adapter: SerializeAsAny[AdapterSettings]
    readout: SerializeAsAny[ReadoutSettings]
    training: TrainingSettings | None = None
    input: InputForm | None = None
    fields: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    max_length: int = Field(128, ge=8, le=1_000_000)
    prediction_batch_size: int = Field(64, ge=1, le=100_000)
    memory: MemoryWish = Field("auto", json_schema_extra={"pattern": f"^({MEMORY_WISH.pattern})$"})
    merge_into: Annotated[tuple[MergeTarget, ...], Distinct] = ()
    sweep: Sweep | None = None

    @property
    def trains(self) -> bool:
        """Whether anything is trained: an adapter, a head, or both."""
        return self.adapter.trains or self.readout.trains

    @property
    def varies_by_seed(self) -> bool:
        """Whether another seed could give other answers."""
        return self.trains or self.readout.draws

    def shards(self, gpus: int) -> int:
        """Return over how many of a run's GPUs, or processes, the weights are sharded in training."""
        return max(1, gpus) if self.training is not None and self.training.shard_weights else 1


class RunSettings(Settings):
    """What of the config is run: every task × method × seed.

    Attributes:
        tasks: names under `tasks`.
        methods: names under `methods`.
        seeds: of training: heads, adapters, batches, dropout, and which worked example is drawn.
    """

    tasks: tuple[str, ...] = Field(min_length=1)
    methods: tuple[str, ...] = Field(min_length=1)
    seeds: tuple[Seed, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def check_repeats(self) -> RunSettings:
        """Refuse what is named twice: it would count as a run of its own."""
        for key in ("tasks", "methods", "seeds"):
            values = getattr(self, key)
            if repeated := [value for value in values if values.count(value) > 1]:
                raise ValueError(f"{key}: {repeated[0]} is named more than once")
        return self


class StudyConfig(Settings):
    """A whole study, as the report is made of it.

    Attributes:
        study: its name: results go to results/{study}/.
        title: of the report.
        description: a sentence or two under the title.
        margin: the difference in accuracy, in percentage points, that does not matter: two methods are equivalent where
            their difference certainly lies within it.
        data_seed: of generated rows, of the held-out cut and of pretraining.
        tasks: where rows come from, by a name of your choice.
        backbones: where models come from, by a name of your choice.
        methods: what is compared, by a name of your choice.
        run: what of all this is run.
        sweeps: what the methods with a `sweep` were expanded to, by their names. Filled in when the config is read.
        serving: many tasks on one backbone; null leaves the part out.
        hardware: what a job asks for.
    """

    study: str
    title: Annotated[ShownText, Field(min_length=1, max_length=300)]
    description: ShownText = ""
    # From 0.1 on, so that a share such as 0.01 is refused instead of being taken for a hundredth of a point.
    margin: float = Field(1.0, ge=0.1, le=20)
    data_seed: Seed = 42
    tasks: dict[str, SerializeAsAny[TaskSettings]]
    backbones: dict[str, SerializeAsAny[BackboneSettings]]
    methods: dict[str, MethodSettings]
    run: RunSettings
    sweeps: dict[str, SweepSettings] = {}
    serving: ServingSettings | None = None
    hardware: HardwareSettings = HardwareSettings()
