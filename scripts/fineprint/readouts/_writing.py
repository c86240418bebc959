"""Writing answers behind prompts that were read, waiting for the GPU only where it is of use.

To know what was written a GPU must be waited for, and it stands still while the next pass is prepared. So the first
batches are watched, and the others are written as the first were: as answers and nothing else, or freely, up to the
number of tokens that it took.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fineprint.readouts._answering import ROOT, AnswerTree, Reading, additive_mask, read_answers, read_on
from fineprint.readouts._padding import place

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig

LOST = -2  # off every answer


@dataclass
class Habit:
    """What the batches so far wrote.

    Attributes:
        answers_only: every row wrote an answer of the tree, and its end.
        tokens: that a batch took until all its rows had ended, at most; 0 before the first.
    """

    answers_only: bool = True
    tokens: int = 0


class Writing:
    """The tokens written behind each prompt so far.

    Attributes:
        tokens: shape (rows, tokens), filled up behind an end.
        ended: which rows have ended.
        watched_from: from how many tokens on the GPU is waited for, to know whether all rows have ended.
    """

    def __init__(self, rows: int, config: GenerationConfig, device: torch.device, watched_from: int) -> None:
        import torch

        self.config, self.watched_from = config, watched_from
        self.ends = place(torch.tensor(config.eos_token_id, dtype=torch.long), device)
        self.tokens = torch.empty(rows, 0, dtype=torch.long, device=device)
        self.ended = torch.zeros(rows, dtype=torch.bool, device=device)

    @property
    def count(self) -> int:
        """Return how many tokens each row has."""
        return self.tokens.shape[1]

    def add(self, logits: torch.Tensor) -> None:
        """Write a token behind each row, given logits, (rows, words)."""
        import torch

        chosen = choose_tokens(logits, self.config.temperature if self.config.do_sample else 0.0)
        token = torch.where(self.ended, self.config.pad_token_id, chosen)
        self.tokens = torch.cat([self.tokens, token.unsqueeze(1)], dim=1)
        self.ended = self.ended | torch.isin(token, self.ends)

    def is_done(self) -> bool:
        """Return whether no token is to follow, as far as it may be looked at."""
        if self.count == self.config.max_new_tokens:
            return True
        return self.count >= self.watched_from and bool(self.ended.all())


def choose_tokens(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return a token per row: the most likely one, or one drawn at a temperature.

    It is drawn as torch's `multinomial` draws, which would wait for the GPU to check its input.
    """
    import torch

    if temperature == 0:
        return logits.argmax(dim=-1)
    chances = (logits.float() / temperature).softmax(dim=-1)
    # An exponential race: the least of Exp(1) / p, here the largest of its inverse, falls on each token with its chance
    # p.
    return (chances / torch.empty_like(chances).exponential_()).argmax(dim=-1)


def write_answers(
    module: torch.nn.Module, reading: Reading, tree: AnswerTree, config: GenerationConfig, habit: Habit
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Write behind each prompt until every row has ended.

    Args:
        module: the language model.
        reading: the prompts.
        tree: of the labels' answers, which are read in the pass that the second word takes.
        config: how words are chosen, how many at most, and which end an answer.
        habit: what the batches so far wrote; what this one does is noted there, where it was looked at.

    Returns:
        The tokens, (rows, tokens), and the logits behind the tree's first nodes, (rows, nodes, words).
    """
    writing = Writing(len(reading.mask), config, reading.mask.device, watch_from(habit, reading.mask.device))
    writing.add(reading.logits)
    if habit.answers_only:
        behind = read_answers(module, reading, tree, len(tree.tokens))
        habit.answers_only = follow_tree(writing, behind, tree)
        unread = writing.count
        reading.rewind(0)
    else:  # the first word is read together with the answers
        logits = read_answers(module, reading, tree, tree.inner, writing.tokens)
        behind, unread = logits[:, 1:], 1
        reading.rewind(1)
        if not writing.is_done():
            writing.add(logits[:, 0])
    write_on(module, reading, writing, unread)
    habit.tokens = max(habit.tokens, writing.count)
    return writing.tokens, behind


def watch_from(habit: Habit, device: torch.device) -> int:
    """Return from how many tokens on it is looked at whether all rows have ended: at each where no GPU is kept waiting,
    or where none of the batches so far went on after what is read in one pass."""
    # From what was written alone, never from timing, so that one seed draws the same answers on every run.
    return habit.tokens if device.type == "cuda" and not habit.answers_only else 0


def follow_tree(writing: Writing, behind: torch.Tensor, tree: AnswerTree) -> bool:
    """Write on, without a further pass, while every row that goes on is on the tree; return whether all stayed on it.

    Args:
        writing: of one token.
        behind: the logits behind each node, (rows, nodes, words).
        tree: of the answers.
    """
    import torch

    device = behind.device
    tokens, parents = (place(torch.tensor(part), device) for part in (tree.tokens, tree.parents))
    rows, node = torch.arange(len(behind), device=device), torch.full((len(behind),), ROOT, device=device)
    while not writing.is_done():
        fitting = (parents == node.unsqueeze(1)) & (tokens == writing.tokens[:, -1:])
        node = torch.where(fitting.any(dim=1), fitting.int().argmax(dim=1), LOST)
        if bool(((node == LOST) & ~writing.ended).any()):
            return False
        writing.add(behind[rows, node.clamp(min=0)])
    return True


def write_on(module: torch.nn.Module, reading: Reading, writing: Writing, unread: int) -> None:
    """Write until all is done, by a pass for each token; the last `unread` tokens were not read yet."""
    import torch

    tokens, columns = writing.config.max_new_tokens, reading.mask.shape[1]
    lengths, device = reading.mask.sum(dim=1, keepdim=True), reading.mask.device
    seen = torch.cat([reading.mask, reading.mask.new_ones(len(reading.mask), tokens)], dim=1)
    # One token sees all that is there. Told so in this form, nobody has to look at the mask.
    added = additive_mask(seen.bool().unsqueeze(1), reading.cache.layers[0].keys.dtype)
    while not writing.is_done():
        here = columns + writing.count
        mask = added[..., :here] if unread == 1 else seen[:, :here]
        positions = lengths + torch.arange(writing.count - unread, writing.count, device=device)
        writing.add(read_on(module, reading.cache, writing.tokens[:, -unread:], mask, positions, 1)[:, -1])
        unread = 1
