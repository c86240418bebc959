"""Prompt tuning: trained virtual tokens in front of the input (Lester et al. 2021, arXiv 2104.08691)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from fineprint.adapters._peft import PeftSettings

if TYPE_CHECKING:
    import torch
    from peft import PeftConfig


class Settings(PeftSettings):
    """The virtual tokens themselves are the trained weights.

    Attributes:
        tokens: virtual tokens in front of every input.
    """

    kind: Literal["prompt_tuning"]
    tokens: int = Field(20, ge=1, le=10_000)
    title: ClassVar[str] = "Prompt tuning"
    explanation: ClassVar[str] = (
        "The backbone is frozen. Virtual tokens prepended to the input embeddings are trained directly, without the "
        "prompt encoder of P-Tuning (Lester et al. 2021, arXiv 2104.08691)."
    )

    @property
    def virtual_tokens(self) -> int:
        """The virtual tokens stand in the sequence itself."""
        return self.tokens

    def peft_config(self, model: torch.nn.Module, peft_task: str) -> PeftConfig:
        """Return PEFT's PromptTuningConfig, started from random embeddings."""
        from peft import PromptTuningConfig

        return PromptTuningConfig(task_type=peft_task, num_virtual_tokens=self.tokens)
