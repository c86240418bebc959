"""Readouts: how an answer is read off a backbone.

A readout is one file in this folder with a class `Settings(ReadoutSettings)` whose `build` returns a `Readout`. The
training loop and prediction know none by name. Importing a file here must not import torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from fineprint.core.plain_code import PlainCode
from fineprint.core.settings import Settings
from fineprint.models.loading import Found
from fineprint.tasks import Row

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

EncodedExample = dict[str, list[int]]
Batch = dict[str, "torch.Tensor"]
# What text the model sees: the tokenizer's own form of one or two texts, or the task's prompt.
InputForm = Literal["pair", "prompt"]


@dataclass(frozen=True)
class TaskWording:
    """What a readout needs to know of a task."""

    labels: tuple[str, ...]
    answers: tuple[str, ...]
    prompt: str


@dataclass
class Context:
    """What a readout is built for.

    Attributes:
        task: labels, answers and wording.
        tokenizer: the backbone's, with a pad token that is not end-of-text.
        max_length: the longest input, virtual tokens not counted.
        seed: of whatever the readout draws.
        training_rows: rows that worked examples may be drawn from; never held-out or test rows.
        fields: the texts of a row that the model sees, None for all of them.
        token_types: whether the model tells the two texts of a pair by token types.
        input: the form of an input, where the readout accepts both.
    """

    task: TaskWording
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    seed: int
    training_rows: list[Row] = field(default_factory=list)
    fields: tuple[str, ...] | None = None
    token_types: bool = True
    input: InputForm = "pair"

    def show(self, row: Row) -> Row:
        """Return a row with no other texts than the model sees, in the order of the task's."""
        if self.fields is None:
            return row
        return replace(row, texts={name: text for name, text in row.texts.items() if name in self.fields})


@dataclass
class Prediction:
    """One row's answer.

    Attributes:
        label: position in the task's labels, or None where the answer names none (then it counts as wrong).
        probabilities: over the labels in their order, where the readout gives them.
        answer: the text as generated, for readouts that generate.
        likelihood_label: the label the same model gives the highest likelihood, for readouts that generate.
        readings: by level of strictness, the label or None that the text then names, for readouts that generate.
    """

    label: int | None
    probabilities: list[float] | None = None
    answer: str | None = None
    likelihood_label: int | None = None
    readings: dict[str, int | None] | None = None


