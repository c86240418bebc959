"""What changes from seed to seed, beside what changes from example to example."""

from __future__ import annotations

from functools import partial

from fineprint.core import formats
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods
from fineprint.reporting.table import Cell, Table, number, text
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("seeds")


def seeds_table(study: Study, task: str) -> Table | None:
    """Return the accuracy of each seed, their mean and standard deviation, and how many collapsed; nothing for one."""
    if len(study.seeds) < 2:
        return None
    columns = [column for split in study.splits_and_pooled(task) for column in seed_columns(split)]
    caption = WORDS("caption", task=task, seeds=list(map(str, study.seeds)))
    listed = [*METHOD, VARIES, COLLAPSES, *columns]
    return build_table(f"seeds-{task}", caption, listed, list_methods(study, task), style="compact")


def name_draws(entry: MethodOnTask) -> str:
    """Return what a seed decides for a method: its training, its worked examples, or only sampling."""
    run = entry.run
    shots = run.predict.shots if run and run.predict else []
    if run and run.is_trained:
        return WORDS("draws", "training")
    varies = run is not None and run.predict is not None and run.predict.varies_by_seed
    return WORDS("draws", "examples" if shots else "sampling" if varies else "nothing")


def collapses_cell(entry: MethodOnTask) -> Cell | None:
    """Return how many of a method's seeds collapsed."""
    made, collapsed = entry.study.runs_of(entry.task, entry.method), entry.collapsed_seeds
    return text(WORDS("collapses", collapsed=len(collapsed), made=len(made)), sort=len(collapsed)) if made else None


VARIES = Column("Seed determines", name_draws)
COLLAPSES = Column("Collapsed", collapses_cell, formats.count)


def seed_columns(split: str) -> list[Column[MethodOnTask]]:
    """Return mean with sample standard deviation, and the seeds' own accuracies."""
    return [
        Column("Mean ± SD", partial(deviation_cell, split), formats.accuracy, split),
        Column("By seed", partial(by_seed_cell, split), None, split),
    ]


def deviation_cell(split: str, entry: MethodOnTask) -> Cell | None:
    """Return the mean over seeds and, of several, the standard deviation."""
    mean = entry.mean(split)
    if mean is None:
        return None
    return number(mean.mean, lambda _: WORDS("mean", mean=mean.mean, deviation=mean.seed_deviation))


def by_seed_cell(split: str, entry: MethodOnTask) -> str | None:
    """Return the accuracy of each seed."""
    mean = entry.mean(split)
    return "  ".join(f"{value:.3f}".removeprefix("0") for value in mean.by_seed) if mean else None


def seed_sentences(study: Study, task: str) -> list[str]:
    """Return for the summary how the best method's seeds differ, and on which seeds methods collapsed."""
    ranked, split = study.ranked(task), study.headline(task)
    collapsed = [
        WORDS("collapsed_entry", method=study.title(name), collapsed=len(seeds), made=len(study.runs_of(task, name)))
        for name in study.methods
        if (seeds := study.collapsed_seeds(task, name))
    ]
    said = [WORDS("collapsed", methods=collapsed)] if collapsed else []
    if not ranked or (deviation := ranked[0][1].seed_deviation) is None:
        return said
    best, mean = ranked[0]
    return [WORDS("leader", best=study.title(best), split=split, mean=mean, deviation=deviation), *said]


def caution(study: Study) -> str:
    """Return what the tests speak of, and what not; empty without scores."""
    if not any(study.scored(task) for task in study.tasks):
        return ""
    if len(study.seeds) == 1:
        return WORDS("caution", "one", seed=study.seed)
    deviation, whose = max(list_deviations(study), default=(0.0, ""))
    return WORDS("caution", "several", seeds=len(study.seeds), deviation=deviation, whose=whose)


def list_deviations(study: Study) -> list[tuple[float, str]]:
    """Return the standard deviation of accuracy over seeds on the headline split, and whose."""
    form = "several_tasks" if len(study.tasks) > 1 else "one_task"
    return [
        (mean.seed_deviation, WORDS("whose", form, method=study.title(mean.method), task=mean.task))
        for mean in study.results.means
        if mean.seed_deviation is not None and mean.split == study.headline(mean.task)
    ]
