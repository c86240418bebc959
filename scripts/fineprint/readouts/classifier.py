"""Classifier: the classification head that Transformers puts on an encoder, trained from a random start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from fineprint.core.plain_code import PlainCode
from fineprint.models.loading import load_and_tell
from fineprint.readouts import Batch, Context, Readout, ReadoutSettings
from fineprint.readouts._classes import ClassReadout, plain_answer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# The names that PEFT keeps trainable and saves in models for sequence classification.
HEAD_NAMES = ("classifier", "score")


class Settings(ReadoutSettings):
    """No settings of its own. Not for decoders: their head there would be `…ForSequenceClassification`, which finds
    the last token by the pad token; use `linear_head`."""

    kind: Literal["classifier"]
    architectures: ClassVar[frozenset[str]] = frozenset({"encoder"})
    peft_task: ClassVar[str] = "SEQ_CLS"
    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    title: ClassVar[str] = "Classification head"
    explanation: ClassVar[str] = (
        "The model's own classification head, a small network on the vector of the first position, is trained from a "
        "random start together with the adapter."
    )

    def build(self, context: Context) -> Readout:
        """Build it; no model is loaded yet."""
        return Classifier(self, context)


class Classifier(ClassReadout):
    """Runs `AutoModelForSequenceClassification`."""

    model_arguments = ("num_labels=len(labels)",)
    keep_unquantized = HEAD_NAMES

    def load_backbone(self, folder: Path, precision: str) -> PreTrainedModel:
        """Load the backbone with a head of as many outputs as the task has labels."""
        from transformers import AutoModelForSequenceClassification

        labels = self.context.task.labels
        model, missing = load_and_tell(
            AutoModelForSequenceClassification,
            folder,
            precision,
            list(self.keep_unquantized),
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
        )
        # Such as a BERT's pooler, where its folder lacks one (see `check_weights`).
        self.random_weights = [name for name in missing if not set(name.split(".")) & set(HEAD_NAMES)]
        return model

    def head_names(self, module: torch.nn.Module) -> tuple[str, ...]:
        """The head is whatever PEFT treats as one."""
        return HEAD_NAMES

    def logits(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the head's logits."""
        return module(**{name: tensor for name, tensor in batch.items() if name != "label"}).logits

    def plain_code(self) -> PlainCode:
        """Return how the classification model answers a row."""
        return plain_answer(self.context, "    logits = model(**inputs).logits")
