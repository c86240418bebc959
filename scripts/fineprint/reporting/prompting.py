"""Generated answers, the prompts as sent, and what other choices of a prompt would have been worth."""

from __future__ import annotations

from typing import Any

from fineprint.records import Score, TrialScore
from fineprint.reporting import formats
from fineprint.reporting.methods import name_cells
from fineprint.reporting.study import Study
from fineprint.reporting.table import Cell, Table, number, numeric, plain, text


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
    settings = formats.setting({key: value for key, value in readout.items() if key not in ("kind", "shots", "trials")})
    identifiers = f" (row {formats.join([str(shot['id']) for shot in shots])})" if shots else ""
    return (
        f"{worked[0].upper()}{worked[1:]}{identifiers}; {settings}."
        if settings
        else f"{worked[0].upper()}{worked[1:]}{identifiers}."
    )


def list_trials(study: Study, task: str) -> list[tuple[str, TrialScore]]:
    """Return every trial of every method's prompt, in the config's order."""
    runs = [(method, study.run(task, method)) for method in study.methods]
    return [(method, trial) for method, run in runs if run and run["scores"] for trial in run["scores"]["trials"]]


def trials_table(study: Study, task: str) -> Table | None:
    """Return the trials of prompts, each with its accuracy on held-out rows."""
    rows = [
        [
            *name_cells(study, task, method),
            text(trial["choice"]),
            text(f"{trial['value']} (as used)" if trial["own"] else trial["value"]),
            text(", ".join(trial["shots"]) or "none", style="code" if trial["shots"] else "missing"),
            number(trial["rows"], formats.count),
            number(trial["accuracy"], formats.accuracy),
            text(formats.interval(trial["accuracy_low"], trial["accuracy_high"]), sort=trial["accuracy_low"]),
            number(trial["unreadable_share"], formats.percent),
        ]
        for method, trial in list_trials(study, task)
    ]
    columns = [
        *plain("No.", "Method", "Varied", "Value", "Worked examples"),
        *numeric("Rows", "Accuracy", "95 % interval", "Unreadable"),
    ]
    caption = (
        f"Other choices of the prompt on “{task}”, one varied at a time, with the same model on rows held out of the "
        "training rows: a choice made on test rows would flatter them."
    )
    return Table(f"trials-{task}", caption, columns, rows, style="compact") if rows else None


def trial_sentences(study: Study, task: str) -> list[str]:
    """Return for each method and choice how far accuracy moved, and whether that is more than the rows can tell."""
    groups: dict[tuple[str, str], list[TrialScore]] = {}
    for method, trial in list_trials(study, task):
        groups.setdefault((method, trial["choice"]), []).append(trial)
    return [describe_trials(study, method, choice, trials) for (method, choice), trials in groups.items()]


def describe_trials(study: Study, method: str, choice: str, trials: list[TrialScore]) -> str:
    """Return what the trials of one choice say."""
    best, worst = (pick(trials, key=lambda trial: trial["accuracy"]) for pick in (max, min))
    own = next((trial for trial in trials if trial["own"]), None)
    name = f"{study.title(method)}, {choice}"
    if len(trials) < 2 or best["accuracy"] == worst["accuracy"]:
        return f"{name}: every value tried gives {formats.accuracy(best['accuracy'])}."
    apart = best["accuracy_low"] > worst["accuracy_high"]
    spread = formats.points(best["accuracy"] - worst["accuracy"], signed=False)
    judged = "their intervals do not overlap" if apart else "their intervals overlap, so the choice is open"
    used = f" Used: {own['value']} ({formats.accuracy(own['accuracy'])})." if own else ""
    low, high = formats.accuracy(worst["accuracy"]), formats.accuracy(best["accuracy"])
    rows = formats.plural(best["rows"], "held-out row")
    apart_by = f"{spread} points apart on {rows}"
    return f"{name}: from {low} ({worst['value']}) to {high} ({best['value']}), {apart_by}; {judged}.{used}"
