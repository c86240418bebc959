"""Linear head: one linear layer of our own on the vector of one token, or on the mean of all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from fineprint.core.plain_code import PlainCode
from fineprint.models.loading import load_whole
from fineprint.models.matching import POOLER
from fineprint.readouts import Batch, Context, Readout, ReadoutSettings
from fineprint.readouts._classes import ClassReadout, plain_answer
from fineprint.readouts._padding import first_real_position, last_real_position

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

HEAD_FILE = "head.safetensors"
# One row needs no padding, so its last token is the last real one.
POOLED_ROW = {"last_token": "hidden[:, -1]", "first_token": "hidden[:, 0]", "mean": "hidden.mean(dim=1)"}


class Settings(ReadoutSettings):
    """One linear layer, trained from a random start.

    Attributes:
        pooling: which token's vector is read; in a decoder only the last real token has seen the whole input.
    """

    kind: Literal["linear_head"]
    pooling: Literal["last_token", "first_token", "mean"] = "last_token"
    architectures: ClassVar[frozenset[str]] = frozenset({"encoder", "decoder"})
    peft_task: ClassVar[str] = "FEATURE_EXTRACTION"
    title: ClassVar[str] = "Linear head"
    explanation: ClassVar[str] = (
        "One linear layer maps the last hidden state of one token (in a decoder, the last non-padding token) to the "
        "labels. It is trained from random initialization with cross-entropy; no AutoModelForSequenceClassification "
        "is used."
    )

    def count_head(self, width: int, labels: int) -> int:
        """Return the weights of the linear layer."""
        return labels * (width + 1)

    def build(self, context: Context) -> Readout:
        """Build it; no model is loaded yet."""
        return LinearHead(self, context)


def make_module(backbone: torch.nn.Module, labels: int, pooling: str) -> torch.nn.Module:
    """Return a module of a backbone and a linear layer, float32 whatever the backbone's precision."""
    from torch import nn

    class HeadedBackbone(nn.Module):
        """Backbone, pooling, linear layer. Only the last hidden state is kept."""

        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone
            width = backbone.config.get_text_config().hidden_size
            self.linear_head = nn.Linear(width, labels, device=next(backbone.parameters()).device)

        def forward(self, **inputs: Any) -> torch.Tensor:
            hidden = self.backbone(**inputs).last_hidden_state
            # The head stays in float32: it starts at random, and its first updates are small.
            return self.linear_head(pool(hidden, inputs["attention_mask"], pooling).float())

    return HeadedBackbone()


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Return one vector per row.

    Args:
        hidden: shape (rows, virtual tokens + tokens, width).
        mask: shape (rows, tokens). Virtual tokens, which an adapter may put in front, are never pooled.
        pooling: "last_token", "first_token" or "mean", over real tokens.
    """
    import torch

    hidden = hidden[:, hidden.shape[1] - mask.shape[1] :]
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
    position = last_real_position(mask) if pooling == "last_token" else first_real_position(mask)
    return hidden[torch.arange(len(hidden), device=hidden.device), position]


class LinearHead(ClassReadout):
    """Runs the bare `AutoModel` and reads the answer off one vector."""

    # Never asked; where the folder lacks it there is nothing to be quantized.
    keep_unquantized = (POOLER,)

    def load_backbone(self, folder: Path, precision: str) -> PreTrainedModel:
        """Load the backbone without any head."""
        from transformers import AutoModel

        model, self.found = load_whole(AutoModel, folder, precision, list(self.keep_unquantized))
        self.head_start, self.random_modules = "fresh", ("linear_head",)
        return model

    def attach_head(self, model: torch.nn.Module) -> torch.nn.Module:
        """Put the linear layer on the adapted backbone."""
        return make_module(model, len(self.context.task.labels), self.settings.pooling)

    def adapted_model(self, module: torch.nn.Module) -> torch.nn.Module:
        """Return the backbone with its adapter."""
        return module.backbone

    def head_names(self, module: torch.nn.Module) -> tuple[str, ...]:
        """The head has one name."""
        return ("linear_head",)

    def save_head(self, module: torch.nn.Module, folder: Path) -> None:
        """Write weight and bias of the linear layer."""
        from safetensors.torch import save_file

        state = {name: tensor.detach().cpu().contiguous() for name, tensor in module.linear_head.state_dict().items()}
        save_file(state, folder / HEAD_FILE)

    def load_head(self, module: torch.nn.Module, folder: Path) -> None:
        """Read weight and bias of the linear layer."""
        from safetensors.torch import load_file

        module.linear_head.load_state_dict(load_file(folder / HEAD_FILE))

    def logits(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the linear layer's logits."""
        return module(**{name: tensor for name, tensor in batch.items() if name != "label"})

    def plain_code(self) -> PlainCode:
        """Return how the head is applied: load it, take the hidden states of real tokens, multiply."""
        return plain_answer(
            self.context,
            f'    head = load_file(f"{{folder}}/head/{HEAD_FILE}", device=str(model.device))',
            '    hidden = model(**inputs).last_hidden_state[:, -inputs["input_ids"].shape[1] :]',
            f"    logits = torch.nn.functional.linear({POOLED_ROW[self.settings.pooling]}.float(), head['weight'], "
            "head['bias'])",
            imports=(("safetensors.torch", "load_file"),),
        )
