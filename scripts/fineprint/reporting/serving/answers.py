"""Sentences on whether answers stay those of the tasks alone, on combined adapters, and on forgetting."""

from __future__ import annotations

from fineprint.core import formats
from fineprint.core.records import ALPHA, Check, Combined, Forgotten
from fineprint.reporting.serving.data import WORDS as NAMES
from fineprint.reporting.serving.data import ServingResults
from fineprint.reporting.words import Words

WORDS = Words("serving_answers")
COMBINED = ("average", "concatenation", "pooled")


def check_sentences(part: ServingResults) -> list[str]:
    """Return whether the answers are those of the tasks served alone, and what a shared backbone's hash says."""
    checks, hashes = part.ways.checks, part.ways.backbone
    controls = [check for check in checks if check.control_rows]
    sentences = [tell_equality(checks)] if checks else []
    sentences += [tell_controls(controls)] if controls else []
    if hashes:
        sentences.append(WORDS("backbone", "same" if all(row.unchanged for row in hashes) else "changed"))
    return sentences


def tell_equality(checks: list[Check]) -> str:
    """Return whether every way answers as the task alone, what that means for near ties, and why merged weights may
    answer otherwise, where they alone do."""
    different = [check.way for check in checks if not check.equal]
    undecided, examples = (sum(getattr(check, key) for check in checks) for key in ("undecided_labels", "rows"))
    outcome = "near_ties" if undecided else "equal"
    if different:
        outcome = "merged_differ" if set(different) == {"merged"} else "differ"
    return WORDS("same_answers", outcome, ways=lower_names(different), undecided=undecided, examples=examples)


def lower_names(ways: list[str]) -> list[str]:
    """Return what ways are called within a sentence."""
    return [NAMES("way", way).lower() for way in ways]


def tell_controls(controls: list[Check]) -> str:
    """Return whether the check can fail: it must tell another task's answers from a task's own."""
    blind = [check.way for check in controls if not check.control_apart]
    detected, examples = (sum(getattr(check, key) for check in controls) for key in ("control_apart", "control_rows"))
    outcome = "blind" if blind else "all" if detected == examples else "some"
    return WORDS("control", outcome, ways=lower_names(blind), detected=detected, examples=examples)


def drift_sentences(part: ServingResults) -> list[str]:
    """Return how far the backbone's weights drift by merging and taking off, and that they were put back."""
    notes = part.ways.merging
    if not notes:
        return []
    most = max(notes, key=lambda note: note.drift)
    outcome = "restored" if all(note.restored_exactly for note in notes) else "not_restored"
    return [WORDS("drift", outcome, merges=most.merges, drift=most.drift, largest=most.largest_weight)]


def peft_sentences(part: ServingResults) -> list[str]:
    """Return what PEFT alone says to two tasks in one batch."""
    sentences = []
    for row in part.ways.peft_alone:
        heads = zip(row.tasks, row.labels, strict=True)
        tasks = [WORDS("peft_task", name=task, labels=labels) for task, labels in heads]
        sentences.append(WORDS("peft", "refused" if row.error else "possible", tasks=tasks, error=row.error))
    return sentences


def refused_sentences(part: ServingResults) -> list[str]:
    """Return every way that could not be measured, with the reason."""
    refused: dict[tuple[str, str], list[str]] = {}
    for row in part.rows:
        if row.reason:
            refused.setdefault((row.way, row.reason), []).append(str(row.tasks))
    return [
        WORDS("refused", way=NAMES("way", way), counts=counts, reason=reason)
        for (way, reason), counts in refused.items()
    ]


def combining_sentences(part: ServingResults) -> list[str]:
    """Return, for each way of combining, on how many tasks it holds up, and what training did to the backbone."""
    record = part.record.combining
    if record is None:
        return []
    found = {way: [row for row in record.scores if row.way == way] for way in COMBINED}
    return [tell_combination(way, rows) for way, rows in found.items() if rows] + frozen_sentences(part)


def tell_combination(way: str, rows: list[Combined]) -> str:
    """Return how many tasks significantly lose and gain by one way of combining."""
    differences = [row.difference for row in rows]
    real = [row.difference for row in rows if row.p_value_holm < ALPHA]
    worse, better = sum(value < 0 for value in real), sum(value > 0 for value in real)
    outcome = "both" if worse and better else "losses" if worse else "gains" if better else "neither"
    counts = {"worse": worse, "better": better, "total": len(rows)}
    limits = {"least": min(differences), "most": max(differences)}
    return WORDS("combining", outcome, way=WORDS("combining_way", way), **counts, **limits)


def frozen_sentences(part: ServingResults) -> list[str]:
    """Return whether training one adapter on all tasks left the backbone as it was."""
    trained = part.record.combining.training if part.record.combining else []
    same = {row.method: row.backbone_before == row.backbone_after for row in trained}
    return [WORDS("frozen", "same" if kept else "changed", method=part.title(name)) for name, kept in same.items()]


def forgetting_sentences(part: ServingResults) -> list[str]:
    """Return what the first task lost by each method."""
    record = part.record.forgetting
    if record is None:
        return []
    unchanged = {row.method: row.unchanged for row in record.backbone}
    return [
        WORDS(
            "forgetting",
            decide_forgetting(row, unchanged[row.method], part.has_accuracy),
            method=part.title(row.method),
            task=record.first,
            difference=row.difference,
            points=formats.points(abs(row.difference), signed=False),
            p=row.p_value_holm,
            after=row.after.accuracy,
        )
        for row in record.scores
    ]


def decide_forgetting(row: Forgotten, unchanged: bool, scored: bool) -> str:
    """Return which sentence a method calls for.

    Args:
        row: its accuracies before and after.
        unchanged: whether the backbone is.
        scored: whether accuracies mean anything.
    """
    if not scored:
        return "same_weights" if unchanged else "changed_weights"
    if row.difference == 0 and unchanged:
        return "nothing"
    if row.p_value_holm >= ALPHA:
        return "unclear"
    return "loses" if row.difference < 0 else "gains"
