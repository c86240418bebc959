"""Running a language model on left-padded prompts, in groups where virtual tokens forbid padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fineprint.readouts import Batch
from fineprint.readouts._padding import position_ids

if TYPE_CHECKING:
    import torch


def run(module: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, keep: int | torch.Tensor) -> torch.Tensor:
    """Return the logits at the last `keep` positions, or at the columns `keep`: (rows, positions, vocabulary)."""
    extra = {} if prepends_tokens(module) else {"position_ids": position_ids(mask)}
    return module(input_ids=ids, attention_mask=mask, logits_to_keep=keep, use_cache=False, **extra).logits


def prepends_tokens(module: torch.nn.Module) -> bool:
    """Return whether PEFT puts virtual tokens in front; it then numbers positions itself."""
    config = getattr(module, "active_peft_config", None)
    return config is not None and config.is_prompt_learning


def split_groups(module: torch.nn.Module, batch: Batch) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Return (rows, prompt ids, mask) of the groups of a batch that can be run together: all, as a rule.

    Virtual tokens stand in front of left padding, so padding would move them away from the text. Such prompts are run
    in groups of equal length, without padding.
    """
    import torch

    ids, mask = batch["prompt_ids"], batch["prompt_mask"]
    if not prepends_tokens(module):
        return [(torch.arange(len(ids)), ids, mask)]
    lengths = mask.sum(dim=1)
    groups = [(int(length), (lengths == length).nonzero().squeeze(1)) for length in lengths.unique()]
    return [(rows.cpu(), ids[rows, -length:], mask[rows, -length:]) for length, rows in groups]


def join_groups(batch: Batch, parts: list[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """Put the scores of groups back in the order of the batch's rows."""
    import torch

    order = torch.cat([rows for rows, _ in parts]).argsort()
    return torch.cat([scores for _, scores in parts])[order.to(batch["prompt_ids"].device)]
