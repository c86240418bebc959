"""What changes from seed to seed, beside what changes from row to row."""

from __future__ import annotations

import statistics

from fineprint.reporting import formats
from fineprint.reporting.methods import name_cells
from fineprint.reporting.study import Study, is_trained
from fineprint.reporting.table import Cell, Column, Table, number, plain, text


def seeds_table(study: Study, task: str) -> Table | None:
    """Return mean and standard deviation over seeds beside the interval over rows, where there are several seeds."""
    if len(study.seeds) < 2:
        return None
    splits = study.splits_and_together(task)
    rows = [
        [
            *name_cells(study, task, method),
            text(what_varies(study, task, method)),
            *(cell for split in splits for cell in seed_cells(study, task, method, split)),
        ]
        for method in study.methods
    ]
    heads = ("Mean ± sd", "Seeds", "95 % of rows")
    columns = [*plain("No.", "Method", "A seed draws"), *(Column(title, True) for _ in splits for title in heads)]
    caption = (
        f"Accuracy on “{task}” over the seeds {formats.join([str(seed) for seed in study.seeds])}. Mean ± sample "
        "standard deviation: how far results lie apart when only the seed changes, collapsed runs left out (“Seeds” "
        f"counts those left). “95 % of rows”: the Wilson interval of seed {study.seed}, how far other rows of the same "
        "kind could move one trained model. The two answer different questions and do not add up. Claims are tested "
        f"on every seed; everything else in this report shows seed {study.seed}."
    )
    groups = [("", 3), *((split, 3) for split in splits)]
    return Table(f"seeds-{task}", caption, columns, rows, groups=groups, style="compact")


def what_varies(study: Study, task: str, method: str) -> str:
    """Return what a seed decides for a method: its training, its worked examples, or only sampling."""
    run = study.run(task, method)
    if is_trained(run):
        return "new weights, batches"
    return "worked examples" if run and run["predict"] and run["predict"]["shots"] else "sampling only"


def seed_cells(study: Study, task: str, method: str, split: str) -> list[Cell]:
    """Return mean with sample standard deviation, number of seeds, and the first seed's interval over rows."""
    values = study.seed_scores(task, method, split)
    score = study.score(task, method, split)
    rows = score["rows"] if score else 0
    mean = statistics.mean(values) if values else None
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    limits = formats.interval(score["accuracy_low"], score["accuracy_high"], rows) if score else formats.NOT_MEASURED
    return [
        number(mean, lambda value: f"{value:.3f}{spread}"),
        number(len(values), formats.count),
        text(limits, sort=score["accuracy_low"] if score else ""),
    ]


def seed_sentence(study: Study, task: str) -> str:
    """Return for the summary how the leader fares over seeds; empty for one seed."""
    ranked, split = study.ranked(task), study.headline(task)
    if len(study.seeds) < 2 or not ranked:
        return ""
    best = ranked[0][0]
    values = study.seed_scores(task, best, split)
    if len(values) < 2:
        return f"Of {len(study.seeds)} seeds of {study.title(best)} only {len(values)} did not collapse."
    others = {method: study.seed_scores(task, method, split) for method, _ in ranked[1:]}
    above = [
        method for method, scores in others.items() if scores and statistics.mean(scores) > statistics.mean(values)
    ]
    order = (
        f" Averaged over seeds {formats.join([study.title(method) for method in above])} "
        f"{'lies' if len(above) == 1 else 'lie'} above it."
        if above
        else " Averaged over seeds it is first, too."
    )
    return (
        f"Over {len(values)} seeds {study.title(best)} reaches {statistics.mean(values):.3f} ± "
        f"{statistics.stdev(values):.3f} (mean ± standard deviation of seeds, not of rows) on {split}."
        f"{order if others else ''}"
    )
