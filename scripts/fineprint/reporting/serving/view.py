"""The chapter's view model."""

from __future__ import annotations

from typing import Any

from fineprint.reporting.serving import answers, introduction, speed, storage, tables
from fineprint.reporting.serving.data import ServingResults
from fineprint.reporting.serving.real_size import describe_real_size
from fineprint.results.lookup import Study


def describe_serving(study: Study) -> dict[str, Any] | None:
    """Return what the chapter shows, or None where the study has no such part."""
    if study.results.serving is None:
        return None
    part = ServingResults(study)
    counts = [count for count in part.counts if count > 1]
    return {
        "scenario": introduction.scenario(part),
        "time": introduction.time_sentence(part),
        "accuracy": introduction.accuracy_sentences(part),
        "training": introduction.training_sentences(part),
        "tasks": tables.tasks_table(part),
        "ways": tables.ways_table(part),
        "worked": storage.worked_sentences(part),
        "per_task": storage.per_task_sentences(part),
        "speed": speed.speed_sentences(part),
        "served": [tables.served_table(part, count, explained=count > counts[0]) for count in counts],
        "latency": tables.latency_table(part),
        "checks": tables.checks_table(part),
        "check_sentences": [*answers.check_sentences(part), *answers.drift_sentences(part)],
        "peft": answers.peft_sentences(part),
        "refused": answers.refused_sentences(part),
        "combining": tables.combining_table(part),
        "combining_sentences": answers.combining_sentences(part),
        "real_size": describe_real_size(study),
        "forgetting": tables.forgetting_table(part),
        "forgetting_sentences": answers.forgetting_sentences(part),
    }
