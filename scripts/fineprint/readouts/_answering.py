"""Answering prompts with a language model that keeps keys and values, so that nothing is read twice.

What all prompts begin with is read once, the rest of each prompt once, and the tokens of all answers in one further
pass: from it come the likelihood of each answer and, as long as the model writes one of them, the next word too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from fineprint.readouts._groups import prepends_tokens
from fineprint.readouts._padding import position_ids

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache

Kept = list[tuple["torch.Tensor", "torch.Tensor"]]  # keys and values by layer, (1, heads, columns, width)
ROOT, LOST = -1, -2  # before the first token of an answer; off every answer


@dataclass
class Reading:
    """Prompts as read: what was kept of them, with room behind it, their mask, and the logits of the word that follows,
    (rows, words)."""

    cache: DynamicCache
    mask: torch.Tensor
    logits: torch.Tensor

    def rewind(self) -> DynamicCache:
        """Return what was kept of the prompts, and forget what was read behind them."""
        for layer in self.cache.layers:
            layer.rewind(self.mask.shape[1])
        return self.cache


@dataclass
class AnswerTree:
    """The tokens of all answers, beginnings that several share held once.

    Attributes:
        tokens: of the nodes.
        parents: the node before each, or `ROOT`.
        paths: the nodes of each answer.
    """

    tokens: list[int]
    parents: list[int]
    paths: list[list[int]]

    def ancestors(self, node: int) -> list[int]:
        """Return a node and all nodes before it, the last first."""
        return [] if node == ROOT else [node, *self.ancestors(self.parents[node])]


def grow_tree(answers: list[list[int]]) -> AnswerTree:
    """Return the tree of answers given as token ids."""
    beginnings = [tuple(answer[: end + 1]) for answer in answers for end in range(len(answer))]
    nodes = {beginning: number for number, beginning in enumerate(dict.fromkeys(beginnings))}
    return AnswerTree(
        [beginning[-1] for beginning in nodes],
        [nodes.get(beginning[:-1], ROOT) for beginning in nodes],
        [[nodes[tuple(answer[: end + 1])] for end in range(len(answer))] for answer in answers],
    )


def shared_beginning(prompts: list[list[int]]) -> list[int]:
    """Return the tokens that all prompts begin with, at least one token of each left over."""
    if not prompts:
        return []
    first, last = min(prompts), max(prompts)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return first[: min(same, min(map(len, prompts)) - 1)]


def keeps_all(module: torch.nn.Module) -> bool:
    """Return whether the model keeps keys and values of every token, and nothing else, so that they can be reused."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    if prepends_tokens(module):  # PEFT then makes what is kept itself
        return False
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=module.config).layers)


def make_cache(beginning: Kept, layers: int, rows: int, room: int) -> DynamicCache:
    """Return a cache that begins with kept tokens and has room for others.

    Transformers' own cache copies all that it holds for every token that is added, which takes longer than reading it.

    Args:
        beginning: of one row; the same for all.
        layers: of the model.
        rows: that are read.
        room: columns in all.
    """
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    class RoomyLayer(DynamicLayer):
        """Keys and values of one layer, in memory that was set aside for all columns."""

        def update(self, keys: torch.Tensor, values: torch.Tensor, *_: Any, **__: Any) -> tuple[Any, Any]:
            """Add tokens; return all."""
            if not self.is_initialized:
                self.lazy_initialization(keys, values)
                self.place = [part.new_empty(*part.shape[:2], room, part.shape[3]) for part in (keys, values)]
                self.keys = self.place[0][:, :, :0]
            start = self.keys.shape[2]
            for place, part in zip(self.place, (keys, values), strict=True):
                place[:, :, start : start + part.shape[2]] = part
            return self.rewind(start + keys.shape[2])

        def rewind(self, columns: int) -> tuple[Any, Any]:
            """Hold so many columns; return them."""
            self.keys, self.values = (place[:, :, :columns] for place in self.place)
            return self.keys, self.values

    cache = DynamicCache()
    cache.layers = [RoomyLayer() for _ in range(layers)]
    for layer, parts in zip(cache.layers, beginning, strict=False):
        layer.update(*(part.expand(rows, -1, -1, -1) for part in parts))
    return cache


def read_on(
    module: torch.nn.Module,
    cache: DynamicCache,
    ids: torch.Tensor,
    mask: torch.Tensor,
    positions: torch.Tensor,
    last: int,
) -> torch.Tensor:
    """Read further tokens behind kept ones, keep them too, and return logits, (rows, columns, words).

    Args:
        module: the language model.
        cache: of the tokens before.
        ids: further tokens, (rows, columns).
        mask: which tokens are seen, (rows, all columns), or added to attention, (rows, 1, columns, all columns).
        positions: of the further tokens, (rows, columns).
        last: at how many of the last columns logits are wanted; 0 for all.
    """
    return module(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=last,
    ).logits


def count_layers(module: torch.nn.Module) -> int:
    """Return how many layers keep keys and values."""
    from transformers import DynamicCache

    return len(DynamicCache(config=module.config).layers)


