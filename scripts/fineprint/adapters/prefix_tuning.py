"""Prefix tuning: trained keys and values in front of every attention layer (Li & Liang 2021, arXiv 2101.00190)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from fineprint.adapters._peft import PeftSettings

if TYPE_CHECKING:
    import torch
    from peft import PeftConfig


class Settings(PeftSettings):
    """The prefix is trained directly, or comes out of a projection while training.

    Attributes:
        tokens: keys and values in front of those of every layer.
        projection: whether they come out of a network of two layers while training, which published solutions call
            P-Tuning.
        projection_hidden: width of that network.
    """

    kind: Literal["prefix_tuning"]
    tokens: int = Field(20, ge=1, le=10_000)
    projection: bool = True
    projection_hidden: int = Field(1024, ge=1, le=65_536)
    title: ClassVar[str] = "Prefix tuning"
    explanation: ClassVar[str] = (
        "The backbone is frozen. Trainable keys and values are prepended in every attention layer "
        "(Li & Liang 2021, arXiv 2101.00190). With a projection (PEFT's PrefixTuningConfig, prefix_projection=True) "
        "a small network generates them during training and is not saved; published solutions of this assignment call "
        "that P-Tuning."
    )

    @property
    def prefix_tokens(self) -> int:
        """They stand in no sequence, so `virtual_tokens` stays 0; but models count positions from behind them."""
        return self.tokens

    def peft_config(self, model: torch.nn.Module, peft_task: str) -> PeftConfig:
        """Return PEFT's PrefixTuningConfig; PEFT reads layers, heads and widths off the model."""
        from peft import PrefixTuningConfig

        return PrefixTuningConfig(
            task_type=peft_task,
            num_virtual_tokens=self.tokens,
            prefix_projection=self.projection,
            encoder_hidden_size=self.projection_hidden,
        )
