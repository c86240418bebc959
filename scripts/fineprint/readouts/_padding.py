"""Padding, and finding the first and last real token, shared by the readouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# Padded lengths are multiples of this: fewer different shapes, so fewer memory blocks and kernels.
LENGTH_STEP = 8


def pad_to_one_length(sequences: list[list[int]], fill: int, side: str) -> torch.Tensor:
    """Stack lists of different length into a tensor of shape (rows, longest), filled up on `side`."""
    import torch

    longest = max(len(sequence) for sequence in sequences)
    longest += -longest % LENGTH_STEP
    stacked = torch.full((len(sequences), longest), fill, dtype=torch.long)
    for row, sequence in zip(stacked, sequences, strict=True):
        where = slice(longest - len(sequence), None) if side == "left" else slice(0, len(sequence))
        row[where] = torch.tensor(sequence, dtype=torch.long)
    return stacked


def attention_mask(sequences: list[list[int]], side: str) -> torch.Tensor:
    """Return 1 where `pad_to_one_length` puts a token and 0 where it fills up."""
    return pad_to_one_length([[1] * len(sequence) for sequence in sequences], 0, side)


def last_real_position(mask: torch.Tensor) -> torch.Tensor:
    """Return, for each row, the position of the rightmost 1 of an attention mask, under left and right padding.

    `mask.sum() - 1` would be wrong under left padding.
    """
    import torch

    positions = torch.arange(mask.shape[1], device=mask.device)
    return (mask.long() * positions).argmax(dim=1)


def first_real_position(mask: torch.Tensor) -> torch.Tensor:
    """Return, for each row, the position of the leftmost 1 of an attention mask."""
    return mask.long().argmax(dim=1)


def position_ids(mask: torch.Tensor) -> torch.Tensor:
    """Return positions that count real tokens from 0, so that left padding shifts nothing."""
    return (mask.long().cumsum(dim=1) - 1).clamp(min=0)
