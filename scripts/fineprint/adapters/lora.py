"""LoRA: low-rank updates of chosen weight matrices (Hu et al. 2021, arXiv 2106.09685)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from fineprint.adapters._peft import PeftSettings
from fineprint.adapters._targets import TargetModules

if TYPE_CHECKING:
    import torch
    from peft import PeftConfig


class Settings(PeftSettings):
    """What is added to each chosen weight matrix.

    Attributes:
        rank: r of the two thin matrices.
        alpha: the update is scaled by alpha / r.
        dropout: of what goes into A, in training.
        target_modules: names of the linear modules that get an update, such as query and value in BERT-like models,
            q_proj and v_proj in Llama; or all-linear. Left out, those that suit the architecture.
    """

    kind: Literal["lora"]
    rank: int = Field(16, ge=1, le=65_536)
    alpha: float = Field(32, gt=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    target_modules: TargetModules = None
    can_merge: ClassVar[bool] = True
    can_mix: ClassVar[bool] = True
    title: ClassVar[str] = "LoRA"
    explanation: ClassVar[str] = (
        "The backbone is frozen. A low-rank product BA is added to each chosen weight matrix, W + (α/r)·BA, "
        "and only A and B are trained (Hu et al. 2021, arXiv 2106.09685). On a 4-bit backbone this is "
        "QLoRA (Dettmers et al. 2023, arXiv 2305.14314)."
    )

    def peft_config(self, model: torch.nn.Module, peft_task: str) -> PeftConfig:
        """Return PEFT's LoraConfig, which itself divides alpha by the rank."""
        from peft import LoraConfig

        return LoraConfig(
            task_type=peft_task,
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            # `apply` turns them into names of this model.
            target_modules=self.target_modules,
        )

    def merge(self, model: torch.nn.Module) -> torch.nn.Module:
        """Return the plain model with BA added to its weights."""
        # safe_merge raises where a sum is NaN, instead of saving it.
        return model.merge_and_unload(safe_merge=True)
