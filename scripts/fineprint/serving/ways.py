"""Ways to serve several tasks on one machine. A way only says how a task gets ready and how a batch is answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from peft import PeftConfig
from peft.utils.hotswap import check_hotswap_configs_compatible, hotswap_adapter_from_state_dict

from fineprint.inference.assembly import ADAPTER_FOLDER, assemble_for_prediction
from fineprint.inference.predicting import half_precision
from fineprint.readouts import EncodedExample, Readout
from fineprint.serving.admission import check_backbone, check_names, check_shapes, whole_files
from fineprint.serving.entries import Entry, read_weights
from fineprint.serving.shared import SharedBackbone, Spared

Request = tuple[str, EncodedExample]
HOT = "hot"


def run_batch(readout: Readout, module: torch.nn.Module, examples: list[EncodedExample], **more: Any) -> torch.Tensor:
    """Return the logits of a batch, computed as prediction computes them."""
    device = next(module.parameters()).device
    batch = {name: tensor.to(device) for name, tensor in readout.collate(examples).items()}
    with torch.inference_mode(), half_precision():
        return readout.logits(module, batch | more).float()  # type: ignore[attr-defined]


class Way(ABC):
    """A way to serve.

    Attributes:
        name: as records and the report call it.
        switches: whether going from one task to another takes a step.
        keeps_all: whether every task lies in memory; else a task is read from the disk when it is asked for.
        shares_backbone: whether the tasks share one backbone.
    """

    name: ClassVar[str]
    switches: ClassVar[bool] = True
    keeps_all: ClassVar[bool] = True
    shares_backbone: ClassVar[bool] = True

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Make one more task available."""
        self.entries[entry.name] = entry

    @abstractmethod
    def switch(self, name: str) -> None:
        """Get ready to answer for a task."""

    @abstractmethod
    def run(self, examples: list[EncodedExample]) -> torch.Tensor:
        """Answer a batch of the task that `switch` got ready."""

    @abstractmethod
    def modules(self) -> list[torch.nn.Module]:
        """Return what is held in memory."""

    def prepare(self) -> None:
        """Do what is no part of serving, before a measurement."""

    def remember(self) -> None:
        """Keep what a later check of the backbone needs."""

    def answer(self, requests: list[Request]) -> list[torch.Tensor]:
        """Return the logits of requests of any tasks, in their order: one batch per task."""
        check_names((name for name, _ in requests), self.entries)
        answers: dict[int, torch.Tensor] = {}
        for name, places in group_by_task(requests).items():
            self.switch(name)
            logits = self.run([requests[place][1] for place in places])
            answers |= dict(zip(places, logits, strict=True))
        return [answers[place] for place in range(len(requests))]

    def finish(self) -> dict[str, Any]:
        """Put back what serving changed, and return what is to be noted about it."""
        return {}


def group_by_task(requests: list[Request]) -> dict[str, list[int]]:
    """Return the places of each task's requests."""
    groups: dict[str, list[int]] = {}
    for place, (name, _) in enumerate(requests):
        groups.setdefault(name, []).append(place)
    return groups


def load_whole(entry: Entry) -> torch.nn.Module:
    """Load a task's own model."""
    with whole_files(entry):
        return assemble_for_prediction(entry.method, entry.readout, entry.backbone, entry.saved).module


class Resident(Way):
    """A full model for each task, all in memory."""

    name = "resident"
    shares_backbone = False

    def __init__(self) -> None:
        super().__init__()
        self.models: dict[str, torch.nn.Module] = {}
        self.current = ""

    def add(self, entry: Entry) -> None:
        """Load the task's model."""
        self.models[entry.name] = load_whole(entry)
        super().add(entry)

    def switch(self, name: str) -> None:
        """Only remember which model is asked."""
        self.current = name

    def run(self, examples: list[EncodedExample]) -> torch.Tensor:
        """Ask the current model."""
        return run_batch(self.entries[self.current].readout, self.models[self.current], examples)

    def modules(self) -> list[torch.nn.Module]:
        """All models."""
        return list(self.models.values())


class Reloaded(Resident):
    """A full model for each task on the disk, one of them in memory."""

    name = "reloaded"
    keeps_all = False

    def add(self, entry: Entry) -> None:
        """Nothing is loaded until the task is asked for."""
        Way.add(self, entry)

    def switch(self, name: str) -> None:
        """Drop the model in memory and load another."""
        if name not in self.models:
            self.models.clear()
            self.models[name] = load_whole(self.entries[name])
        self.current = name


class Switched(Way):
    """One backbone, all adapters in memory, one of them active."""

    name = "switched"
    spared: ClassVar[Spared] = "nothing"

    def __init__(self, shared: SharedBackbone | None = None) -> None:
        super().__init__()
        self.shared = shared

    def add(self, entry: Entry) -> None:
        """Load the adapter and the head; with the first also the backbone."""
        if self.shared is None:
            self.shared = SharedBackbone(entry, self.spared)
        elif entry.name not in self.shared.names:
            self.shared.add(entry)
        super().add(entry)

    def remember(self) -> None:
        """Keep a hash of the backbone."""
        self.shared.remember()

    def switch(self, name: str) -> None:
        """Activate another adapter and its head."""
        self.shared.activate(name)

    def run(self, examples: list[EncodedExample]) -> torch.Tensor:
        """Ask the backbone with the active adapter."""
        return run_batch(self.shared.readout, self.shared.module, examples)

    def modules(self) -> list[torch.nn.Module]:
        """Backbone, adapters and heads in one module."""
        return [self.shared.module]


