"""Adapters: how a backbone is changed.

An adapter is one file in this folder with a class `Settings(AdapterSettings)`. The training loop, the readouts and
the report know no adapter by name. Importing a file here must not import torch.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from fineprint.core.plain_code import PlainCode
from fineprint.core.settings import Settings

if TYPE_CHECKING:
    import torch

# Of adapters that no library has a format for; PEFT's and Transformers' have names of their own.
TRAINED_FILE = "trained.safetensors"


class AdapterSettings(Settings):
    """What every adapter has.

    Attributes:
        kind: the file's name.
        trains: whether it trains anything (a readout's head may be trained all the same).
        accepts_quantized: whether it can be trained on a backbone stored in 4 or 8 bits.
        can_merge: whether its weights can be added to the backbone's.
        can_mix: whether PEFT also answers a batch whose rows belong to several adapters of this kind, and adds such
            adapters up with weights. Serving many tasks needs it; PEFT 0.21 does it for LoRA alone.
        saves_whole_model: whether what it saves stands alone, without the backbone it was trained on.
        virtual_tokens: positions it puts in front of every input; `prefix_tokens` keys and values before every layer's.
        explanation: one or two sentences for the report: what is trained, and the source.
        library: whose format the saved files have, "peft" or "transformers".
        weights_code: for the model card, where the model is loaded from before `plain_code`.
        plain_code: for the model card, how the saved files are put on `model` without this project.
    """

    kind: str
    trains: ClassVar[bool] = True
    accepts_quantized: ClassVar[bool] = True
    can_merge: ClassVar[bool] = False
    can_mix: ClassVar[bool] = False
    saves_whole_model: ClassVar[bool] = False
    title: ClassVar[str]
    explanation: ClassVar[str]
    library: ClassVar[str] = "transformers"
    weights_code: ClassVar[str] = "base"
    plain_code: ClassVar[PlainCode] = PlainCode()

    @property
    def virtual_tokens(self) -> int:
        """Positions that are taken from the model's maximum length."""
        return 0

    @property
    def prefix_tokens(self) -> int:
        """Keys and values that every layer holds for every row beside those of its own tokens; they, too, are taken
        from the model's maximum length."""
        return 0

    @abstractmethod
    def apply(self, model: torch.nn.Module, peft_task: str, heads: tuple[str, ...] = ()) -> torch.nn.Module:
        """Make `model` trainable by this adapter and return it, wrapped or not.

        Args:
            model: a Transformers model as loaded.
            peft_task: PEFT's name for what the model is used for, such as "SEQ_CLS".
            heads: paths of modules in it that are trained, and saved, with the adapter.

        Raises:
            SettingsError: the model has no place for this adapter.
        """

    def list_adapted(self, model: torch.nn.Module) -> dict[str, int]:
        """Return how many modules of each name `apply` put something on; none where it changes the model as a whole."""
        return {}

    def weights_folder(self, backbone: Path, saved: Path) -> Path:
        """Return the folder that the model is loaded from before `load`: the backbone, unless it was itself saved."""
        return backbone

    @abstractmethod
    def save(self, model: torch.nn.Module, folder: Path) -> None:
        """Write what was trained into `folder`, as safetensors."""

    @abstractmethod
    def load(self, model: torch.nn.Module, folder: Path) -> torch.nn.Module:
        """Put what `save` wrote onto a freshly loaded `model` and return it, ready for prediction."""

    def merge(self, model: torch.nn.Module) -> torch.nn.Module:
        """Add the adapter's weights to the backbone's and return the plain model."""
        raise NotImplementedError(f"{self.kind} cannot be merged")