def read_beginning(module: torch.nn.Module, ids: torch.Tensor) -> Kept:
    """Read what all prompts begin with, (1, columns)."""
    import torch

    columns = ids.shape[1]
    cache = make_cache([], count_layers(module), 1, columns)
    read_on(module, cache, ids, torch.ones_like(ids), torch.arange(columns, device=ids.device)[None], 1)
    return [(layer.keys, layer.values) for layer in cache.layers]


def read_prompts(module: torch.nn.Module, beginning: Kept, ids: torch.Tensor, mask: torch.Tensor, more: int) -> Reading:
    """Read the rest of each prompt, padded on the left, behind their common beginning, leaving room for `more` tokens
    to be read behind them."""
    import torch

    columns = beginning[0][0].shape[2] if beginning else 0
    whole = torch.cat([mask.new_ones(len(ids), columns), mask], dim=1)
    cache = make_cache(beginning, count_layers(module), len(ids), whole.shape[1] + more)
    logits = read_on(module, cache, ids, whole, position_ids(whole)[:, columns:], 1)
    return Reading(cache, whole, logits[:, -1])


def read_answers(module: torch.nn.Module, reading: Reading, tree: AnswerTree) -> torch.Tensor:
    """Read all answers behind each prompt at once; return the logits behind each node, (rows, nodes, words)."""
    import torch

    cache = reading.rewind()
    device, dtype = reading.mask.device, cache.layers[0].keys.dtype
    ancestors = [tree.ancestors(node) for node in range(len(tree.tokens))]
    seen = torch.zeros(len(ancestors), len(ancestors), dtype=torch.bool)
    for node, line in enumerate(ancestors):
        seen[node, line] = True
    rows, nodes = len(reading.mask), len(ancestors)
    prompt = reading.mask.bool().unsqueeze(1).expand(rows, nodes, -1)
    visible = torch.cat([prompt, seen.to(device).expand(rows, nodes, nodes)], dim=2).unsqueeze(1)
    added = torch.zeros(visible.shape, dtype=dtype, device=device).masked_fill(~visible, torch.finfo(dtype).min)
    depths = torch.tensor([len(line) - 1 for line in ancestors], device=device)
    positions = reading.mask.sum(dim=1, keepdim=True) + depths
    ids = torch.tensor(tree.tokens, device=device).expand(rows, nodes)
    return read_on(module, cache, ids, added, positions, 0)


def score_answers(reading: Reading, behind: torch.Tensor | None, tree: AnswerTree) -> torch.Tensor:
    """Return the log-likelihood of each answer after each prompt, (rows, answers).

    Args:
        reading: the prompts.
        behind: the logits behind each node; not needed where every answer is one token.
        tree: of the answers.
    """
    import torch

    needed = sorted({tree.parents[node] for path in tree.paths for node in path})
    logs = {
        node: (reading.logits if node == ROOT or behind is None else behind[:, node]).float().log_softmax(dim=-1)
        for node in needed
    }
    scores = [
        torch.stack([logs[tree.parents[node]][:, tree.tokens[node]] for node in path]).sum(dim=0) for path in tree.paths
    ]
    return torch.stack(scores, dim=1)


def choose_tokens(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return a token per row: the most likely one, or one drawn at a temperature."""
    if temperature == 0:
        return logits.argmax(dim=-1)
    return (logits.float() / temperature).softmax(dim=-1).multinomial(1).squeeze(1)


def write_answers(
    module: torch.nn.Module,
    reading: Reading,
    behind: torch.Tensor,
    tree: AnswerTree,
    temperature: float,
    most: int,
    ends: list[int],
    fill: int,
) -> torch.Tensor:
    """Write up to `most` tokens behind each prompt, until every row has ended; return them, (rows, tokens).

    Args:
        module: the language model.
        reading: the prompts.
        behind: the logits behind each node of the tree.
        tree: of the answers; no further pass is needed while every row that goes on is on it.
        temperature: at which tokens are drawn; 0 takes the most likely one.
        most: tokens.
        ends: tokens that end an answer.
        fill: what stands behind the end.
    """
    import torch

    device = reading.mask.device
    tokens, parents = torch.tensor(tree.tokens, device=device), torch.tensor(tree.parents, device=device)
    rows, end = torch.arange(len(reading.mask), device=device), torch.tensor(ends, device=device)
    ended, node = torch.zeros_like(rows, dtype=torch.bool), torch.full_like(rows, ROOT)
    written, cache, logits = rows.new_empty(len(rows), 0), reading.rewind(), reading.logits
    following = True
    while True:
        token = torch.where(ended, fill, choose_tokens(logits, temperature))
        written = torch.cat([written, token.unsqueeze(1)], dim=1)
        ended = ended | torch.isin(token, end)
        if written.shape[1] == most or bool(ended.all()):
            return written
        fitting = (parents == node.unsqueeze(1)) & (tokens == token.unsqueeze(1))
        node = torch.where(fitting.any(dim=1), fitting.int().argmax(dim=1), LOST)
        if following and not bool(((node == LOST) & ~ended).any()):
            logits = behind[rows, node.clamp(min=0)]
            continue
        unread = written if following else written[:, -1:]
        following = False
        mask = torch.cat([reading.mask, torch.ones_like(written)], dim=1)
        logits = read_on(module, cache, unread, mask, position_ids(mask)[:, -unread.shape[1] :], 1)[:, -1]
