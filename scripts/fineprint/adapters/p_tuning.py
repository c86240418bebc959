"""P-Tuning: virtual tokens in front of the input, made by a trained encoder (Liu et al. 2021, arXiv 2103.10385)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

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
        encoder_layers: layers of an lstm, 2 unless set; an mlp has as many as PEFT gives it.
        encoder_dropout: between the layers of an lstm, 0 unless set.
    """

    kind: Literal["p_tuning"]
    tokens: int = Field(20, ge=1, le=10_000)
    encoder_hidden: int = Field(1024, ge=1, le=65_536)
    encoder: Literal["mlp", "lstm"] = "mlp"
    encoder_layers: int | None = Field(None, ge=1, le=100)
    encoder_dropout: float | None = Field(None, ge=0, lt=1)
    title: ClassVar[str] = "P-Tuning"
    explanation: ClassVar[str] = (
        "The backbone is frozen. Virtual tokens, the output of a small trained prompt encoder, are prepended to the "
        "input embeddings (Liu et al. 2021, arXiv 2103.10385; PEFT's PromptEncoder). The classification head then "
        "reads position 0, which is a virtual token. Only the final tokens are saved, not their encoder."
    )

    @field_validator("encoder_layers", "encoder_dropout")
    @classmethod
    def refuse_without_lstm(cls, value: float | None, info: ValidationInfo) -> float | None:
        """Refuse what would change nothing: PEFT reads both for an lstm alone."""
        if value is not None and info.data.get("encoder") == "mlp":
            raise ValueError("it acts with encoder: lstm alone; leave it out, or set encoder: lstm")
        return value

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
            encoder_num_layers=2 if self.encoder_layers is None else self.encoder_layers,
            encoder_dropout=self.encoder_dropout or 0.0,
        )
