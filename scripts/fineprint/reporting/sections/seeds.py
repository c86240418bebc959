"""What changes from seed to seed, beside what changes from row to row."""

from __future__ import annotations

import statistics

from fineprint.core import formats
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Cell, Head, Table, number, plain, text
from fineprint.results.lookup import Study, is_trained


def seeds_table(study: Study, task: str) -> Table | None:
    """Return mean and standard deviation over seeds beside the interval over rows, where there are several seeds."""
    if len(study.seeds) < 2:
        return None
    splits = study.splits_and_pooled(task)
    rows = [
        [
            *name_cells(study, task, method),
            text(what_varies(study, task, method)),
            *(cell for split in splits for cell in seed_cells(study, task, method, split)),
        ]
        for method in study.methods
    ]
    heads = ("Mean ± sd", "Seeds", "95 % of rows")
    columns = [*plain("No.", "Method", "A seed draws"), *(Head(title, True) for _ in splits for title in heads)]
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


def caution(study: Study) -> str:
    """Return that the tests do not speak of another training, as a seed or a machine makes it; empty without scores."""
    if not any(study.scored(task) for task in study.tasks):
        return ""
    if len(study.seeds) == 1:
        return (
            f"The tests and intervals speak of other rows, not of another training: one seed was run ({study.seed}), "
            "and another one, or the same on another machine, may turn round what lies close together."
        )
    spreads = list_spreads(study)
    most = max(spreads, default=None)
    told = (
        f": its standard deviation was at most {formats.points(most[0], signed=False)} points ({most[1]})"
        if most
        else ", which too few runs without collapse tell"
    )
    return (
        f"The tests and intervals are those of seed {study.seed} and speak of other rows, not of another training. How "
        f"far a method's accuracy moves when only the seed changes was measured with {len(study.seeds)} seeds{told}."
    )


def list_spreads(study: Study) -> list[tuple[float, str]]:
    """Return the standard deviation of accuracy over seeds on the headline split, and whose."""
    found = []
    for task in study.tasks:
        for method in study.methods:
            values = study.seed_scores(task, method, study.headline(task))
            if len(values) > 1:
                where = f", “{task}”" if len(study.tasks) > 1 else ""
                found.append((statistics.stdev(values), f"{study.title(method)}{where}"))
    return found
