"""One adapter for all tasks: a readout that knows which task each row belongs to, for the one training loop."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import PreTrainedModel

from fineprint.inference.assembly import Assembled
from fineprint.readouts import Batch, EncodedExample, Readout
from fineprint.readouts._classes import ClassReadout
from fineprint.serving.entries import Entry
from fineprint.serving.heads import HeadBank, find_bank, find_head, put_head
from fineprint.tasks import Row


class JointReadout(ClassReadout):
    """Readouts of several tasks as one: a batch may hold rows of any of them."""

    waits = True  # to learn which heads a batch needs

    def __init__(self, parts: dict[str, Readout]) -> None:
        self.parts, self.order = parts, list(parts)
        self.first: ClassReadout = parts[self.order[0]]  # type: ignore[assignment]
        super().__init__(self.first.settings, self.first.context)

    def encode_for(self, task: str, row: Row) -> EncodedExample:
        """Turn a training row of a task into an example that carries the task's number."""
        return self.parts[task].encode(row, with_answer=True) | {"task": [self.order.index(task)]}

    def collate(self, examples: list[EncodedExample], length: int | None = None) -> Batch:
        """Stack examples as the first readout does, with the number of each row's task."""
        batch = self.first.collate(examples, length)
        return batch | {"task": torch.tensor([example["task"][0] for example in examples])}

    def logits(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return logits, each row's from its own task's head; labels that a task does not have are at −∞."""
        # This looks at the batch, so a pass cannot be captured: see `waits`.
        find_bank(module).assign([self.order[number] for number in batch["task"].tolist()])
        return self.first.logits(module, {name: tensor for name, tensor in batch.items() if name != "task"})

    def load_backbone(self, folder: Path, precision: str) -> PreTrainedModel:
        """Load the backbone as the first readout does."""
        return self.first.load_backbone(folder, precision)

    def adapted_model(self, module: torch.nn.Module) -> torch.nn.Module:
        """Return the part that the adapter saves."""
        return self.first.adapted_model(module)

    def head_names(self, module: torch.nn.Module) -> tuple[str, ...]:
        """The bank stands where the head stood and has its name."""
        return self.first.head_names(module)

    def save_head(self, module: torch.nn.Module, folder: Path) -> None:
        """Write the heads, where the adapter does not save them."""
        self.first.save_head(module, folder)


def assemble_joint(entries: list[Entry], seed: int) -> Assembled:
    """Put a fresh adapter with a fresh head per task on one backbone. New weights come from `seed`."""
    torch.manual_seed(seed)
    first = entries[0]
    readout = JointReadout({entry.task: entry.readout for entry in entries})
    heads = {entry.task: make_head(entry) for entry in entries}
    model = first.readout.load_backbone(first.backbone, first.method.precision)
    names = readout.head_names(model)
    inside = any(path.split(".")[-1] in names for path, _ in model.named_modules())
    if inside:  # the adapter then trains and saves the heads
        put_head(model, find_head(model, names), HeadBank(heads))
    adapted = first.method.adapter.apply(model, first.method.readout.peft_task)
    module = first.readout.attach_head(adapted)
    if not inside:
        put_head(module, find_head(module, names), HeadBank(heads))
    return Assembled(first.method, readout, module)


def make_head(entry: Entry) -> torch.nn.Module:
    """Return a fresh head of a task's width, where models are loaded to."""
    readout = entry.readout
    model = readout.load_backbone(entry.backbone, entry.method.precision)
    readout.start_head(model)
    module = readout.attach_head(model)
    head = module.get_submodule(find_head(module, readout.head_names(module)))
    return head.float().requires_grad_(True)
