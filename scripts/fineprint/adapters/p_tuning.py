"""P-Tuning: virtual tokens in front of the input, made by a trained encoder (Liu et al. 2021, arXiv 2103.10385)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from fineprint.adapters._peft import PeftSettings

if TYPE_CHECKING:
    import torch
    from peft import PeftConfig


class Settings(PeftSettings):
    """After training only the finished tokens are kept, so what is saved is far smaller than what was trained.

    Attributes:
        tokens: virtual tokens in front of every input.
        encoder_hidden: width of the prompt encoder that makes them.
        encoder: its form.
        encoder_layers: layers of an lstm; an mlp has as many as PEFT gives it.
        encoder_dropout: between the layers of an lstm.
    """

    kind: Literal["p_tuning"]
    tokens: int = Field(20, ge=1, le=10_000)
    encoder_hidden: int = Field(1024, ge=1, le=65_536)
    encoder: Literal["mlp", "lstm"] = "mlp"
    encoder_layers: int = Field(2, ge=1, le=100)
    encoder_dropout: float = Field(0.0, ge=0, lt=1)
    title: ClassVar[str] = "P-Tuning"
    explanation: ClassVar[str] = (
        "The backbone is frozen. Virtual tokens, the output of a small trained prompt encoder, are put in front of the "
        "input's embeddings (Liu et al. 2021, arXiv 2103.10385; PEFT's PromptEncoder). The classification head then "
        "reads position 0, which is a virtual token. Only the finished tokens are saved, not their encoder."
    )

    @property
    def virtual_tokens(self) -> int:
        """The virtual tokens stand in the sequence itself."""
        return self.tokens

    def peft_config(self, model: torch.nn.Module, peft_task: str) -> PeftConfig:
        """Return PEFT's PromptEncoderConfig; PEFT reads the width of a token off the model."""
        from peft import PromptEncoderConfig

        return PromptEncoderConfig(
            task_type=peft_task,
            num_virtual_tokens=self.tokens,
            encoder_hidden_size=self.encoder_hidden,
            # PEFT's names are in capitals.
            encoder_reparameterization_type=self.encoder.upper(),
            encoder_num_layers=self.encoder_layers,
            encoder_dropout=self.encoder_dropout,
        )
