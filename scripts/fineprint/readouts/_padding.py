"""Padding, and finding the first and last real token, shared by the readouts."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from fineprint.readouts import Batch, EncodedExample

if TYPE_CHECKING:
    import numpy
    import torch

IGNORED = -100  # cross_entropy's mark for positions without a loss

# Padded lengths are multiples of this: fewer different shapes, so fewer memory blocks and kernels.
LENGTH_STEP = 8


def pad_to_one_length(sequences: list[list[int]], fill: int, side: str, length: int | None = None) -> torch.Tensor:
    """Stack lists into a tensor of shape (rows, columns), filled up on `side`.

    Args:
        sequences: lists of different length.
        fill: what stands where a list has ended.
        side: "left" or "right".
        length: columns; None takes the longest list, rounded up.
    """
    import numpy
    import torch

    real = real_places(sequences, side, length)
    stacked = numpy.full(real.shape, fill)
    # All rows at once: a loop over them in Python would keep a GPU waiting.
    stacked[real] = numpy.fromiter(itertools.chain.from_iterable(sequences), stacked.dtype)
    return torch.from_numpy(stacked)


def attention_mask(sequences: list[list[int]], side: str, length: int | None = None) -> torch.Tensor:
    """Return 1 where `pad_to_one_length` puts a token and 0 where it fills up."""
    import torch

    return torch.from_numpy(real_places(sequences, side, length).astype(int))


def real_places(sequences: list[list[int]], side: str, length: int | None) -> numpy.ndarray:
    """Return where `pad_to_one_length` puts tokens, (rows, columns)."""
    import numpy

    lengths = numpy.array([len(sequence) for sequence in sequences])
    columns = length if length is not None else round_up(int(lengths.max()))
    if side == "left":
        return numpy.arange(columns) >= columns - lengths[:, None]
    return numpy.arange(columns) < lengths[:, None]


def round_up(length: int) -> int:
    """Return the columns that a list of this length is padded to."""
    return length + -length % LENGTH_STEP


def count_columns(sequences: list[list[int]], length: int | None, most: int) -> int:
    """Return to how many columns lists are padded: rounded up, but never beyond what a model has positions for.

    Args:
        sequences: the lists.
        length: columns that are asked for; None takes the longest list.
        most: the longest list that there may be.
    """
    longest = max(map(len, sequences))
    return max(longest, min(length or round_up(longest), most))


def place(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Move a tensor in the computer's memory to a device without waiting for what a GPU is at."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def collate_prompts(prompts: list[list[int]], beginning: list[int], pad: int) -> Batch:
    """Pad prompts on the left, so that answers continue them.

    Args:
        prompts: as token ids.
        beginning: set apart, if it is not empty and all prompts begin with it.
        pad: the pad token.
    """
    import torch

    start, batch = len(beginning), {}
    if start and all(prompt[:start] == beginning for prompt in prompts):
        batch["beginning_ids"] = torch.tensor([beginning])
        prompts = [prompt[start:] for prompt in prompts]
    batch["prompt_ids"] = pad_to_one_length(prompts, pad, "left")
    return batch | {"prompt_mask": attention_mask(prompts, "left")}


def collate_joined(examples: list[EncodedExample], pad: int, length: int | None, most: int) -> Batch:
    """Return prompts with their answers behind them, padded on the right.

    Args:
        examples: with prompt and answer.
        pad: the pad token.
        length: columns that are asked for; None takes the longest, rounded up.
        most: tokens of the longest input that there may be.
    """
    joined = [example["prompt"] + example["answer"] for example in examples]
    columns = count_columns(joined, length, most)
    return {
        "input_ids": pad_to_one_length(joined, pad, "right", columns),
        "attention_mask": attention_mask(joined, "right", columns),
    }


def collate_answers(examples: list[EncodedExample], longest: int, columns: int) -> Batch:
    """Return the tokens of answers behind prompts, and where in the joined sequences each of them is predicted.

    Args:
        examples: with prompt and answer.
        longest: tokens of the longest possible answer.
        columns: of the joined sequences, padded on the right. Positions are counted from the end, since an adapter may
            put virtual tokens in front.
    """
    import torch

    labels = torch.full((len(examples), longest), IGNORED)
    positions = torch.full_like(labels, -1)
    for row, example in enumerate(examples):
        answer, first = example["answer"], len(example["prompt"]) - 1 - columns
        labels[row, : len(answer)] = torch.tensor(answer)
        positions[row, : len(answer)] = torch.arange(first, first + len(answer))
    return {"labels": labels, "answer_positions": positions}


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
