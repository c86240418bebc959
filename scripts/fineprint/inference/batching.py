"""Batches of examples of about one length, so that little is padded."""

import bisect
import itertools
import random
from collections import Counter

from fineprint.readouts import EncodedExample
from fineprint.readouts._padding import round_up

# A shuffled block of this many batches is sorted by length: random enough to train on, uniform enough to pad little.
BATCHES_PER_BLOCK = 32
# What a batch of predictions costs on a GPU beside its tokens, about, in tokens that are read in the same time.
BATCH_TOKENS = 1000


def example_length(example: EncodedExample) -> int:
    """Return the tokens that an example takes."""
    return sum(len(example.get(part, ())) for part in ("input_ids", "prompt", "answer"))


def training_batches(
    examples: list[EncodedExample], batch_size: int, seed: int, epoch: int
) -> list[list[EncodedExample]]:
    """Return an epoch's batches in random order, each of examples of similar length; the last may be smaller."""
    # Of seed and epoch alone: a training that is resumed meets the same batches without a state to keep.
    generator = random.Random(f"{seed}/{epoch}")
    order = generator.sample(examples, len(examples))
    block = batch_size * BATCHES_PER_BLOCK
    batches = []
    for start in range(0, len(order), block):
        batches += split_sorted(order[start : start + block], batch_size)
    # Blocks come sorted by length, and a model must not see all long examples first.
    generator.shuffle(batches)
    return batches


def split_sorted(examples: list[EncodedExample], batch_size: int) -> list[list[EncodedExample]]:
    """Return batches of examples sorted by length, the longest first."""
    ordered = sorted(examples, key=example_length, reverse=True)
    return [ordered[start : start + batch_size] for start in range(0, len(ordered), batch_size)]


def prediction_batches(
    examples: list[EncodedExample],
    batch_size: int,
    most_tokens: int | None = None,
    shared: int = 0,
    batch_tokens: int = 0,
) -> list[list[int]]:
    """Return positions into `examples` by batch, sorted by length, the longest first so that memory peaks early.

    Args:
        examples: to be predicted.
        batch_size: rows of a batch, at most.
        most_tokens: of a batch, padding included; None for as many as there are. With a limit, as on a GPU, where what
            counts is tokens and not calls, batches are cut where it costs least.
        shared: tokens that all examples begin with and that are not read again for each; a batch holds them, though.
        batch_tokens: what a batch costs beside its tokens, in tokens that are read in the same time.
    """
    tokens = [example_length(example) for example in examples]
    order = sorted(range(len(examples)), key=tokens.__getitem__, reverse=True)
    if most_tokens is None:
        ends = list(range(batch_size, len(order), batch_size))
    else:
        lengths = [round_up(tokens[position] - shared) for position in order]
        # Not divided by 0: where answers need no text, examples have no tokens at all.
        most_rows = [min(batch_size, most_tokens // max(1, shared + one)) for one in lengths]
        ends = cut_batches(lengths, most_rows, batch_tokens)
    return [order[start:end] for start, end in itertools.pairwise([0, *ends, len(order)]) if start < end]


def prediction_groups(
    examples: list[EncodedExample],
    batch_size: int,
    most_tokens: int | None = None,
    shared: int = 0,
    batch_tokens: int = 0,
    most_kept: int = 0,
) -> list[list[list[int]]]:
    """Return positions into `examples` by batch, and these by group: what is answered together.

    Args:
        examples, batch_size, most_tokens, shared, batch_tokens: as for `prediction_batches`. A group has `batch_size`
            rows at most, too.
        most_kept: tokens that a group may hold, as many for each of its rows as for the longest; 0 where every batch is
            a group.
    """
    if most_tokens is None or not most_kept:
        return [[batch] for batch in prediction_batches(examples, batch_size, most_tokens, shared, batch_tokens)]
    tokens = [example_length(example) for example in examples]
    left = sorted(range(len(examples)), key=tokens.__getitem__, reverse=True)
    groups = []
    while left:
        rows = max(1, min(batch_size, most_kept // (shared + round_up(tokens[left[0]] - shared))))
        group, left = left[:rows], left[rows:]
        batches = prediction_batches([examples[place] for place in group], rows, most_tokens, shared, batch_tokens)
        groups.append([[group[place] for place in batch] for batch in batches])
    return groups


def cut_batches(lengths: list[int], most_rows: list[int], batch_tokens: int) -> list[int]:
    """Return where batches end, but for the last, so that tokens, padding included, and batches cost little together.

    A batch ends where rows are shorter, or where it holds all that it may; of these ways to cut the cheapest is taken.

    Args:
        lengths: padded ones of all rows, the longest first.
        most_rows: of a batch that begins with each row; one row is always taken.
        batch_tokens: what a batch costs beside its tokens.
    """
    shorter = [place for place in range(1, len(lengths)) if lengths[place] < lengths[place - 1]]
    # A shortest path over the places where batches may end. On it lie only places where lengths drop or a batch is
    # full: to end anywhere between would split rows of one length for nothing.
    cheapest = {0: (0, 0)}  # by where a batch may begin: the cost until there, and where the batch before began
    for start in range(len(lengths)):
        if start in cheapest:
            full = min(start + max(1, most_rows[start]), len(lengths))
            inner = shorter[bisect.bisect_right(shorter, start) : bisect.bisect_left(shorter, full)]
            for end in [*inner, full]:
                cost = cheapest[start][0] + batch_tokens + (end - start) * lengths[start]
                cheapest[end] = min(cheapest.get(end, (cost, start)), (cost, start))
    ends, place = [], len(lengths)
    while place > 0:
        place = cheapest[place][1]
        ends.append(place)
    # Found from the last batch to the first, whose beginning is no end.
    return ends[::-1][1:]


def choose_lengths(examples: list[EncodedExample], most: int) -> list[int]:
    """Return at most `most` lengths, ascending, to which batches of `examples` are padded.

    From all lengths that occur, rounded up, the one whose rows cost the least padding is merged into the next longer
    one until few enough are left.
    """
    counts = Counter(map(round_up, map(example_length, examples)))
    lengths = sorted(counts)
    # Greedy: not the least padding there could be, but near it, and quick for any number of examples.
    while len(lengths) > most:
        costs = [counts[short] * (long - short) for short, long in itertools.pairwise(lengths)]
        cheapest = costs.index(min(costs))
        counts[lengths[cheapest + 1]] += counts[lengths[cheapest]]
        del lengths[cheapest]
    return lengths


def padded_length(examples: list[EncodedExample], lengths: list[int]) -> int | None:
    """Return the shortest of `lengths` that holds every example, or None where there are no fixed lengths."""
    if not lengths:
        return None
    return lengths[bisect.bisect_left(lengths, max(map(example_length, examples)))]
