"""What changes from seed to seed, beside what changes from example to example."""

from __future__ import annotations

import statistics
from functools import partial

from fineprint.core import formats
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods
from fineprint.reporting.sections.scores import limits_cell
from fineprint.reporting.table import Cell, Table, number
from fineprint.reporting.words import Words
from fineprint.results.lookup import Study

WORDS = Words("seeds")


def seeds_table(study: Study, task: str) -> Table | None:
    """Return mean and standard deviation over several seeds beside the interval over examples; nothing for one."""
    if len(study.seeds) < 2:
        return None
    columns = [column for split in study.splits_and_pooled(task) for column in seed_columns(study, task, split)]
    caption = WORDS("caption", task=task, seeds=list(map(str, study.seeds)), seed=study.seed)
    return build_table(
        f"seeds-{task}", caption, [*METHOD, VARIES, *columns], list_methods(study, task), style="compact"
    )


def name_draws(entry: MethodOnTask) -> str:
    """Return what a seed decides for a method: its training, its worked examples, or only sampling."""
    run = entry.run
    shots = run.predict.shots if run and run.predict else []
    return WORDS("draws", "training" if run and run.is_trained else "examples" if shots else "sampling")


VARIES = Column("A seed draws", name_draws)


def seed_columns(study: Study, task: str, split: str) -> list[Column[MethodOnTask]]:
    """Return mean with sample standard deviation, number of seeds, and the first seed's interval over examples."""
    values = {method: study.seed_scores(task, method, split) for method in study.methods}
    return [
        Column("Mean ± sd", lambda entry: mean_cell(values[entry.method]), formats.accuracy, split),
        Column("Seeds", lambda entry: len(values[entry.method]), formats.count, split),
        Column("95 % interval", partial(limits_cell, split, "accuracy"), formats.accuracy, split),
    ]


def mean_cell(values: list[float]) -> Cell | None:
    """Return the mean over seeds and, of several, the standard deviation."""
    deviation = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return number(statistics.mean(values), lambda mean: f"{mean:.3f}{deviation}") if values else None


def seed_sentences(study: Study, task: str) -> list[str]:
    """Return for the summary how the leader fares over seeds; nothing for one seed."""
    ranked, split = [method for method, _ in study.ranked(task)], study.headline(task)
    if len(study.seeds) < 2 or not ranked:
        return []
    values = {method: study.seed_scores(task, method, split) for method in ranked}
    best, reached = study.title(ranked[0]), values[ranked[0]]
    if len(reached) < 2:
        return [WORDS("leader", "few", seeds=len(study.seeds), best=best, left=len(reached))]
    mean, deviation = statistics.mean(reached), statistics.stdev(reached)
    first = WORDS("leader", "several", left=len(reached), best=best, mean=mean, deviation=deviation, split=split)
    ahead = [study.title(method) for method, scores in values.items() if scores and statistics.mean(scores) > mean]
    return [first, *([WORDS("order", "overtaken" if ahead else "first", ahead=ahead)] if len(ranked) > 1 else [])]


def caution(study: Study) -> str:
    """Return that the tests do not speak of another training, as a seed or a machine makes it; empty without scores."""
    if not any(study.scored(task) for task in study.tasks):
        return ""
    if len(study.seeds) == 1:
        return WORDS("caution", "one", seed=study.seed)
    deviation, whose = max(list_deviations(study), default=(0.0, ""))
    outcome = "several" if whose else "few"
    return WORDS("caution", outcome, seed=study.seed, seeds=len(study.seeds), deviation=deviation, whose=whose)


def list_deviations(study: Study) -> list[tuple[float, str]]:
    """Return the standard deviation of accuracy over seeds on the headline split, and whose."""
    form = "several_tasks" if len(study.tasks) > 1 else "one_task"
    return [
        (statistics.stdev(values), WORDS("whose", form, method=study.title(method), task=task))
        for task in study.tasks
        for method in study.methods
        if len(values := study.seed_scores(task, method, study.headline(task))) > 1
    ]
