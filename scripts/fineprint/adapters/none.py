"""No adapter: the backbone stays as it is. A head, where the readout has one, is trained alone (linear probing)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from fineprint.adapters import TRAINED_FILE, AdapterSettings
from fineprint.core.plain_code import PlainCode

if TYPE_CHECKING:
    import torch


class Settings(AdapterSettings):
    """No settings of its own."""

    kind: Literal["none"]
    trains: ClassVar[bool] = False
    plain_code: ClassVar[PlainCode] = PlainCode(
        (("safetensors.torch", "load_file"),),
        (f'model.load_state_dict(load_file(f"{{folder}}/adapter/{TRAINED_FILE}"), strict=False)',),
    )
    title: ClassVar[str] = "No adapter"
    explanation: ClassVar[str] = (
        "The backbone is used unchanged. With a prompt, nothing is trained; with a classification head, only the "
        "head is trained (linear probing)."
    )

    def apply(self, model: torch.nn.Module, peft_task: str, heads: tuple[str, ...] = ()) -> torch.nn.Module:
        """Freeze the backbone; what lies outside it in a Transformers model, such as a classifier, is trained if the
        model is used for classification."""
        model.requires_grad_(False)
        if peft_task == "SEQ_CLS":
            for name, parameter in model.named_parameters():
                # By the name that Transformers gives the backbone in its own classes: heads are called classifier,
                # score, qa_outputs, … A pooler inside the backbone is trained where the folder has none.
                inside = name.startswith(f"{model.base_model_prefix}.")
                begins = any(name.startswith(f"{path}.") for path in heads)
                parameter.requires_grad_(begins or not inside)
        return model

    def save(self, model: torch.nn.Module, folder: Path) -> None:
        """Write what was trained, if anything was."""
        from safetensors.torch import save_file

        trained = {name: p.detach().cpu().contiguous() for name, p in model.named_parameters() if p.requires_grad}
        if trained:
            save_file(trained, folder / TRAINED_FILE)

    def load(self, model: torch.nn.Module, folder: Path) -> torch.nn.Module:
        """Put a trained head back."""
        from safetensors.torch import load_file

        if (folder / TRAINED_FILE).exists():
            # Only what was trained was saved; all else is the backbone's already.
            model.load_state_dict(load_file(folder / TRAINED_FILE), strict=False)
        return model.requires_grad_(False)
