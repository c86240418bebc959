"""A small Llama, pretrained here on pairs of sentences and on questions, in other wordings than the prompt, whether the
two contradict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from fineprint.backbones._demo import DemoSettings, Steps

if TYPE_CHECKING:
    from fineprint.demo.batches import Batch
    from fineprint.demo.documents import Lessons


class Settings(DemoSettings):
    """Pretrained by causal language modeling on text whose last word says whether two sentences contradict each other.

    Attributes:
        other_weight: how much a token weighs that is no answer, against 1 for an answer.
        example_shares: how often a batch holds passages (0 worked examples) or documents with one or more examples.
    """

    kind: Literal["demo_decoder"] = "demo_decoder"
    architecture: Literal["decoder"] = "decoder"
    model_type: ClassVar[str] = "llama"
    positions: ClassVar[int] = 256
    linear: ClassVar[tuple[str, ...]] = ("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj")
    initial_deviation: float = 0.04
    rotation_scale: float = 0.0
    steps: Steps = 5400
    learning_rate: float = 7.0e-4
    left_out: tuple[str, ...] = ("voice",)
    other_weight: float = 0.005
    example_shares: dict[int, float] = {0: 0.4, 1: 0.2, 2: 0.2, 3: 0.2}

    def build_tokenizer(self) -> Any:
        """Return the tokenizer; its pad token is reserved, not the end of text."""
        from fineprint.demo.tokenizer import build_decoder_tokenizer

        return build_decoder_tokenizer()

    def build_model(self, tokenizer: Any) -> Any:
        """Return a Llama with random weights."""
        from transformers import LlamaConfig, LlamaForCausalLM

        config = LlamaConfig(
            **self.shape(tokenizer),
            num_key_value_heads=self.heads,
            max_position_embeddings=self.positions,
            tie_word_embeddings=True,
        )
        return LlamaForCausalLM(config)

    def list_attentions(self, model: Any) -> list[tuple[Any, Any]]:
        """Return each layer's query and key matrices."""
        return [(layer.self_attn.q_proj, layer.self_attn.k_proj) for layer in model.model.layers]

    def draw_batches(self, tokenizer: Any, lessons: Lessons, growth: Callable[[], float]) -> Iterator[Batch]:
        """Return batches of causal language modeling."""
        from fineprint.demo.batches import WordReader, draw_decoder_batches
        from fineprint.demo.tokenizer import DECODER_PATTERN

        reader = WordReader(tokenizer.get_vocab(), DECODER_PATTERN)
        shares = (self.example_shares, self.other_weight)
        return draw_decoder_batches(reader, lessons, growth, self.batch_tokens, *shares)

    def logits_reader(self, model: Any) -> Callable[[Batch], Any]:
        """Return what tells the next token at every position."""
        from fineprint.demo.pretraining import read_decoder_logits

        return read_decoder_logits(model)
