"""Full fine-tuning: every weight of the backbone is trained, and a full model is saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from fineprint.adapters import AdapterSettings

if TYPE_CHECKING:
    import torch


class Settings(AdapterSettings):
    """No settings of its own."""

    kind: Literal["full"]
    accepts_quantized: ClassVar[bool] = False
    saves_whole_model: ClassVar[bool] = True
    weights_code: ClassVar[str] = 'f"{folder}/adapter"'
    title: ClassVar[str] = "Full fine-tuning"
    explanation: ClassVar[str] = (
        "Every weight of the backbone is trained. Each task then needs a full copy of the model, and the optimizer "
        "keeps two numbers per weight."
    )

    def apply(self, model: torch.nn.Module, peft_task: str, heads: tuple[str, ...] = ()) -> torch.nn.Module:
        """Train everything, in float32."""
        # A backbone that comes in 16 bits is raised first: an update of 1e-5 is lost in such a weight.
        model.float().requires_grad_(True)
        return model

    def weights_folder(self, backbone: Path, saved: Path) -> Path:
        """The full model was saved: it is loaded instead of the backbone."""
        return saved

    def save(self, model: torch.nn.Module, folder: Path) -> None:
        """Write the full model."""
        model.save_pretrained(str(folder))

    def load(self, model: torch.nn.Module, folder: Path) -> torch.nn.Module:
        """Nothing to add: `weights_folder` named the saved model."""
        return model
