"""Section 7's view model."""

from __future__ import annotations

from typing import Any

from fineprint.reporting.serving import serving_words as serving
from fineprint.reporting.serving import tables as tables
from fineprint.reporting.serving import words as words
from fineprint.reporting.serving.data import WAYS, ServingResults
from fineprint.reporting.serving.real_size import describe_real_size
from fineprint.reporting.table import Table, plain, text
from fineprint.results.lookup import Study


def describe_serving(study: Study) -> dict[str, Any] | None:
    """Return what section 7 shows, or None where the study has no such part."""
    if not study.results.get("serving"):
        return None
    part = ServingResults(study)
    counts = [count for count in part.counts if count > 1]
    return {
        "scenario": words.scenario(part),
        "time": words.time_sentence(part),
        "accuracy": words.accuracy_sentences(part),
        "training": words.training_sentences(part),
        "tasks": tables.tasks_table(part),
        "ways": ways_table(part),
        "worked": serving.worked_sentences(part),
        "per_task": serving.per_task_sentences(part),
        "speed": serving.speed_sentences(part),
        "served": [tables.serving_table(part, count, explained=count > counts[0]) for count in counts],
        "latency": tables.latency_table(part),
        "checks": tables.checks_table(part),
        "check_sentences": [*words.check_sentences(part), *words.drift_sentences(part)],
        "peft": words.peft_sentences(part),
        "refused": words.refused_sentences(part),
        "combining": tables.combining_table(part),
        "combining_sentences": words.combining_sentences(part),
        "real_size": describe_real_size(study),
        "forgetting": tables.forgetting_table(part),
        "forgetting_sentences": words.forgetting_sentences(part),
    }


def ways_table(part: ServingResults) -> Table | None:
    """Return what each measured way does."""
    names = dict.fromkeys(way for way, _ in part.series)
    rows = [[text(WAYS[name][0]), text(WAYS[name][1])] for name in names]
    caption = "Ways to serve several tasks at once."
    return Table("serving-ways", caption, plain("Way", "What it does"), rows, widths=[28, 72]) if rows else None
