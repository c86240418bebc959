"""The pairs of the demo study's test splits: what pretraining must not contain."""

from functools import cache

from fineprint.tasks import demo_nli


@cache  # seconds of work, which each backbone of one process would do anew
def list_test_pairs(seed: int) -> frozenset[tuple[str, str]]:
    """Return premise and hypothesis of every test row that the task makes from this seed at its default sizes."""
    splits = demo_nli.Settings().load_splits(seed)
    rows = [row for split, rows in splits.items() if split != "train" for row in rows]
    return frozenset((row.texts["premise"], row.texts["hypothesis"]) for row in rows)
