"""What the two demo backbones share: sizes, pretraining, writing the model folder.

What is taught is a neighbor of the task, not the task: `demo/documents.py` says how. Settings are chosen on other data
seeds (7, 11, 13, 17) than the one that is published (42).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from fineprint.backbones import BackboneSettings

if TYPE_CHECKING:
    from fineprint.demo.batches import Batch
    from fineprint.demo.documents import Lessons


Steps = Annotated[int, Field(ge=0, le=10_000_000)]
Size = Annotated[int, Field(ge=8, le=100_000)]


class DemoSettings(BackboneSettings):
    """Size and pretraining of a demo backbone; each kind's defaults are tuned together for the study "demo".

    Attributes:
        hidden_size: width of the hidden states.
        layers: of the transformer.
        heads: of attention in every layer.
        feedforward_size: width of the feed-forward network.
        initial_deviation: standard deviation of the random weights.
        rotation_scale: of what queries and keys start with in common.
        steps: of pretraining; 0 leaves the weights random.
        batch_tokens: tokens of a batch, about.
        matrix_learning_rate: of the matrices inside the layers (Muon).
        learning_rate: of everything else (AdamW).
        warmup_steps: over which both rates rise.
        phrase_share: of the steps that see short phrases only.
        growing_share: of the steps over which sentences then grow.
        left_out: phenomena whose whole sentences pretraining never holds, so that fine-tuning has something to teach.
    """

    origin: ClassVar[str] = (
        "learned from a short pretraining by this workflow whether two made-up sentences contradict each other, never "
        "which of a task's labels they have"
    )
    model_type: ClassVar[str]
    positions: ClassVar[int]
    linear: ClassVar[tuple[str, ...]]  # names of linear modules in every layer
    hidden_size: Size = 64
    layers: int = Field(2, ge=1, le=100)
    heads: int = Field(4, ge=1, le=1_000)
    feedforward_size: Size = 256
    initial_deviation: float
    rotation_scale: float
    steps: Steps
    batch_tokens: int = Field(640, ge=64, le=1_000_000)
    matrix_learning_rate: float = Field(4.0e-3, gt=0, le=10)
    learning_rate: float = Field(gt=0, le=10)
    warmup_steps: int = Field(100, ge=0, le=10_000_000)
    phrase_share: float = Field(0.15, ge=0, le=1)
    growing_share: float = Field(0.35, ge=0, le=1)
    left_out: tuple[str, ...]

    @abstractmethod
    def build_tokenizer(self) -> Any:
        """Return the word-level tokenizer."""

    @abstractmethod
    def build_model(self, tokenizer: Any) -> Any:
        """Return the model with random weights."""

    @abstractmethod
    def list_attentions(self, model: Any) -> list[tuple[Any, Any]]:
        """Return each layer's query and key matrices."""

    @abstractmethod
    def draw_batches(self, tokenizer: Any, lessons: Lessons, growth: Callable[[], float]) -> Iterator[Batch]:
        """Return the endless batches of pretraining."""

    @abstractmethod
    def logits_reader(self, model: Any) -> Callable[[Batch], Any]:
        """Return what runs the model where something is to be told."""

    def read_config(self, model: Path) -> dict[str, Any]:
        """Return the configuration of the model that was pretrained, or what is known of it before."""
        known = {"model_type": self.model_type, "max_position_embeddings": self.positions}
        return super().read_config(model) or known

    def list_linear(self) -> list[str]:
        """Return the names of the linear modules."""
        return list(self.linear)

    def plan_config(self, model: Path) -> Any:
        """Return the configuration of the model that will be pretrained."""
        import torch

        with torch.device("meta"):
            return self.build_model(self.build_tokenizer()).config

    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Pretrain the model and write it into the folder; return the facts for the record."""
        import torch

        from fineprint.backbones._forbidden_pairs import list_test_pairs
        from fineprint.demo.documents import Lessons
        from fineprint.demo.pretraining import PretrainingProgress, Rates, pretrain, tie_queries_to_keys
        from fineprint.demo.tokenizer import save_tokenizer

        torch.manual_seed(seed)
        tokenizer = self.build_tokenizer()
        model = self.build_model(tokenizer)
        tie_queries_to_keys(self.list_attentions(model), self.rotation_scale)
        lessons = Lessons(Random(f"{seed} {self.architecture}"), self.left_out, list_test_pairs(seed))
        progress = PretrainingProgress(self.steps, self.phrase_share, self.growing_share)
        rates = Rates(self.matrix_learning_rate, self.learning_rate, self.warmup_steps)
        batches = self.draw_batches(tokenizer, lessons, progress.growth)
        facts = pretrain(model, self.logits_reader(model), batches, progress, rates)
        model.save_pretrained(folder)
        save_tokenizer(tokenizer, folder)
        return facts | {"dropped_test_pairs": lessons.dropped}

    def shape(self, tokenizer: Any) -> dict[str, Any]:
        """Return what both models' configurations say in the same words."""
        return {
            "vocab_size": len(tokenizer),
            "hidden_size": self.hidden_size,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.feedforward_size,
            "initializer_range": self.initial_deviation,
            "bos_token_id": tokenizer.bos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
        }
