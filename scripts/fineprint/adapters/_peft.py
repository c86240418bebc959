"""What the adapters of the PEFT library share: wrapping, saving, loading."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from fineprint.adapters import AdapterSettings
from fineprint.adapters._prompts import fit_prompt
from fineprint.adapters._targets import count_adapted, resolve_targets
from fineprint.core.plain_code import PlainCode
from fineprint.core.progress import logger
from fineprint.core.settings import SettingsError

if TYPE_CHECKING:
    import torch
    from peft import PeftConfig


class PeftSettings(AdapterSettings):
    """An adapter that PEFT implements; a kind only says which configuration."""

    library: ClassVar[str] = "peft"
    plain_code: ClassVar[PlainCode] = PlainCode(
        (("peft", "PeftModel"),), ('model = PeftModel.from_pretrained(model, f"{folder}/adapter")',)
    )

    @abstractmethod
    def peft_config(self, model: torch.nn.Module, peft_task: str) -> PeftConfig:
        """Return PEFT's configuration for `model`."""

    def apply(self, model: torch.nn.Module, peft_task: str, heads: tuple[str, ...] = ()) -> torch.nn.Module:
        """Wrap `model`; its own weights are frozen, the adapter's are float32 whatever the backbone's precision."""
        from peft import get_peft_model

        config = self.fit_config(self.peft_config(model, peft_task), model, heads)
        try:
            wrapped = get_peft_model(model, config)
        except ValueError as error:
            logger.info("PEFT ended in: %s", error)
            raise SettingsError(
                f"adapter '{self.kind}' does not fit models of type '{model.config.model_type}'; use another adapter"
            ) from error
        return raise_trained_to_float32(wrapped)

    def fit_config(self, config: PeftConfig, model: torch.nn.Module, heads: tuple[str, ...]) -> PeftConfig:
        """Return PEFT's configuration with what depends on the model, checked."""
        if config.is_prompt_learning:
            fit_prompt(config, model, self.kind)
        elif hasattr(config, "target_modules"):
            config.target_modules = resolve_targets(model, config.target_modules, heads)
        # PEFT itself adds what is called so, by the ends of names.
        if more := [name for name in heads if not name.endswith(("classifier", "score"))]:
            config.modules_to_save = more
        return config

    def list_adapted(self, model: torch.nn.Module) -> dict[str, int]:
        """Return how many modules of each name carry an adapter."""
        return count_adapted(model)

    def save(self, model: torch.nn.Module, folder: Path) -> None:
        """Write adapter_model.safetensors and adapter_config.json, a classification head of PEFT's included.

        PEFT's own model card, a form to fill in, is dropped: `fineprint.runs.model_card` writes one.
        """
        model.save_pretrained(str(folder), safe_serialization=True)
        # PEFT gives no way to leave it out.
        (folder / "README.md").unlink(missing_ok=True)

    def load(self, model: torch.nn.Module, folder: Path) -> torch.nn.Module:
        """Load a saved adapter for prediction."""
        from peft import PeftModel

        return PeftModel.from_pretrained(model, str(folder), is_trainable=False)


def raise_trained_to_float32(model: torch.nn.Module) -> torch.nn.Module:
    """Keep what is trained in float32: an update of 1e-4 is lost in a 16-bit weight."""
    import torch

    for parameter in model.parameters():
        if parameter.requires_grad and parameter.dtype in (torch.bfloat16, torch.float16):
            # In place: the optimizer and PEFT hold the parameter itself, not its tensor.
            parameter.data = parameter.data.float()
    return model
