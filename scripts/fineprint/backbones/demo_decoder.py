"""A small Llama, pretrained here on text of the demo study and on worked examples in other wordings than the prompt."""

from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal

from fineprint.backbones import BackboneSettings


class Settings(BackboneSettings):
    """Size and pretraining of the decoder; the defaults are tuned together for the study "demo".

    `example_shares` says how often a batch holds passages (0 worked examples) or documents with one or more worked
    examples. Widths have to be multiples of 64: others crash in NF4 on a CPU.
    """

    kind: Literal["demo_decoder"] = "demo_decoder"
    origin: ClassVar[str] = "came out of a short pretraining on made-up text, by this workflow itself"
    architecture: Literal["decoder"] = "decoder"
    hidden_size: int = 64
    layers: int = 2
    heads: int = 4
    feedforward_size: int = 256
    initial_deviation: float = 0.04
    rotation_scale: float = 0.0
    steps: int = 5400
    batch_tokens: int = 640
    matrix_learning_rate: float = 4.0e-3
    learning_rate: float = 7.0e-4
    warmup_steps: int = 100
    phrase_share: float = 0.15
    growing_share: float = 0.35
    other_weight: float = 0.005
    example_shares: dict[int, float] = {0: 0.4, 1: 0.2, 2: 0.2, 3: 0.2}
    left_out: tuple[str, ...] = ("voice",)
    three_way_share: float = 0.2

    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Pretrain the decoder and write it into the folder; return the facts for the record."""
        import torch

        from fineprint.demo.batches import WordReader, draw_decoder_batches
        from fineprint.demo.documents import Lessons
        from fineprint.demo.pretraining import Progress, Rates, pretrain, read_decoder_logits
        from fineprint.demo.test_pairs import list_test_pairs
        from fineprint.demo.tokenizer import DECODER_PATTERN, build_decoder_tokenizer, save_tokenizer

        torch.manual_seed(seed)
        tokenizer = build_decoder_tokenizer()
        model = self._build_model(tokenizer)
        lessons = Lessons(Random(f"{seed} decoder"), self.left_out, list_test_pairs(seed))
        progress = Progress(self.steps, self.phrase_share, self.growing_share)
        batches = draw_decoder_batches(
            WordReader(tokenizer.get_vocab(), DECODER_PATTERN),
            lessons,
            progress.growth,
            self.batch_tokens,
            self.example_shares,
            self.other_weight,
            self.three_way_share,
        )
        rates = Rates(self.matrix_learning_rate, self.learning_rate, self.warmup_steps)
        facts = pretrain(model, read_decoder_logits(model), batches, progress, rates)
        model.save_pretrained(folder)
        save_tokenizer(tokenizer, folder)
        return facts | {"dropped_test_pairs": lessons.dropped}

    def _build_model(self, tokenizer: Any) -> Any:
        from transformers import LlamaConfig, LlamaForCausalLM

        from fineprint.demo.pretraining import tie_queries_to_keys

        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=self.hidden_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            intermediate_size=self.feedforward_size,
            initializer_range=self.initial_deviation,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
        model = LlamaForCausalLM(config)
        attentions = [layer.self_attn for layer in model.model.layers]
        tie_queries_to_keys([(attention.q_proj, attention.k_proj) for attention in attentions], self.rotation_scale)
        return model
