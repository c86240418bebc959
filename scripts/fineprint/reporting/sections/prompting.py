"""Generated answers, and the prompts as sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fineprint.core import formats
from fineprint.core.records import Score
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask, list_methods
from fineprint.reporting.sections.scores import accuracy_cell, counted_cell
from fineprint.reporting.table import Table, text
from fineprint.reporting.words import Words
from fineprint.results.lookup import Study

WORDS = Words("prompting")


@dataclass(frozen=True)
class AnswersOnSplit(MethodOnTask):
    """A method's generated answers on one split."""

    split: str
    scored: Score

    @property
    def change(self) -> float | None:
        """By how much the likeliest label is more often correct than the text."""
        likelihood = self.scored.likelihood_accuracy
        return None if likelihood is None else likelihood - self.scored.accuracy


COLUMNS: list[Column[AnswersOnSplit]] = [
    *METHOD,
    Column("Split", lambda entry: text(entry.split, style="code")),
    Column("Generated", lambda entry: accuracy_cell(entry.scored), formats.accuracy),
    Column(
        "Likeliest label",
        lambda entry: counted_cell(entry.scored.likelihood_accuracy, entry.scored.rows),
        formats.accuracy,
    ),
    Column("Difference, percentage points", lambda entry: entry.change, formats.points),
    Column("Unparseable", lambda entry: entry.scored.unparseable, formats.count),
    Column("Share", lambda entry: entry.scored.unparseable_share, formats.percent),
]


def answers_table(study: Study, task: str) -> Table | None:
    """Return what generated answers were worth, beside the same model's likelihoods."""
    answers = [
        AnswersOnSplit(study, task, method, split, score)
        for method in study.methods
        for split in study.splits(task)
        if (score := study.score(task, method, split)) and (score.likelihood_accuracy is not None or score.unparseable)
    ]
    caption = WORDS("caption", task=task)
    return build_table(f"answers-{task}", caption, COLUMNS, answers, style="compact") if answers else None


def unparseable_answers(study: Study, task: str) -> list[dict[str, Any]]:
    """Return answers that name no label, verbatim, by method."""
    found = []
    for method in study.methods:
        scores = [score for split in study.splits(task) if (score := study.score(task, method, split))]
        seen = dict.fromkeys(answer or WORDS("empty") for score in scores for answer in score.unparseable_examples)
        if seen:
            found.append({"title": study.title(method), "answers": list(seen)})
    return found


def prompts(study: Study, task: str) -> list[dict[str, str]]:
    """Return the first prompt of each method that uses one, as sent; equal ones once."""
    users: dict[str, list[MethodOnTask]] = {}
    for entry in list_methods(study, task):
        if entry.run and entry.run.predict and entry.run.predict.prompt_example:
            users.setdefault(entry.run.predict.prompt_example, []).append(entry)
    return [
        {"prompt": prompt, "facts": prompt_facts(methods[0]), "methods": formats.join(list(map(name_method, methods)))}
        for prompt, methods in users.items()
    ]


def name_method(entry: MethodOnTask) -> str:
    """Return a method's number and title."""
    return WORDS("method", number=entry.study.numbers[entry.method], title=entry.study.title(entry.method))


def prompt_facts(entry: MethodOnTask) -> str:
    """Return a sentence on worked examples and settings of a method's prompt."""
    readout = entry.study.settings(entry.method)["readout"]
    settings = formats.setting({key: value for key, value in readout.items() if key not in ("kind", "shots", "trials")})
    shots = entry.run.predict.shots if entry.run and entry.run.predict else []
    return WORDS("facts", shots=[str(shot.id) for shot in shots], settings=settings)
