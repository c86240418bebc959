"""A small RoBERTa, pretrained here on pairs of sentences: on masked words, and on whether the two contradict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from fineprint.backbones._demo import DemoSettings, Steps

if TYPE_CHECKING:
    from fineprint.demo.batches import Batch
    from fineprint.demo.documents import Lessons


class Settings(DemoSettings):
    """Pretrained by masked language modeling, and at <s> by whether two sentences contradict each other.

    Attributes:
        masked_share: of ordinary tokens that are masked.
        label_weight: how much more than a masked word it weighs whether the two sentences contradict each other.
    """

    kind: Literal["demo_encoder"] = "demo_encoder"
    architecture: Literal["encoder"] = "encoder"
    model_type: ClassVar[str] = "roberta"
    positions: ClassVar[int] = 130
    linear: ClassVar[tuple[str, ...]] = ("dense", "key", "query", "value")
    initial_deviation: float = 0.03
    rotation_scale: float = 1.0
    steps: Steps = 6000  # with 3,800 what one data seed in four learns is not enough to fine-tune
    learning_rate: float = 7.0e-4
    left_out: tuple[str, ...] = ("numeral", "quantifier", "voice")
    masked_share: float = 0.02
    label_weight: float = 10.0

    def build_tokenizer(self) -> Any:
        """Return the tokenizer, which puts pairs into RoBERTa's form."""
        from fineprint.demo.tokenizer import build_encoder_tokenizer

        return build_encoder_tokenizer()

    def build_model(self, tokenizer: Any) -> Any:
        """Return a RoBERTa with random weights."""
        from transformers import RobertaConfig, RobertaForMaskedLM

        config = RobertaConfig(
            **self.shape(tokenizer),
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            max_position_embeddings=self.positions,
            type_vocab_size=2,
        )
        return RobertaForMaskedLM(config)

    def list_attentions(self, model: Any) -> list[tuple[Any, Any]]:
        """Return each layer's query and key matrices."""
        attentions = [layer.attention.self for layer in model.roberta.encoder.layer]
        return [(attention.query, attention.key) for attention in attentions]

    def draw_batches(self, tokenizer: Any, lessons: Lessons, growth: Callable[[], float]) -> Iterator[Batch]:
        """Return batches of masked language modeling."""
        from fineprint.demo.batches import WordReader, draw_encoder_batches
        from fineprint.demo.tokenizer import ENCODER_PATTERN

        reader = WordReader(tokenizer.get_vocab(), ENCODER_PATTERN)
        return draw_encoder_batches(reader, lessons, growth, self.batch_tokens, self.masked_share, self.label_weight)

    def logits_reader(self, model: Any) -> Callable[[Batch], Any]:
        """Return what runs the output layer where a token was masked."""
        from fineprint.demo.pretraining import read_encoder_logits

        return read_encoder_logits(model)
