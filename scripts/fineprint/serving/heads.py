"""Heads of several tasks in the place of one.

PEFT 0.21.2 keeps heads as `modules_to_save`. In a mixed batch it accepts only heads that are a single layer, RoBERTa's
is not, and it stacks their outputs, so they must be equally wide; and it cannot load a head of another width beside
the first. A bank has no such limits: each row is answered by its own task's head, and what a narrower head does not
have is −∞, so that it gets no probability.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch

from fineprint.core.settings import SettingsError


class HeadBank(torch.nn.Module):
    """Heads by task, and which task each row of the next batch belongs to."""

    def __init__(self, heads: dict[str, torch.nn.Module]) -> None:
        super().__init__()
        self.heads = torch.nn.ModuleDict(heads)
        self.rows: dict[str, torch.Tensor | None] = {}

    def assign(self, names: str | Sequence[str]) -> None:
        """Say which task all rows, or each row in turn, of the next batch belong to."""
        if isinstance(names, str) or len(set(names)) == 1:
            # None stands for all rows: no index is made, and nothing is copied.
            self.rows = {names if isinstance(names, str) else names[0]: None}
            return
        device = next(self.parameters()).device
        self.rows = {
            name: torch.tensor([row for row, other in enumerate(names) if other == name], device=device)
            for name in dict.fromkeys(names)
        }

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return logits as wide as the widest head in the batch."""
        answers = [
            (rows, self.heads[name](hidden if rows is None else hidden[rows])) for name, rows in self.rows.items()
        ]
        if len(answers) == 1:
            return answers[0][1]
        widest = max(logits.shape[-1] for _, logits in answers)
        together = answers[0][1].new_full((len(hidden), widest), float("-inf"))
        for rows, logits in answers:
            together[rows, : logits.shape[-1]] = logits
        return together


def find_head(module: torch.nn.Module, names: tuple[str, ...]) -> str:
    """Return the path of the module that is the head: the outermost one of these names.

    Raises:
        SettingsError: the head has several parts, which cannot be exchanged for another task's as one.
    """
    paths = [path for path, _ in module.named_modules() if path.split(".")[-1] in names]
    outermost = [path for path in paths if not any(path.startswith(f"{other}.") for other in paths)]
    if len(outermost) > 1:
        raise SettingsError(
            f"the head of this model has several parts ({', '.join(outermost)}), and serving exchanges one; use "
            "readout 'linear_head', or serving: null"
        )
    return outermost[0]


def put_head(module: torch.nn.Module, path: str, head: torch.nn.Module) -> torch.nn.Module:
    """Put a head where another stands and return the other."""
    owner, _, name = path.rpartition(".")
    old = module.get_submodule(path)
    setattr(module.get_submodule(owner), name, head)
    return old


def find_bank(module: torch.nn.Module) -> HeadBank:
    """Return the bank in use; PEFT keeps a frozen copy of a trained one (`original_module`)."""
    return next(
        part
        for path, part in module.named_modules()
        if isinstance(part, HeadBank) and "original_module" not in path.split(".")
    )


def fit_head(template: torch.nn.Module, state: dict[str, torch.Tensor]) -> torch.nn.Module:
    """Return a copy of a head with saved tensors in the place of its own, whatever their width."""
    # A copy keeps what is no weight, such as activation and dropout, as the model's own class made it.
    head = copy.deepcopy(template)
    for name in dict(head.named_parameters()):
        owner, _, last = name.rpartition(".")
        setattr(head.get_submodule(owner), last, torch.nn.Parameter(state[name], requires_grad=False))
    return head.eval()