class Mixed(Switched):
    """One backbone, all adapters in memory, each row of a batch with its own."""

    name = "mixed"
    switches = False

    def answer(self, requests: list[Request]) -> list[torch.Tensor]:
        """Answer all requests in one batch."""
        names = [name for name, _ in requests]
        check_names(names, self.entries)
        self.shared.bank.assign(names)
        adapters = [self.shared.names[name] for name in names]
        examples = [example for _, example in requests]
        logits = run_batch(self.shared.readout, self.shared.module, examples, adapter_names=adapters)
        return list(logits)


class Merged(Switched):
    """One backbone, all adapters in memory, one of them added to the backbone's weights.

    The layers that change stay as the backbone's folder has them, also on a GPU: its memory is larger by that.
    """

    name = "merged"
    spared = "changed layers"

    def __init__(self, shared: SharedBackbone | None = None) -> None:
        super().__init__(shared)
        self.merges = 0
        self.kept: dict[str, torch.nn.Parameter] = {}
        self.plain: dict[str, torch.Tensor] = {}

    def prepare(self) -> None:
        """Keep the backbone's weights, to put them back exactly."""
        self.remember()
        self.kept, self.plain = self.shared.copy_weights(), self.shared.plain_weights()

    def switch(self, name: str) -> None:
        """Take the merged adapter off the weights and add another."""
        if not self.kept:
            self.prepare()
        if self.merges:
            self.shared.adapted.unmerge_adapter()
        self.shared.activate(name)
        self.shared.adapted.merge_adapter()
        self.merges += 1

    def finish(self) -> dict[str, Any]:
        """Unmerge, measure how far the weights have drifted, put the kept ones back."""
        if not self.merges:
            return {}
        self.shared.adapted.unmerge_adapter()
        drift = max(float((now - self.plain[path]).abs().max()) for path, now in self.shared.plain_weights().items())
        largest = max(float(weight.abs().max()) for weight in self.plain.values())
        for path, layer in self.shared.layers():
            layer.get_base_layer().weight = self.kept[path]
        noted = {"merges": self.merges, "drift": drift, "largest_weight": largest}
        self.merges, self.kept, self.plain = 0, {}, {}
        return noted | {"restored_exactly": self.shared.hash_backbone() == self.shared.untouched}


class Swapped(Way):
    """One backbone with room for one adapter; a task's weights are read from the disk into that room."""

    name = "swapped"
    keeps_all = False

    def __init__(self) -> None:
        super().__init__()
        self.shared: SharedBackbone | None = None

    def add(self, entry: Entry) -> None:
        """Nothing is loaded until the task is asked for."""
        super().add(entry)

    def switch(self, name: str) -> None:
        """Copy another task's saved weights into the adapter in place, and put its head in."""
        entry = self.entries[name]
        if self.shared is None:
            self.shared = SharedBackbone(entry)
            self.shared.bank.heads[HOT] = self.shared.bank.heads.pop(name)
        else:
            self.swap(entry)
        self.shared.bank.assign(HOT)

    def remember(self) -> None:
        """Keep a hash of the backbone."""
        self.shared.remember()

    def swap(self, entry: Entry) -> None:
        """Let PEFT copy the weights in place. Its function for folders takes the head for a part of the adapter."""
        with whole_files(entry):
            check_backbone(entry, self.shared.first)
            config = PeftConfig.from_pretrained(str(entry.saved / ADAPTER_FOLDER))
            adapter, head = read_weights(entry.saved, self.shared.head_names)
        name = self.shared.adapted.active_adapter
        weights = dict(insert_name(adapter, name))
        check_shapes(entry, weights, dict(self.shared.adapted.named_parameters()))
        check_hotswap_configs_compatible(self.shared.adapted.active_peft_config, config)
        hotswap_adapter_from_state_dict(self.shared.adapted, weights, name, config)
        self.shared.bank.heads[HOT] = self.shared.make_head(head)

    def run(self, examples: list[EncodedExample]) -> torch.Tensor:
        """Ask the backbone with the adapter that is in."""
        return run_batch(self.shared.readout, self.shared.module, examples)

    def modules(self) -> list[torch.nn.Module]:
        """Backbone, the one adapter and the one head."""
        return [self.shared.module] if self.shared else []


def insert_name(adapter: dict[str, torch.Tensor], name: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield saved tensors under the names that they have in a model: the adapter's name stands before the last part."""
    for key, tensor in adapter.items():
        owner, _, last = key.rpartition(".")
        yield f"{owner}.{name}.{last}", tensor
