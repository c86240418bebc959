"""One backbone in memory, the adapters of many tasks on it, their heads beside it."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from typing import Any, Literal

import torch
from peft import PeftConfig, PeftModel, set_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.integrations import dequantize_module_weight

from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import ADAPTER_FOLDER
from fineprint.models.precisions import half_dtype, keep_linear_in_half
from fineprint.serving.admission import check_backbone, whole_files
from fineprint.serving.entries import Entry, read_weights
from fineprint.serving.heads import HeadBank, find_head, fit_head, put_head

Spared = Literal["nothing", "changed layers", "everything"]


def stored_dtype() -> torch.dtype | None:
    """Return in which 16 bits prediction stores frozen linear layers on a GPU, or None on a CPU, where it does not."""
    return half_dtype() if torch.cuda.is_available() else None


class SharedBackbone:
    """A backbone that answers for several tasks.

    The model is a plain `PeftModel`: PEFT's class for sequence classification would wrap the head once per adapter,
    and cannot do so for heads of different width. The heads lie in a `HeadBank` instead.

    On a GPU it is stored as prediction stores a model, so that full models and shared ones are measured alike. Layers
    that an adapter is added to, and taken off again, must be `spared`: in 16 bits most of the adapter would be rounded
    away, and what is taken off would not be what was added. So must adapters that are to be combined.
    """

    def __init__(self, first: Entry, spared: Spared = "nothing") -> None:
        self.spared = spared
        self.readout = first.readout
        self.names: dict[str, str] = {}  # served name → PEFT's name, equally long ones: PEFT looks for parts of names
        model = first.readout.load_backbone(first.backbone, first.method.precision)
        self.head_names = first.readout.head_names(model)
        model.requires_grad_(False).eval()
        self.head_inside = any(path.split(".")[-1] in self.head_names for path, _ in model.named_modules())
        with whole_files(first):
            config, weights = self.configure(first), read_weights(first.saved, self.head_names)
        self.adapted = PeftModel(model, config, adapter_name=self.name_adapter(first))
        self.module = first.readout.attach_head(self.adapted).requires_grad_(False).eval()
        self.bank = HeadBank({})
        self.template = put_head(self.module, find_head(self.module, self.head_names), self.bank)
        self.first = first
        self.fill(first, *weights)
        self.store(self.module)
        self.untouched: str | None = None

    def remember(self) -> None:
        """Keep a hash of the backbone before anything is asked of it. Apart from loading, which is timed."""
        if self.untouched is None:
            self.untouched = self.hash_backbone()

    def name_adapter(self, entry: Entry) -> str:
        """Return a new name for PEFT."""
        self.names[entry.name] = f"adapter{len(self.names):05d}"
        return self.names[entry.name]

    def configure(self, entry: Entry) -> PeftConfig:
        """Return an adapter's configuration without the head, which the bank holds."""
        config = PeftConfig.from_pretrained(str(entry.saved / ADAPTER_FOLDER))
        # With a task type PEFT would wrap the head (see the class).
        config.task_type, config.modules_to_save, config.inference_mode = None, None, True
        if self.head_inside:
            # `target_modules` such as "dense" also name layers of a head.
            config.exclude_modules = rf"(.*\.)?({'|'.join(self.head_names)})(\..*)?"
        return config

    def add(self, entry: Entry) -> None:
        """Load one more task from the disk.

        Raises:
            SettingsError: its adapter does not fit the backbone, or cannot be read; the others stay as they are.
        """
        with whole_files(entry):
            check_backbone(entry, self.first)
            config, weights = self.configure(entry), read_weights(entry.saved, self.head_names)
        # Made without content, which `fill` brings; random numbers would take longer to draw than the adapter to read.
        self.adapted.add_adapter(self.name_adapter(entry), config, low_cpu_mem_usage=True)
        try:
            self.fill(entry, *weights)
        except (RuntimeError, KeyError) as error:
            self.adapted.delete_adapter(self.names.pop(entry.name))
            reason = str(error).strip().splitlines()[-1].strip()
            raise SettingsError(
                f"task '{entry.name}' cannot be served: its saved weights are not those that its own "
                f"adapter_config.json describes ({reason})"
            ) from error
        self.adapted.eval()  # PEFT makes a further adapter's dropout ready for training

    def fill(self, entry: Entry, adapter: dict[str, torch.Tensor], head: dict[str, torch.Tensor]) -> None:
        """Put an entry's saved weights into its adapter and its head."""
        found = set_peft_model_state_dict(self.adapted, adapter, self.names[entry.name], low_cpu_mem_usage=True)
        if found.unexpected_keys:
            raise KeyError(f"the model has no {found.unexpected_keys[0]}")
        self.bank.heads[entry.name] = self.make_head(head)
        if self.spared == "nothing":
            for path, part in self.adapted.named_modules():
                if path.endswith(f".{self.names[entry.name]}"):
                    self.store(part)

    def make_head(self, head: dict[str, torch.Tensor]) -> torch.nn.Module:
        """Return a head with these weights, stored as all else."""
        made = fit_head(self.template, head)
        self.store(made)
        return made

    def store(self, part: torch.nn.Module) -> None:
        """Store a part, or all, as prediction does, but for what is spared."""
        dtype = stored_dtype()
        if dtype is not None and self.spared != "everything":
            changed = (weight for _, layer in self.layers() for weight in layer.parameters())
            keep_linear_in_half(part, dtype, changed if self.spared == "changed layers" else ())

    def activate(self, name: str) -> None:
        """Let one task answer from now on."""
        self.adapted.set_adapter(self.names[name], inference_mode=True)
        self.bank.assign(name)

    def layers(self) -> Iterator[tuple[str, Any]]:
        """Return the layers that an adapter changes, by path."""
        for path, layer in self.adapted.named_modules():
            if isinstance(layer, BaseTunerLayer):
                yield path, layer

    def copy_weights(self) -> dict[str, torch.nn.Parameter]:
        """Return a copy of every weight that an adapter changes, as it is stored."""
        return {path: copy.deepcopy(layer.get_base_layer().weight) for path, layer in self.layers()}

    def plain_weights(self) -> dict[str, torch.Tensor]:
        """Return every weight that an adapter changes as numbers, 4-bit ones turned back."""
        return {path: dequantize_module_weight(layer.get_base_layer()).clone() for path, layer in self.layers()}

    def hash_backbone(self) -> str:
        """Return a hash of the backbone's tensors as they now are, adapters and heads left out."""
        return hash_tensors(self.adapted.get_base_model(), (*self.head_names, *self.names.values()))


def hash_tensors(model: torch.nn.Module, left_out: tuple[str, ...]) -> str:
    """Return the sha256 of the names and bytes of a model's tensors, without those below the modules `left_out`."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        parts = [part for part in name.split(".") if part != "base_layer"]
        if any(part in left_out for part in parts):
            continue
        digest.update(".".join(parts).encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
