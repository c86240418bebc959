"""Section 4: scores, per-class reports, answers, prompts, merged variants, seeds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from fineprint.records import Score
from fineprint.reporting import formats
from fineprint.reporting.methods import name_cells
from fineprint.reporting.study import Study
from fineprint.reporting.table import Cell, Column, Table, number, numeric, plain, text

LABELS_PER_TABLE = 3
SPLITS_PER_TABLE = 2
STATUS_STYLES = {"ok": "", "collapsed": "flag", "not run": "missing"}


def scores_tables(study: Study, task: str) -> list[Table]:
    """Return the scores of every method, two splits to a table so that all fit on a page."""
    splits = study.splits(task)
    parts = [splits[start : start + SPLITS_PER_TABLE] for start in range(0, len(splits), SPLITS_PER_TABLE)]
    return [scores_table(study, task, part, position) for position, part in enumerate(parts)]


def scores_table(study: Study, task: str, splits: list[str], position: int) -> Table:
    """Return accuracy with its interval and macro-F1 of every method on some splits."""
    rows = []
    for method in study.methods:
        cells = [cell for split in splits for cell in score_cells(study.score(task, method, split))]
        status = study.status(task, method)
        rows.append([*marked_name(study, task, method), *cells, text(status, style=STATUS_STYLES.get(status, ""))])
    heads = numeric(*["Accuracy", "95 % interval", "Macro-F1"] * len(splits))
    counts = [formats.count(study.results["tasks"][task]["splits"][split]["rows"]) for split in splits]
    groups = [(f"{split} ({count} rows)", 3) for split, count in zip(splits, counts, strict=True)]
    caption = (
        f"All approaches on “{task}”, on the same rows, with 95 % Wilson intervals. Bold: the best method on "
        f"{study.headline(task)} and those that cannot be told apart from it."
    )
    columns = [*plain("No.", "Method"), *heads, *plain("Status")]
    identifier = f"scores-{task}-{position}" if position else f"scores-{task}"
    return Table(identifier, caption, columns, rows, groups=[("", 2), *groups, ("", 1)], style="compact")


def marked_name(study: Study, task: str, method: str) -> list[Cell]:
    """Return number and title, the title in bold if the method is among the leaders."""
    number_cell, name = name_cells(study, task, method)
    leads = method in study.leaders(task)
    return [number_cell, replace(name, style=f"{name.style} leader".strip()) if leads else name]


def score_cells(score: Score | None) -> list[Cell]:
    """Return accuracy, interval and macro-F1."""
    if score is None:
        return [number(None, formats.accuracy)] * 3
    rows = score["rows"]
    limits = formats.interval(score["accuracy_low"], score["accuracy_high"], rows)
    return [
        number(
            score["accuracy"], lambda value: formats.accuracy(value, rows), note=f"{score['correct']} of {rows} rows"
        ),
        text(limits, sort=score["accuracy_low"]),
        number(score["macro_f1"], lambda value: formats.accuracy(value, rows)),
    ]


def flags(study: Study, task: str) -> list[dict[str, str]]:
    """Return the methods that are not ranked, each with the reason."""
    found = []
    for method in study.methods:
        status, run = study.status(task, method), study.run(task, method)
        if status != "ok":
            reason = (run["reason"] if run else None) or "no record of this run was found"
            found.append({"title": study.title(method), "status": status, "reason": reason})
    return found


def class_tables(study: Study, task: str) -> list[Table]:
    """Return the per-class reports: a table for each split and three labels at a time."""
    labels = study.results["tasks"][task]["labels"]
    parts = [labels[start : start + LABELS_PER_TABLE] for start in range(0, len(labels), LABELS_PER_TABLE)]
    return [
        class_table(study, task, split, part, position)
        for split in study.splits(task)
        for position, part in enumerate(parts)
    ]


def class_table(study: Study, task: str, split: str, labels: list[str], position: int) -> Table:
    """Return precision, recall and F1 of each method for some labels."""
    scored = study.scored(task, split)
    rows = [
        [
            *name_cells(study, task, method),
            *(class_cell(score, label, key) for label in labels for key in ("precision", "recall", "f1")),
        ]
        for method, score in scored
    ]
    columns = [*plain("No.", "Method"), *numeric(*["Precision", "Recall", "F1"] * len(labels))]
    groups = [("", 2), *((f"{label} ({support(scored, label)} rows)", 3) for label in labels)]
    caption = f"Per-class report on {split} of “{task}”."
    return Table(f"classes-{task}-{split}-{position}", caption, columns, rows, groups=groups, style="compact")


def class_cell(score: Score, label: str, key: str) -> Cell:
    """Return one figure of a per-class report."""
    return number(score["per_class"].get(label, {}).get(key), lambda value: formats.accuracy(value, score["rows"]))


def support(scored: list[tuple[str, Score]], label: str) -> str:
    """Return how many rows have the gold label, the same for all methods."""
    return formats.count(scored[0][1]["per_class"][label]["support"]) if scored else formats.NOT_MEASURED


def answers_table(study: Study, task: str) -> Table | None:
    """Return what generated answers were worth, beside the same model's likelihoods."""
    rows = []
    for method in study.methods:
        for split in study.splits(task):
            score = study.score(task, method, split)
            if score and (score.get("likelihood_accuracy") is not None or score["unreadable"]):
                rows.append([*name_cells(study, task, method), text(split, style="code"), *answer_cells(score)])
    columns = [
        *plain("No.", "Method", "Split"),
        *numeric("Generated", "Likeliest label", "Difference, points", "Unreadable", "Share"),
    ]
    caption = (
        f"Generated answers on “{task}”: accuracy of the text as written, of the label that the same model finds "
        "likeliest, and answers that name no label (counted as wrong)."
    )
    return Table(f"answers-{task}", caption, columns, rows, style="compact") if rows else None