class Readout(ABC):
    """Turns rows into inputs, and outputs into losses and answers.

    Attributes:
        model_arguments: for the model card, what that class is told beside where and how to load.
        keep_unquantized: modules that stay at full precision on a quantized backbone.
        waits: whether a pass has to look at its batch, so that it cannot be recorded on a GPU.
    """

    model_arguments: ClassVar[tuple[str, ...]] = ()
    keep_unquantized: ClassVar[tuple[str, ...]] = ()
    waits: ClassVar[bool] = False
    input_example: str | None = None
    shots: list[Row]

    def __init__(self, settings: ReadoutSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self.truncated_rows = 0
        self.found = Found(0, [])  # of the model's weights, in the folder that it was loaded from
        self.head_start: str | None = None  # "fresh" or "kept", where there is a head
        self.random_modules: tuple[str, ...] = ()  # paths of what begins at random
        self.shots = []

    @abstractmethod
    def load_backbone(self, folder: Path, precision: str) -> torch.nn.Module:
        """Load the Transformers model that the adapter is applied to; an empty module where answers need none."""

    def start_head(self, model: torch.nn.Module) -> tuple[str, ...]:
        """Begin a head that came with the loaded model as it is to begin in training; return the paths of what is then
        trained and saved with the adapter."""
        return ()

    def attach_head(self, model: torch.nn.Module) -> torch.nn.Module:
        """Put the readout's own head, if it has one, on an adapted model."""
        return model

    def adapted_model(self, module: torch.nn.Module) -> torch.nn.Module:
        """Return the part of what `attach_head` returned that the adapter saves."""
        return module

    @abstractmethod
    def head_names(self, module: torch.nn.Module) -> tuple[str, ...]:
        """Return the names of the modules that make up the head; a parameter below one of them belongs to it."""

    def save_head(self, module: torch.nn.Module, folder: Path) -> None:
        """Write a head that the adapter does not save."""

    def load_head(self, module: torch.nn.Module, folder: Path) -> None:
        """Read what `save_head` wrote."""

    def plain_code(self) -> PlainCode | None:
        """Return how a row is answered without this project, for the model card; None where that cannot be said."""
        return None

    def encode(self, row: Row, with_answer: bool) -> EncodedExample:
        """Turn a row into token ids, with the gold answer for training or without it for prediction."""
        return self.encode_all([row], with_answer)[0]

    def encode_all(self, rows: list[Row], with_answer: bool) -> list[EncodedExample]:
        """Turn rows into token ids as `encode` does."""
        # The one place where rows become inputs, so that no readout can forget which texts the model may see.
        return self.encode_shown([self.context.show(row) for row in rows], with_answer)

    @abstractmethod
    def encode_shown(self, rows: list[Row], with_answer: bool) -> list[EncodedExample]:
        """Turn rows, which hold only the texts that the model sees, into token ids; several at once may be faster."""

    def note_example(self, row: Row) -> None:
        """Keep a row's input, special tokens included, as the example that the report shows, if there is none yet."""
        if self.input_example is None:
            cut = self.truncated_rows
            [example] = self.encode_shown([self.context.show(row)], with_answer=False)
            self.truncated_rows = cut  # the row is encoded again with the others
            if ids := example.get("prompt") or example.get("input_ids"):
                self.input_example = self.context.tokenizer.decode(ids, clean_up_tokenization_spaces=False)

    @abstractmethod
    def collate(self, examples: list[EncodedExample], length: int | None = None) -> Batch:
        """Pad examples to one length and stack them.

        Args:
            examples: all with answers, or all without.
            length: given for a training step: what to pad to. The batch then holds only what the loss needs, in
                tensors whose shapes depend on `length` and the number of examples alone.
        """

    def count_terms(self, examples: list[EncodedExample]) -> int:
        """Return over how many terms the loss of a batch is the mean: its rows, as a rule."""
        return len(examples)

    @abstractmethod
    def loss(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the mean loss of a batch of examples with answers."""

    @abstractmethod
    def evaluate(self, module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return per row of a held-out batch the loss and whether the most likely label is right."""

    def expect(self, module: torch.nn.Module, examples: list[EncodedExample]) -> int:
        """Be told which examples are answered next, in batches, by the module as it is; none ends it.

        Returns:
            How many tokens they all begin with that are read once for all of them.
        """
        return 0

    @abstractmethod
    def answer(self, module: torch.nn.Module, batch: Batch) -> Any:
        """Answer a batch of examples without answers, as tensors that the GPU may still be working on."""

    def kept_bytes(self, module: torch.nn.Module) -> int:
        """Return the bytes that are kept of every token of a batch until it is answered; 0 where batches are answered
        each by itself."""
        return 0

    def answer_together(self, module: torch.nn.Module, batches: list[Batch]) -> Any:
        """Answer batches as one, their rows in this order; several only where something is kept of them."""
        [batch] = batches
        return self.answer(module, batch)

    @abstractmethod
    def read_off(self, answers: Any) -> list[Prediction]:
        """Wait for what `answer` returned and turn it into one prediction per row."""

    def predict(self, module: torch.nn.Module, batch: Batch) -> list[Prediction]:
        """Answer a batch of examples without answers."""
        return self.read_off(self.answer(module, batch))


@dataclass(frozen=True)
class Trial:
    """A readout set otherwise in one choice, to be tried on held-out rows with the same model.

    Attributes:
        choice: what is varied, such as "temperature".
        value: how it is set here.
        own: whether this is how the method itself is set.
        settings: the readout's settings with that choice.
        seed: of what the readout draws.
    """

    choice: str
    value: str
    own: bool
    settings: ReadoutSettings
    seed: int


class ReadoutSettings(Settings):
    """What every readout has.

    Attributes:
        kind: the file's name.
        architectures: backbones it works on.
        peft_task: PEFT's name for what the model is then used for.
        auto_class: the Transformers class that the backbone is loaded by; the planner and the model card ask for it.
        trains: whether it has a head that is trained even where the adapter trains nothing.
        writes_answer: whether the answer is text that a language model writes.
        inputs: the forms of an input that it accepts.
        loads_backbone: False where answers need no model at all: nothing is planned, and no adapter can be put on.
        explanation: one or two sentences for the report.
    """

    kind: str
    architectures: ClassVar[frozenset[str]]
    peft_task: ClassVar[str]
    auto_class: ClassVar[str] = "AutoModel"
    trains: ClassVar[bool] = True
    writes_answer: ClassVar[bool] = False
    inputs: ClassVar[tuple[InputForm, ...]] = ("pair", "prompt")
    loads_backbone: ClassVar[bool] = True
    title: ClassVar[str]
    explanation: ClassVar[str]

    @property
    def draws(self) -> bool:
        """Whether anything in answering is drawn by the seed, such as worked examples or the tokens of an answer."""
        return False

    @abstractmethod
    def build(self, context: Context) -> Readout:
        """Return the readout for a task and a tokenizer."""

    def count_head(self, width: int, labels: int) -> int:
        """Return the weights of a head that is not part of the Transformers model, which is `width` wide."""
        return 0

    def list_trials(self, seed: int) -> list[Trial]:
        """Return what is to be tried beside these settings; nothing, as a rule."""
        return []

    def trial_rows(self) -> int:
        """Return how many held-out rows each trial answers, at most."""
        return 0

    def refuse(self, adapter_trains: bool) -> str | None:
        """Return why these settings cannot be used, as the end of a sentence, or None."""
        return None

    def refuse_model(self, config: Mapping[str, Any], labels: Sequence[str]) -> str | None:
        """Return why they cannot be used with a model and a task, as a sentence, or None.

        Args:
            config: the model's config.json.
            labels: the task's.
        """
        return None
