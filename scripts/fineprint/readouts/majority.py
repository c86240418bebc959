"""Majority class: the most frequent label of the training examples is the answer to every example.

The control that shows what can be reached without reading anything.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from fineprint.readouts import Batch, Context, EncodedExample, InputForm, Prediction, Readout, ReadoutSettings
from fineprint.tasks import Row

if TYPE_CHECKING:
    import torch


class Settings(ReadoutSettings):
    """No settings of its own."""

    kind: Literal["majority"]
    architectures: ClassVar[frozenset[str]] = frozenset({"encoder", "decoder"})
    peft_task: ClassVar[str] = "FEATURE_EXTRACTION"
    trains: ClassVar[bool] = False
    loads_backbone: ClassVar[bool] = False
    inputs: ClassVar[tuple[InputForm, ...]] = ()
    title: ClassVar[str] = "Majority class"
    explanation: ClassVar[str] = (
        "The answer is always the most frequent label of the training examples; the probabilities are the labels' "
        "shares there. No text is read and no weights are loaded."
    )

    def build(self, context: Context) -> Readout:
        """Build it from the labels of the training rows."""
        return Majority(self, context)

    def refuse(self, adapter_trains: bool) -> str | None:
        """Refuse an adapter: there is no model to put it on."""
        refused = "readout 'majority' loads no model that an adapter could change; use adapter 'none'."
        return refused if adapter_trains else None


class Majority(Readout):
    """Answers without a model."""

    def __init__(self, settings: Settings, context: Context) -> None:
        super().__init__(settings, context)
        counts = Counter(row.label for row in context.training_rows)
        self.shares = [round(counts[label] / counts.total(), 6) for label in range(len(context.task.labels))]

    def load_backbone(self, folder: Path, precision: str) -> torch.nn.Module:
        """Return an empty module."""
        from torch import nn

        return nn.Module()

    def head_names(self, module: torch.nn.Module) -> tuple[str, ...]:
        """There is no head."""
        return ()

    def encode_shown(self, rows: list[Row], with_answer: bool) -> list[EncodedExample]:
        """Return no tokens at all."""
        return [{"input_ids": []} | ({"label": [row.label]} if with_answer else {}) for row in rows]

    def collate(self, examples: list[EncodedExample], length: int | None = None) -> Batch:
        """Return a batch that holds nothing but its number of rows, and the labels where they are given."""
        import torch

        batch = {"input_ids": torch.zeros((len(examples), 0), dtype=torch.long)}
        if "label" in examples[0]:
            batch["label"] = torch.tensor([example["label"][0] for example in examples])
        return batch

    def answer(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the labels' shares for every row, (rows, labels)."""
        import torch

        return torch.tensor(self.shares).expand(len(batch["input_ids"]), -1)

    def evaluate(self, module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the negative log-likelihood of each row's label under the shares, and whether it is the majority."""
        shares = self.answer(module, batch)
        losses = -shares.gather(1, batch["label"].unsqueeze(1)).squeeze(1).log()
        return losses, shares.argmax(dim=1) == batch["label"]

    def loss(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the mean of what `evaluate` gives; no gradient leads anywhere."""
        return self.evaluate(module, batch)[0].mean()

    def read_off(self, answers: torch.Tensor) -> list[Prediction]:
        """Return the first of the most frequent labels, and all shares."""
        majority = self.shares.index(max(self.shares))
        return [Prediction(label=majority, probabilities=list(self.shares)) for _ in answers]
