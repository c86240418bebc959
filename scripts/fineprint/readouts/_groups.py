"""Running a language model on left-padded prompts, in groups where virtual tokens forbid padding."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fineprint.readouts import Batch
from fineprint.readouts._padding import position_ids
from fineprint.readouts._sampling import leave_drawn

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig


def run(module: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, keep: int) -> torch.Tensor:
    """Return the logits at the last `keep` positions, or with 0 at all: (rows, positions, vocabulary)."""
    numbered = not prepends_tokens(module) and takes_positions(module)
    extra = {"position_ids": position_ids(mask)} if numbered else {}
    # Nothing is written behind, so keys and values need not be kept.
    return module(input_ids=ids, attention_mask=mask, logits_to_keep=keep, use_cache=False, **extra).logits


def run_at(module: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Return the logits at each row's own positions, counted from the end: (rows, positions, vocabulary).

    The output layer is shown these positions only; with a large vocabulary its logits for all tokens take gigabytes.
    """
    import torch

    rows = torch.arange(len(positions), device=positions.device).unsqueeze(1)
    with output_layer_sees(module, lambda states: states[rows, positions]):
        return run(module, ids, mask, 0)


@contextmanager
def output_layer_sees(module: torch.nn.Module, change: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
    """Show the output layer, inside the block, what is made of the last hidden states, (rows, columns, width)."""
    hook = module.get_output_embeddings().register_forward_pre_hook(lambda _, inputs: (change(inputs[0]),))
    try:
        yield
    finally:
        hook.remove()


def prepends_tokens(module: torch.nn.Module) -> bool:
    """Return whether PEFT puts virtual tokens in front; it then numbers positions itself."""
    config = getattr(module, "active_peft_config", None)
    return config is not None and config.is_prompt_learning


def takes_positions(module: torch.nn.Module) -> bool:
    """Return whether the model is told each token's position; one that is not finds it by the mask (ALiBi)."""
    return takes(module, "position_ids") and not getattr(module.config, "alibi", False)


def takes(module: torch.nn.Module, name: str) -> bool:
    """Return whether a language model, with or without an adapter, names an input of its forward pass."""
    model = module.get_base_model() if hasattr(module, "get_base_model") else module
    return name in inspect.signature(model.forward).parameters


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
    """Put what belongs to groups, (rows, columns), back in the order of the batch's rows."""
    import torch

    # Of a permutation argsort is the inverse: it puts each row back into its place.
    order = torch.cat([rows for rows, _ in parts]).argsort()
    return torch.cat([values for _, values in parts])[order.to(batch["prompt_ids"].device)]


def score_groups(module: torch.nn.Module, batch: Batch, answers: list[list[int]]) -> torch.Tensor:
    """Return the log-likelihood of each answer after each prompt, (rows, answers), whole inputs read for each."""
    import torch

    return join_groups(
        batch,
        [
            (rows, torch.stack([answer_score(module, ids, mask, answer) for answer in answers], dim=1))
            for rows, ids, mask in split_groups(module, batch)
        ],
    )


def answer_score(module: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, answer: list[int]) -> torch.Tensor:
    """Return the log-likelihood of one answer after each prompt, shape (rows,)."""
    import torch

    tokens = torch.tensor(answer, device=ids.device).expand(len(ids), -1)
    joined = torch.cat([ids, tokens], dim=1)
    joined_mask = torch.cat([mask, torch.ones_like(tokens)], dim=1)
    # A token is predicted one position before it stands, and behind the last one nothing is asked.
    logits = run(module, joined, joined_mask, len(answer) + 1)[:, :-1].float()
    return logits.log_softmax(dim=-1).gather(2, tokens.unsqueeze(-1)).squeeze(-1).sum(dim=1)


def generate_groups(module: torch.nn.Module, batch: Batch, config: GenerationConfig) -> torch.Tensor:
    """Return the tokens that Transformers writes after each prompt, (rows, tokens), filled up with the pad token."""
    from torch.nn.functional import pad
    from transformers import LogitsProcessorList

    parts = []
    for rows, ids, mask in split_groups(module, batch):
        drawing = [leave_drawn(config.temperature, batch["draws"][rows])] if "draws" in batch else []
        written = module.generate(
            input_ids=ids, attention_mask=mask, generation_config=config, logits_processor=LogitsProcessorList(drawing)
        )[:, ids.shape[1] :]
        # Transformers stops when all rows of a group have ended, so groups differ in width.
        parts.append((rows, pad(written, (0, config.max_new_tokens - written.shape[1]), value=config.pad_token_id)))
    return join_groups(batch, parts)
