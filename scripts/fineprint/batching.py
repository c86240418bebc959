"""Batches of features of about one length, so that little is padded."""

import random

from fineprint.readouts import Feature

# A shuffled block of this many batches is sorted by length: random enough to train on, uniform enough to pad little.
BATCHES_PER_BLOCK = 32


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


def prediction_batches(features: list[Feature], batch_size: int) -> list[list[int]]:
    """Return positions into `features` by batch, sorted by length, the longest first so that memory peaks at once."""
    order = sorted(range(len(features)), key=lambda position: feature_length(features[position]), reverse=True)
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