def answer_cells(score: Score) -> list[Cell]:
    """Return the cells on one method's generated answers."""
    likelihood = score.get("likelihood_accuracy")
    change = None if likelihood is None else likelihood - score["accuracy"]
    return [
        number(score["accuracy"], lambda value: formats.accuracy(value, score["rows"])),
        number(likelihood, lambda value: formats.accuracy(value, score["rows"])),
        number(change, formats.points),
        number(score["unreadable"], formats.count),
        number(score["unreadable_share"], formats.percent),
    ]


def unreadable_answers(study: Study, task: str) -> list[dict[str, Any]]:
    """Return answers that name no label, verbatim, by method."""
    found = []
    for method in study.methods:
        seen = [
            answer
            for split in study.splits(task)
            for answer in (study.score(task, method, split) or {}).get("unreadable_examples", [])
        ]
        if seen:
            found.append(
                {"title": study.title(method), "answers": [answer or "(empty)" for answer in dict.fromkeys(seen)]}
            )
    return found


def prompts(study: Study, task: str) -> list[dict[str, Any]]:
    """Return the first prompt of each method that uses one, as sent; equal ones once."""
    found: dict[str, dict[str, Any]] = {}
    for method in study.methods:
        run = study.run(task, method)
        if run and run["predict"] and run["predict"]["prompt_example"]:
            prompt, readout = run["predict"]["prompt_example"], study.settings(method)["readout"]
            entry = found.setdefault(
                prompt, {"prompt": prompt, "names": [], "facts": prompt_facts(readout, run["predict"]["shots"])}
            )
            entry["names"].append(f"{study.numbers[method]} {study.title(method)}")
    return [{**entry, "methods": formats.join(entry["names"])} for entry in found.values()]


def prompt_facts(readout: dict[str, Any], shots: list[dict[str, Any]]) -> str:
    """Return a sentence on worked examples and settings of a prompt."""
    worked = f"{formats.plural(len(shots), 'worked example')} from the training rows" if shots else "no worked example"
    settings = formats.setting({key: value for key, value in readout.items() if key not in ("kind", "shots")})
    identifiers = f" (row {formats.join([str(shot['id']) for shot in shots])})" if shots else ""
    return (
        f"{worked[0].upper()}{worked[1:]}{identifiers}; {settings}."
        if settings
        else f"{worked[0].upper()}{worked[1:]}{identifiers}."
    )


def merge_table(study: Study, task: str) -> Table | None:
    """Return accuracy of merged variants and how often they agree with the method itself."""
    rows = []
    for method in study.methods:
        run = study.run(task, method)
        for variant, scores in (run["scores"]["variants"] if run and run["scores"] else {}).items():
            for split, score in scores.items():
                own = study.score(task, method, split)
                agreement = run["scores"]["agreement"].get(variant, {}).get(split) if run and run["scores"] else None
                rows.append(
                    [
                        *name_cells(study, task, method),
                        text(variant.replace("_", " ")),
                        text(split, style="code"),
                        number(own["accuracy"] if own else None, formats.accuracy),
                        number(score["accuracy"], formats.accuracy),
                        number(score["accuracy"] - own["accuracy"] if own else None, formats.points),
                        number(agreement, formats.percent),
                    ]
                )
    columns = [
        *plain("No.", "Method", "Variant", "Split"),
        *numeric("Adapter", "Merged", "Difference, points", "Same answer"),
    ]
    caption = (
        f"Merging on “{task}”: the adapter's weights added to a backbone stored at the named precision, and how "
        "many rows keep their answer."
    )
    return Table(f"merged-{task}", caption, columns, rows, style="compact") if rows else None


def seeds_table(study: Study, task: str) -> Table | None:
    """Return mean and standard deviation over seeds, where there are several."""
    if len(study.seeds) < 2:
        return None
    splits = study.splits(task)
    rows = [
        [
            *name_cells(study, task, method),
            *(cell for split in splits for cell in seed_cells(study, task, method, split)),
        ]
        for method in study.methods
    ]
    columns = [
        *plain("No.", "Method"),
        *(Column(title, True) for _ in splits for title in ("Mean", "Standard deviation", "Seeds scored")),
    ]
    caption = (
        f"Accuracy on “{task}” over the seeds {formats.join([str(seed) for seed in study.seeds])}; collapsed runs "
        f"are left out. Everything else in this report shows seed {study.seed}."
    )
    return Table(
        f"seeds-{task}", caption, columns, rows, groups=[("", 2), *((split, 3) for split in splits)], style="compact"
    )


def seed_cells(study: Study, task: str, method: str, split: str) -> list[Cell]:
    """Return mean, sample standard deviation and number of a method's seeds."""
    runs = [(study.run(task, method, seed), study.score(task, method, split, seed)) for seed in study.seeds]
    values = [score["accuracy"] for run, score in runs if run and score and run["status"] == "ok"]
    mean = sum(values) / len(values) if values else None
    spread = (
        math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
        if mean is not None and len(values) > 1
        else None
    )
    return [
        number(mean, lambda value: f"{value:.3f}"),
        number(spread, lambda value: f"± {value:.3f}"),
        number(len(values), formats.count),
    ]
