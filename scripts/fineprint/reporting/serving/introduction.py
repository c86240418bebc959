"""Sentences that open the chapter: what is served, what it took, how accurate the methods are and what they cost."""

from __future__ import annotations

from itertools import combinations

from fineprint.core import formats
from fineprint.core.records import Comparison, Scope, Verdict
from fineprint.reporting.serving.data import WORDS, ServingResults
from fineprint.reporting.serving.storage import compare
from fineprint.results.benchmarks import is_of_many_tasks_alone
from fineprint.results.steps import list_jobs

MEASURING = ("serve_tasks", "combine_tasks", "measure_forgetting")  # rules of this part alone
# What training costs: how it is got of a run, how the tasks' figures make one, how that is written.
COSTS = {
    "seconds": (lambda run: run.seconds("training"), sum, formats.seconds),
    "memory": (lambda run: run.training_memory.bytes, max, formats.size),
    "checkpoint": (lambda run: run.train.checkpoint_bytes, sum, formats.size),
}


def scenario(part: ServingResults) -> str:
    """Return what was served on what."""
    tasks = [(task, len(part.results.tasks[task].labels)) for task in part.tasks]
    return WORDS(
        "scenario",
        tasks=[WORDS("task", name=name, labels=labels) for name, labels in tasks],
        backbone=part.serving["backbone"],
        parameters=part.backbone.parameters,
        methods=[part.title(method) for method in part.methods],
    )


def time_sentence(part: ServingResults) -> str:
    """Return how long the part took: its jobs' wall times added up, without the runs that the comparison has anyway."""
    jobs = [job for job in list_jobs(part.study) if is_of_many_tasks_alone(part.study.results, job)]
    if not jobs:
        return WORDS("time", "unknown")
    seconds = dict.fromkeys((*MEASURING, "other"), 0.0)
    for job in jobs:
        seconds[job.rule if job.rule in MEASURING else "other"] += job.seconds
    parts = [(WORDS("time_part", rule), taken) for rule, taken in seconds.items() if taken]
    return WORDS("time", "measured", seconds=sum(seconds.values()), jobs=len(jobs), parts=parts)


def accuracy_sentences(part: ServingResults) -> list[str]:
    """Return how the methods compare on each task, in words that the comparison carries."""
    pairs = list(combinations(part.methods, 2))
    found = [compared for task in part.tasks for pair in pairs if (compared := part.comparison(task, *pair))]
    sentences = [tell_difference(part, compared) for compared in found]
    if not sentences:
        return []
    one_seed = [compared.task for compared in found if compared.scope is Scope.TRAINED_MODEL]
    return [*sentences, *([WORDS("accuracy_models", tasks=list(dict.fromkeys(one_seed)))] if one_seed else [])]


def tell_difference(part: ServingResults, found: Comparison) -> str:
    """Return what a comparison concludes in words."""
    if found.outcome in (Verdict.WORSE, Verdict.NOT_SUPERIOR):
        found = found.seen_from(found.second)
    names = {"first": part.title(found.first), "second": part.title(found.second)}
    return WORDS("accuracy", found.outcome, found=found, margin=part.config["margin"], **names)


def training_sentences(part: ServingResults) -> list[str]:
    """Return what training all tasks costs with adapters against full models."""
    pair = part.find_pair()
    if pair is None:
        return []
    whole, shared = (series.method for series in pair)
    runs = [(part.run(task, shared), part.run(task, whole)) for task in part.tasks]
    if not all(run.is_trained for both in runs for run in both):
        return []
    figures = []
    for key, (get, gather, write) in COSTS.items():
        small, large = ([get(run) for run in found] for found in zip(*runs, strict=True))
        if None not in (*small, *large):
            figures.append((WORDS("training_figure", key), compare(gather(small), gather(large), write)))
    if not figures:
        return []
    names = {"shared": part.title(shared), "whole": part.title(whole)}
    return [WORDS("training", tasks=len(part.tasks), figures=figures, **names)]
