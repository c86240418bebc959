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
from fineprint.results.study import Study

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


SPLIT: Column[AnswersOnSplit] = Column("Split", lambda entry: text(entry.split, style="code"))
COLUMNS: list[Column[AnswersOnSplit]] = [
    *METHOD,
    SPLIT,
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


def read_otherwise(study: Study, task: str) -> list[AnswersOnSplit]:
    """Return the generated answers that were also read more or less strictly than they count."""
    return [
        AnswersOnSplit(study, task, method, split, score)
        for method in study.methods
        for split in study.splits(task)
        if (score := study.score(task, method, split)) and score.accuracy_by_strictness
    ]


def strictness_sentence(study: Study, task: str) -> str:
    """Return how far accuracy hangs on how answers are read; nothing where none were generated."""
    changes = [
        (accuracy - entry.scored.accuracy, level, entry)
        for entry in read_otherwise(study, task)
        for level, accuracy in (entry.scored.accuracy_by_strictness or {}).items()
    ]
    if not changes:
        return ""
    change, level, entry = max(changes, key=lambda found: abs(found[0]))
    outcome = "differ" if change else "same"
    title = study.title(entry.method)
    return WORDS("strictness_matters", outcome, change=change, level=level, title=title, split=entry.split)


def strictness_table(study: Study, task: str) -> Table | None:
    """Return the accuracies that generated answers reach if read more or less strictly; nothing where all are equal."""
    answers = read_otherwise(study, task)
    if not any(
        set((entry.scored.accuracy_by_strictness or {}).values()) != {entry.scored.accuracy} for entry in answers
    ):
        return None
    levels = dict.fromkeys(level for entry in answers for level in entry.scored.accuracy_by_strictness or ())
    columns = [*METHOD, SPLIT, *map(strictness_column, levels)]
    return build_table(f"strictness-{task}", WORDS("strictness_caption", task=task), columns, answers, style="compact")


def strictness_column(level: str) -> Column[AnswersOnSplit]:
    """Return the accuracies at one level of strictness."""
    return Column(
        WORDS("strictness", level),
        lambda entry: counted_cell((entry.scored.accuracy_by_strictness or {}).get(level), entry.scored.rows),
        formats.accuracy,
    )


def unparseable_answers(study: Study, task: str) -> list[dict[str, Any]]:
    """Return answers that name no label, verbatim, by method."""
    found = []
    for method in study.methods:
        scores = [score for split in study.splits(task) if (score := study.score(task, method, split))]
        seen = dict.fromkeys(answer or WORDS("empty") for score in scores for answer in score.unparseable_examples)
        if seen:
            found.append({"title": study.title(method), "answers": list(seen)})
    return found


def inputs(study: Study, task: str) -> list[dict[str, str]]:
    """Return the first test example as each method reads it; equal inputs once."""
    users: dict[str, list[MethodOnTask]] = {}
    for entry in list_methods(study, task):
        if entry.run and entry.run.predict and entry.run.predict.input_example:
            users.setdefault(entry.run.predict.input_example, []).append(entry)
    return [
        {
            "input": shown,
            "facts": " ".join(dict.fromkeys(map(input_facts, methods))),
            "methods": formats.join(list(map(name_method, methods))),
        }
        for shown, methods in users.items()
    ]


def name_method(entry: MethodOnTask) -> str:
    """Return a method's number and title."""
    return WORDS("method", number=entry.study.numbers[entry.method], title=entry.study.title(entry.method))


def input_facts(entry: MethodOnTask) -> str:
    """Return a sentence on a method's form of input; of a generated answer also its worked examples and settings."""
    settings = entry.study.settings(entry.method)
    if not entry.study.readout(entry.method).writes_answer:
        return WORDS("input", settings.get("input") or "pair")
    readout = settings["readout"]
    shown = {key: value for key, value in readout.items() if key not in ("kind", "shots", "trials") and value != {}}
    settings = formats.setting(shown)
    shots = entry.run.predict.shots if entry.run and entry.run.predict else []
    return WORDS("facts", shots=[str(shot.id) for shot in shots], settings=settings)
