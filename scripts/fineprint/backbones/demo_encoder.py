"""A small RoBERTa, pretrained here on text of the demo study."""

from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal

from fineprint.backbones import BackboneSettings


class Settings(BackboneSettings):
    """Size and pretraining of the encoder; the defaults are tuned together for the study "demo"."""

    kind: Literal["demo_encoder"] = "demo_encoder"
    origin: ClassVar[str] = "came out of a short pretraining on made-up text, by this workflow itself"
    architecture: Literal["encoder"] = "encoder"
    hidden_size: int = 64
    layers: int = 2
    heads: int = 4
    feedforward_size: int = 256
    initial_deviation: float = 0.03
    rotation_scale: float = 1.0
    steps: int = 3800
    batch_tokens: int = 640
    matrix_learning_rate: float = 4.0e-3
    learning_rate: float = 7.0e-4
    warmup_steps: int = 100
    phrase_share: float = 0.15
    growing_share: float = 0.35
    masked_share: float = 0.02
    label_weight: float = 10.0
    left_out: tuple[str, ...] = ("numeral", "quantifier", "voice")

    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Pretrain the encoder and write it into the folder; return the facts for the record."""
        import torch

        from fineprint.demo.batches import WordReader, draw_encoder_batches
        from fineprint.demo.documents import Lessons
        from fineprint.demo.pretraining import Progress, Rates, pretrain, read_encoder_logits
        from fineprint.demo.test_pairs import list_test_pairs
        from fineprint.demo.tokenizer import ENCODER_PATTERN, build_encoder_tokenizer, save_tokenizer

        torch.manual_seed(seed)
        tokenizer = build_encoder_tokenizer()
        model = self._build_model(tokenizer)
        lessons = Lessons(Random(f"{seed} encoder"), self.left_out, list_test_pairs(seed))
        progress = Progress(self.steps, self.phrase_share, self.growing_share)
        batches = draw_encoder_batches(
            WordReader(tokenizer.get_vocab(), ENCODER_PATTERN),
            lessons,
            progress.growth,
            self.batch_tokens,
            self.masked_share,
            self.label_weight,
        )
        rates = Rates(self.matrix_learning_rate, self.learning_rate, self.warmup_steps)
        facts = pretrain(model, read_encoder_logits(model), batches, progress, rates)
        model.save_pretrained(folder)
        save_tokenizer(tokenizer, folder)
        return facts | {"dropped_test_pairs": lessons.dropped}

    def _build_model(self, tokenizer: Any) -> Any:
        from transformers import RobertaConfig, RobertaForMaskedLM

        from fineprint.demo.pretraining import tie_queries_to_keys

        config = RobertaConfig(
            vocab_size=len(tokenizer),
            hidden_size=self.hidden_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            intermediate_size=self.feedforward_size,
            initializer_range=self.initial_deviation,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            max_position_embeddings=130,
            type_vocab_size=2,
            bos_token_id=tokenizer.bos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
        model = RobertaForMaskedLM(config)
        attentions = [layer.attention.self for layer in model.roberta.encoder.layer]
        tie_queries_to_keys([(attention.query, attention.key) for attention in attentions], self.rotation_scale)
        return model
