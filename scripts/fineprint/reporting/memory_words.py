"""What the figures of training memory are figures of."""

from __future__ import annotations

from collections.abc import Iterable

from fineprint.core.records import Run
from fineprint.reporting.words import Words

WORDS = Words("cost")


def name_memory(runs: Iterable[Run]) -> str:
    """Return a sentence that says what these runs' training memory is."""
    kinds = {run.training_memory.kind for run in runs if run.training_memory.bytes is not None}
    return WORDS("training_memory", "both" if len(kinds) > 1 else next(iter(kinds), "none"))
