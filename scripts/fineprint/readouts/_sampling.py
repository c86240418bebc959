"""How the tokens of an answer are chosen: the likeliest one each time, or one drawn at a temperature.

A row draws by random numbers of its own, made from the readout's seed and the row's id: what it draws depends neither
on the rows that are answered with it nor on their order, and so not on how many a GPU has room for. What batches still
change is rounding: where it decides between two tokens, either may be written, as without sampling.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig, PreTrainedTokenizerBase

DRAW_BITS = 24  # of a random number: as many as a float32 holds exactly


def draw_numbers(seed: int, row: str, count: int) -> list[int]:
    """Return the random numbers of `DRAW_BITS` bits by which a row, given by its id, draws its first `count` tokens."""
    # Seeded by a text, Python's generator is the same on every machine, and neighboring seeds have nothing in common.
    generator = random.Random(f"{seed}/{row}")
    return [generator.getrandbits(DRAW_BITS) for _ in range(count)]


def stack_draws(numbers: list[list[int]]) -> torch.Tensor:
    """Return the random numbers of rows within [0, 1), shape (rows, tokens)."""
    import torch

    return torch.tensor(numbers, dtype=torch.float32) / 2**DRAW_BITS


def choose_tokens(logits: torch.Tensor, temperature: float, draws: torch.Tensor | None) -> torch.Tensor:
    """Return a token per row, without waiting for a GPU.

    Args:
        logits: shape (rows, words).
        temperature: at which is drawn; 0 takes the likeliest token.
        draws: a number within [0, 1) for each row; not needed at temperature 0.
    """
    import torch

    if temperature == 0 or draws is None:
        return logits.argmax(dim=-1)
    # The token in whose part of [0, 1) the number falls. Summed in 64 bits: in 32 a GPU's sums of a large vocabulary
    # would go up and down by more than the least likely tokens have.
    sums = (logits.float() / temperature).softmax(dim=-1).cumsum(dim=-1, dtype=torch.float64)
    found = torch.searchsorted(sums, draws.unsqueeze(1) * sums[:, -1:], right=True)
    # NaN logits have no such token; whoever reads the answers says so.
    return found.squeeze(1).clamp(max=logits.shape[1] - 1)


def leave_drawn(temperature: float, draws: torch.Tensor) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return a logits processor for Transformers' `generate`, which itself would draw by one generator for all rows.

    At each step it leaves of all tokens only the one that the row draws.

    Args:
        temperature: above 0.
        draws: shape (rows, tokens).
    """
    import torch

    steps = iter(draws.unbind(dim=1))

    def process(_: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        chosen = choose_tokens(scores, temperature, next(steps))
        return torch.full_like(scores, -torch.inf).scatter(1, chosen.unsqueeze(1), 0.0)

    return process


def make_generation_config(
    tokenizer: PreTrainedTokenizerBase, model_ends: int | list[int] | None, temperature: float, max_new_tokens: int
) -> GenerationConfig:
    """Return how to generate, to any end of text that the tokenizer or the model, by `model_ends`, names."""
    from transformers import GenerationConfig

    # A chat model ends its turn with a token that need not be the tokenizer's end of text.
    ends = {tokenizer.eos_token_id, *(model_ends if isinstance(model_ends, list) else [model_ends])}
    # By default Transformers draws from the 50 likeliest tokens; here temperature alone shapes the draw.
    sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=sorted(end for end in ends if end is not None),
        **(sampling if temperature > 0 else {"do_sample": False}),
    )
