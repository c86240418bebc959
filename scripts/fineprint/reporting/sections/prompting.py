"""Generated answers, the prompts as sent, and what other choices of a prompt would have been worth."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.core.records import Score
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Cell, Table, number, numeric, plain, text
from fineprint.results.lookup import Study
from fineprint.scoring.statistics import share_with_interval


def answers_table(study: Study, task: str) -> Table | None:
    """Return what generated answers were worth, beside the same model's likelihoods."""
    rows = []
    for method in study.methods:
        for split in study.splits(task):
            score = study.score(task, method, split)
            if score and (score.get("likelihood_accuracy") is not None or score["unparseable"]):
                rows.append([*name_cells(study, task, method), text(split, style="code"), *answer_cells(score)])
    columns = [
        *plain("No.", "Method", "Split"),
        *numeric("Generated", "Likeliest label", "Difference, points", "Unparseable", "Share"),
    ]
    caption = (
        f"Generated answers on “{task}”: accuracy of the text as written, of the label that the same model finds "
        "likeliest, both with 95 % Wilson intervals, and answers that name no label (counted as wrong)."
    )
    return Table(f"answers-{task}", caption, columns, rows, style="compact") if rows else None


def answer_cells(score: Score) -> list[Cell]:
    """Return the cells on one method's generated answers."""
    likelihood = score.get("likelihood_accuracy")
    change = None if likelihood is None else likelihood - score["accuracy"]
    return [
        number(score["accuracy"], lambda _: formats.with_interval(score)),
        number(likelihood, lambda value: share_with_interval(value, score["rows"])),
        number(change, formats.points),
        number(score["unparseable"], formats.count),
        number(score["unparseable_share"], formats.percent),
    ]


def unparseable_answers(study: Study, task: str) -> list[dict[str, Any]]:
    """Return answers that name no label, verbatim, by method."""
    found = []
    for method in study.methods:
        seen = [
            answer
            for split in study.splits(task)
            for answer in (study.score(task, method, split) or {}).get("unparseable_examples", [])
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
    settings = formats.setting({key: value for key, value in readout.items() if key not in ("kind", "shots", "trials")})
    identifiers = f" (row {formats.join([str(shot['id']) for shot in shots])})" if shots else ""
    return (
        f"{worked[0].upper()}{worked[1:]}{identifiers}; {settings}."
        if settings
        else f"{worked[0].upper()}{worked[1:]}{identifiers}."
    )
