"""Batches of features of about one length, so that little is padded."""

import bisect
import itertools
import random
from collections import Counter

from fineprint.readouts import Feature
from fineprint.readouts._padding import round_up

# A shuffled block of this many batches is sorted by length: random enough to train on, uniform enough to pad little.
BATCHES_PER_BLOCK = 32
# Where batches are cut by length: the shortest row fills so much of the padded length, unless the batch is this small.
LEAST_FILLED, FEWEST_ROWS = 0.75, 64


def feature_length(feature: Feature) -> int:
    """Return the tokens that a feature takes."""
    return sum(len(feature.get(part, ())) for part in ("input_ids", "prompt", "answer"))


def training_batches(features: list[Feature], batch_size: int, seed: int, epoch: int) -> list[list[Feature]]:
    """Return an epoch's batches in random order, each of features of similar length; the last may be smaller."""
    generator = random.Random(f"{seed}/{epoch}")
    order = generator.sample(features, len(features))
    block = batch_size * BATCHES_PER_BLOCK
    batches = []
    for start in range(0, len(order), block):
        batches += split_sorted(order[start : start + block], batch_size)
    generator.shuffle(batches)
    return batches


def split_sorted(features: list[Feature], batch_size: int) -> list[list[Feature]]:
    """Return batches of features sorted by length, the longest first."""
    ordered = sorted(features, key=feature_length, reverse=True)
    return [ordered[start : start + batch_size] for start in range(0, len(ordered), batch_size)]


def prediction_batches(features: list[Feature], batch_size: int, most_tokens: int | None = None) -> list[list[int]]:
    """Return positions into `features` by batch, sorted by length, the longest first so that memory peaks at once.

    Args:
        features: to be predicted.
        batch_size: rows of a batch, at most.
        most_tokens: of a batch, padding included; None for as many as there are. With a limit, as on a GPU, where what
            counts is tokens and not calls, a batch also ends where its rows would be padded by a third or more.
    """
    order = sorted(range(len(features)), key=lambda position: feature_length(features[position]), reverse=True)
    lengths = [feature_length(features[position]) for position in order]
    batches, start = [], 0
    while start < len(order):
        rows = batch_size if most_tokens is None else cut_batch(lengths[start:], batch_size, most_tokens)
        batches.append(order[start : start + rows])
        start += rows
    return batches


def cut_batch(lengths: list[int], batch_size: int, most_tokens: int) -> int:
    """Return how many of the rows that are left, given by their lengths, the longest first, make up the next batch."""
    longest = max(1, lengths[0])
    fitting = lengths[: max(1, min(batch_size, most_tokens // longest))]
    similar = sum(length >= longest * LEAST_FILLED for length in fitting)
    rows = min(max(similar, FEWEST_ROWS), len(fitting))
    return rows if len(lengths) - rows >= FEWEST_ROWS else len(fitting)


def choose_lengths(features: list[Feature], most: int) -> list[int]:
    """Return at most `most` lengths, ascending, to which batches of `features` are padded.

    From all lengths that occur, rounded up, the one whose rows cost the least padding is merged into the next longer
    one until few enough are left.
    """
    counts = Counter(map(round_up, map(feature_length, features)))
    lengths = sorted(counts)
    while len(lengths) > most:
        costs = [counts[short] * (long - short) for short, long in itertools.pairwise(lengths)]
        cheapest = costs.index(min(costs))
        counts[lengths[cheapest + 1]] += counts[lengths[cheapest]]
        del lengths[cheapest]
    return lengths


def padded_length(features: list[Feature], lengths: list[int]) -> int | None:
    """Return the shortest of `lengths` that holds every feature, or None where there are no fixed lengths."""
    if not lengths:
        return None
    return lengths[bisect.bisect_left(lengths, max(map(feature_length, features)))]
