"""Answering prompts with a language model that keeps keys and values, so that nothing is read twice.

What all prompts begin with is read once, the rest of each prompt once, and the tokens of all answers in one further
pass: from it come the likelihood of each answer and the word that follows the first one written.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from fineprint.readouts._answer_tree import ROOT, AnswerTree
from fineprint.readouts._groups import output_layer_sees, prepends_tokens, takes, takes_positions
from fineprint.readouts._padding import place, position_ids, round_up

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache

Kept = list[tuple["torch.Tensor", "torch.Tensor"]]  # keys and values by layer, (1, heads, columns, width)


@dataclass
class Reading:
    """Prompts as read: what was kept of them, with room behind it, their mask, and the logits of the word that follows,
    (rows, words)."""

    cache: DynamicCache
    mask: torch.Tensor
    logits: torch.Tensor

    def rewind(self, more: int) -> DynamicCache:
        """Return what was kept of the prompts and `more` tokens behind them, and forget what was read after that."""
        for layer in self.cache.layers:
            layer.rewind(self.mask.shape[1] + more)
        return self.cache


def shared_beginning(prompts: list[list[int]]) -> list[int]:
    """Return the tokens that all prompts begin with, at least one token of each left over."""
    if not prompts:
        return []
    # What the first and the last in order have in common, all between them have.
    first, last = min(prompts), max(prompts)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return first[: min(same, min(map(len, prompts)) - 1)]


def keeps_all(module: torch.nn.Module) -> bool:
    """Return whether the model keeps keys and values of every token, and nothing else, so that they can be reused, and
    takes positions and a mask for each token of its own."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    # With virtual tokens PEFT makes what is kept itself; without positions (BLOOM) masks have a form of their own.
    if prepends_tokens(module) or not takes_positions(module) or not takes(module, "past_key_values"):
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
                self.memory = [part.new_empty(*part.shape[:2], room, part.shape[3]) for part in (keys, values)]
                self.keys = self.memory[0][:, :, :0]
            start = self.keys.shape[2]
            for memory, part in zip(self.memory, (keys, values), strict=True):
                memory[:, :, start : start + part.shape[2]] = part
            return self.rewind(start + keys.shape[2])

        def rewind(self, columns: int) -> tuple[Any, Any]:
            """Hold so many columns; return them."""
            self.keys, self.values = (memory[:, :, :columns] for memory in self.memory)
            return self.keys, self.values

        def join(self, parts: list[Any], columns: int) -> None:
            """Hold what layers hold of other rows, all ending in the same column; the layers are emptied."""
            rows = sum(len(part.keys) for part in parts)
            self.lazy_initialization(parts[0].keys, parts[0].values)
            self.memory = [  # zeros, for attention weighs also what it is not to see: with 0, which needs a number
                part.new_zeros(rows, part.shape[1], room, part.shape[3]) for part in (parts[0].keys, parts[0].values)
            ]
            first = 0
            for part in parts:
                last = first + len(part.keys)
                for memory, held in zip(self.memory, (part.keys, part.values), strict=True):
                    memory[first:last, :, columns - held.shape[2] : columns] = held
                part.memory, part.keys, part.values, first = [], None, None, last
            self.rewind(columns)

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
    # The last tokens of rows lie apart in memory; without a copy the output layer would take them row by row.
    with output_layer_sees(module, lambda states: states.contiguous()):
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


def join_readings(readings: list[Reading], more: int) -> Reading:
    """Return prompts that were read in batches of other lengths as if they had been read together, with room for
    `more` tokens behind them. What was kept of them is moved, layer by layer, so that it is not held twice."""
    import torch
    from torch.nn.functional import pad

    columns = max(reading.mask.shape[1] for reading in readings)
    mask = torch.cat([pad(reading.mask, (columns - reading.mask.shape[1], 0)) for reading in readings])
    cache = make_cache([], len(readings[0].cache.layers), len(mask), columns + more)
    for number, layer in enumerate(cache.layers):
        layer.join([reading.cache.layers[number] for reading in readings], columns)
    return Reading(cache, mask, torch.cat([reading.logits for reading in readings]))


def kept_bytes(module: torch.nn.Module) -> int:
    """Return the bytes that keys and values of a token take in all layers."""
    config = module.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return count_layers(module) * 2 * heads * width * module.dtype.itemsize


def read_answers(
    module: torch.nn.Module, reading: Reading, tree: AnswerTree, nodes: int, first: torch.Tensor | None = None
) -> torch.Tensor:
    """Read the first `nodes` nodes of all answers behind each prompt at once.

    Args:
        module: the language model.
        reading: the prompts.
        tree: of the answers.
        nodes: that are read.
        first: tokens of a further branch, its own for each row, (rows, 1); it is read before the nodes.

    Returns:
        The logits behind each of them, (rows, nodes, words) or (rows, 1 + nodes, words).
    """
    import torch

    cache, rows, device = reading.rewind(0), len(reading.mask), reading.mask.device
    first = reading.mask.new_empty(rows, 0) if first is None else first
    lines = [[node + first.shape[1] for node in tree.ancestors(node)] for node in range(nodes)]
    lines = [[branch] for branch in range(first.shape[1])] + lines
    # A node sees the prompt and what stands before it in its own answers: one pass reads each as if it were alone.
    seen = torch.zeros(len(lines), len(lines), dtype=torch.bool)
    for column, line in enumerate(lines):
        seen[column, line] = True
    depths = place(torch.tensor([len(line) - 1 for line in lines]), device)
    ids = torch.cat([first, place(torch.tensor(tree.tokens[:nodes], dtype=torch.long), device).expand(rows, -1)], dim=1)
    prompt = reading.mask.bool().unsqueeze(1).expand(rows, len(lines), -1)
    visible = torch.cat([prompt, place(seen, device).expand(rows, -1, -1)], dim=2)
    mask = additive_mask(visible, cache.layers[0].keys.dtype)
    return read_on(module, cache, ids, mask, reading.mask.sum(dim=1, keepdim=True) + depths, 0)


def additive_mask(visible: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return what is added to attention so that only what is visible, (rows, columns, all columns), is seen.

    Its memory is laid out as attention on a GPU wants it, which would otherwise be copied in every layer.
    """
    import torch

    rows, columns, whole = visible.shape
    room = torch.zeros(rows, 1, columns, round_up(whole), dtype=dtype, device=visible.device)
    # The least number rather than −∞, of which padding that sees nothing would make NaN.
    return room[..., :whole].masked_fill_(~visible.unsqueeze(1), torch.finfo(dtype).min)


def score_answers(reading: Reading, behind: torch.Tensor | None, tree: AnswerTree) -> torch.Tensor:
    """Return the log-likelihood of each answer after each prompt, (rows, answers).

    Args:
        reading: the prompts.
        behind: the logits behind each node that others stand behind; not needed where there is none.
        tree: of the answers.
    """
    import torch

    logs: dict[int, torch.Tensor] = {}  # by node: how likely its token is behind its parent
    for parent in set(tree.parents):
        logits = (reading.logits if parent == ROOT or behind is None else behind[:, parent]).float()
        # The softmax of a few tokens, without a table of all words for each.
        everything = logits.logsumexp(dim=-1)
        for node, before in enumerate(tree.parents):
            if before == parent:
                logs[node] = logits[:, tree.tokens[node]] - everything
    return torch.stack([torch.stack([logs[node] for node in path]).sum(dim=0) for path in tree.paths], dim=1)
