"""Classifier: the classification head that Transformers puts on an encoder, trained from a random start or kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from fineprint.core.plain_code import PlainCode
from fineprint.core.settings import SettingsError
from fineprint.models.heads import begin_anew, list_heads, list_modules
from fineprint.models.loading import load_and_tell
from fineprint.models.matching import POOLER, match_weights
from fineprint.models.precisions import PRECISIONS
from fineprint.readouts import Batch, Context, Readout, ReadoutSettings
from fineprint.readouts._classes import ClassReadout, plain_answer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# The names that PEFT keeps trainable and saves in models for sequence classification.
HEAD_NAMES = ("classifier", "score")


class Settings(ReadoutSettings):
    """Not for decoders: their head there would be `…ForSequenceClassification`, which finds the last token by the pad
    token; use `linear_head`.

    Attributes:
        head: fresh begins at random, even where the model's folder has a head of an earlier task; keep trains that one
            further, whose labels must be the task's.
    """

    kind: Literal["classifier"]
    head: Literal["fresh", "keep"] = "fresh"
    architectures: ClassVar[frozenset[str]] = frozenset({"encoder"})
    peft_task: ClassVar[str] = "SEQ_CLS"
    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    title: ClassVar[str] = "Classification head"
    explanation: ClassVar[str] = (
        "The model's own classification head, a small network on the first position's hidden state, is trained "
        "together with the adapter, from random initialization unless it is kept from an earlier task."
    )

    def build(self, context: Context) -> Readout:
        """Build it; no model is loaded yet."""
        return Classifier(self, context)

    def refuse_model(self, config: Mapping[str, Any], labels: Sequence[str]) -> str | None:
        """Refuse to keep a head that was trained on other labels, or on these in another order."""
        if self.head == "fresh":
            return None
        named = config.get("id2label") or {}
        old = [str(named[number]) for number in sorted(named, key=int)]
        if [label.lower() for label in old] == [label.lower() for label in labels]:
            return None
        return (
            f"readout.head: the head to keep has the labels {', '.join(old) or 'that config.json does not name'} "
            f"(id2label in config.json), the task {', '.join(labels)}; both must be the same, in the same order. Write "
            "the task's labels as the model has them, or use head: fresh"
        )


class Classifier(ClassReadout):
    """Runs `AutoModelForSequenceClassification`."""

    model_arguments = ("num_labels=len(labels)",)
    keep_unquantized = HEAD_NAMES

    def load_backbone(self, folder: Path, precision: str) -> PreTrainedModel:
        """Load the backbone with a head of as many outputs as the task has labels."""
        from transformers import AutoModelForSequenceClassification

        labels = self.context.task.labels
        arguments = {
            "num_labels": len(labels),
            "id2label": dict(enumerate(labels)),
            "label2id": {label: number for number, label in enumerate(labels)},
        }
        if PRECISIONS[precision].quantized:
            self.keep_unquantized = list_trained(folder, arguments)
        model, self.found = load_and_tell(
            AutoModelForSequenceClassification, folder, precision, list(self.keep_unquantized), **arguments
        )
        if self.found.reshaped:
            # As the folder has a head for other labels.
            self.model_arguments = (*Classifier.model_arguments, "ignore_mismatched_sizes=True")
        self.random_modules = list_modules(self.found.random, model.base_model_prefix)
        inside = [path for path in self.random_modules if path.startswith(f"{model.base_model_prefix}.")]
        if lacking := [path for path in inside if POOLER not in path]:
            raise SettingsError(f"{folder} lacks weights of {', '.join(lacking)}; they would be drawn at random")
        return model

    def start_head(self, model: torch.nn.Module) -> tuple[str, ...]:
        """Draw the head anew where the folder has one, unless it is to be kept."""
        heads = list_heads(model)
        # ModernBERT's pretraining has a part of its head as well: the rest tells whether there was a task.
        telling = [name for name in heads if name in HEAD_NAMES] or heads
        random = [name for name in self.found.random if name.split(".")[0] in telling]
        if self.settings.head == "keep":
            if random:
                raise SettingsError(
                    "readout.head: the model's folder has no whole classification head to keep, with one output for "
                    "each of the task's labels; use head: fresh"
                )
            self.head_start = "kept"
            return self.random_modules
        if self.found.reshaped or len(random) < count_below(model, telling):
            begin_anew(model, heads)
            drawn = [name for name, _ in model.named_parameters() if name.split(".")[0] in heads]
            self.found = replace(self.found, random=sorted({*self.found.random, *drawn}))
            self.random_modules = tuple(dict.fromkeys([*self.random_modules, *heads]))
        self.head_start = "fresh"
        return self.random_modules

    def head_names(self, module: torch.nn.Module) -> tuple[str, ...]:
        """The head is whatever PEFT treats as one, and what else begins at random."""
        return tuple(dict.fromkeys([*HEAD_NAMES, *(path.rpartition(".")[2] for path in self.random_modules)]))

    def logits(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the head's logits."""
        return module(**{name: tensor for name, tensor in batch.items() if name != "label"}).logits

    def plain_code(self) -> PlainCode:
        """Return how the classification model answers a row."""
        return plain_answer(self.context, "    logits = model(**inputs).logits")


def list_trained(folder: Path, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the modules that are not to be quantized: heads, and what else a folder lacks, which is then trained."""
    from transformers import AutoModelForSequenceClassification

    match = match_weights(AutoModelForSequenceClassification, folder, **arguments)
    lacking = list_modules(match.missing, match.model.base_model_prefix)
    return tuple(dict.fromkeys([*HEAD_NAMES, *list_heads(match.model), *lacking]))


def count_below(model: torch.nn.Module, names: Sequence[str]) -> int:
    """Return how many weights lie in a model's modules of these names."""
    return sum(name.split(".")[0] in names for name, _ in model.named_parameters())
