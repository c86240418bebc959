"""Methods as a paper would put them: paragraphs made from the study's settings and records, with citations."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.core.records import ALPHA, COST_ONLY, NOT_MADE
from fineprint.reporting.methods_text.methods import method_sentences, training_sentences
from fineprint.reporting.methods_text.references import Library, Paragraph, mark_citation
from fineprint.reporting.methods_text.software import computing_sentences
from fineprint.reporting.sections.setting import any_accuracy, name_origins
from fineprint.reporting.words import Words
from fineprint.results.study import TRAIN_SPLITS, Study
from fineprint.scoring.calibration import BINS
from fineprint.scoring.variance import FLOOR
from fineprint.tasks._rows import HELD_OUT

WORDS = Words("paper")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
INNER_BRACKETS = str.maketrans("()", "[]")
PLAIN_SPACES = str.maketrans("\u202f\u00a0", "  ")  # a text to copy has no thin or fixed spaces


def write_methods_section(study: Study, library: Library) -> dict[str, Any]:
    """Return the paragraphs in pieces, and the same as plain text with the works cited in it."""
    paragraphs = [
        data_sentences(study),
        method_sentences(study, library),
        training_sentences(study),
        statistics_sentences(study),
        computing_sentences(study),
    ]
    linked = [library.link(" ".join(sentences)) for sentences in paragraphs if sentences]
    return {"paragraphs": linked, "plain": write_plain(linked, library)}


def write_plain(paragraphs: list[Paragraph], library: Library) -> str:
    """Return paragraphs as plain text, the works cited below them."""
    links = {piece.link for paragraph in paragraphs for piece in paragraph if piece.link}
    cited = [reference.line for reference in library.references if f"#reference-{reference.key}" in links]
    parts = ["".join(piece.text for piece in part) for part in paragraphs] + ["\n".join(sorted(cited))]
    return "\n\n".join(parts).translate(PLAIN_SPACES)


def data_sentences(study: Study) -> list[str]:
    """Return what was compared on which examples."""
    methods, tasks = count_words(len(study.methods), "method"), count_words(len(study.tasks), "task")
    sentences = [WORDS("compared", methods=methods, tasks=tasks, alone=len(study.methods) == 1)]
    sentences += [task_sentence(study, task) for task in study.tasks]
    if any(HELD_OUT in study.results.tasks[task].splits for task in study.tasks):
        sentences.append(WORDS("held_out"))
    missing = [f"“{study.title(method)}”" for method in study.methods if not was_run(study, method)]
    if missing:
        sentences.append(WORDS("not_run", "one" if len(missing) == 1 else "several", titles=missing))
    if origins := name_origins(study):
        sentences.append(WORDS("made_here", "accuracy" if any_accuracy(study) else "cost", origins=origins))
    return sentences


def was_run(study: Study, method: str) -> bool:
    """Return whether a method was run on any task."""
    return any(study.status(task, method) not in NOT_MADE for task in study.tasks)


def count_words(number: int, noun: str) -> str:
    """Write a number and a noun, small numbers in words."""
    written = NUMBERS[number] if number < len(NUMBERS) else formats.count(number)
    return f"{written} {noun}{'' if number == 1 else 's'}"


def task_sentence(study: Study, task: str) -> str:
    """Return a task's source and the sizes of its splits."""
    record = study.results.tasks[task]
    rows = {split: found.rows for split, found in record.splits.items()}
    splits = [WORDS("split", split, examples=rows[split]) for split in TRAIN_SPLITS if split in rows]
    splits += [WORDS("split", "test", examples=rows[split], split=split) for split in study.splits(task)]
    return WORDS(
        "task",
        task=record,
        about=record.description.rstrip(". ").translate(INNER_BRACKETS),
        cited=mark_citation(*study.task_kind(task).references),
        splits=splits,
    )


def statistics_sentences(study: Study) -> list[str]:
    """Return how answers were scored and compared: only what this study has."""
    scores = [score for task in study.tasks for split in study.splits(task) for _, score in study.scored(task, split)]
    if not scores and not any_accuracy(study):
        reasons = dict.fromkeys(reason for task in study.tasks for reason in study.reasons(task, COST_ONLY))
        return [WORDS("cost_only", reasons=list(reasons))]
    if not scores:
        return [WORDS("not_scored")]
    said = {
        "calibration": any(score.calibration for score in scores),
        "unparseable": any(study.readout(method).writes_answer for method in study.methods),
        "collapsed": True,
    }
    seeds = {"seeds": [str(seed) for seed in study.seeds], "seed": study.seed}
    return [
        WORDS("intervals"),
        *comparison_sentences(study),
        *(WORDS(key, bins=BINS) for key, holds in said.items() if holds),
        WORDS("seeds", "one" if len(study.seeds) == 1 else "several", **seeds),
    ]


def comparison_sentences(study: Study) -> list[str]:
    """Return how methods, and how single models, were compared, where any were."""
    runs = [run.scores for run in study.results.runs if run.scores]
    single = study.results.serving is not None or any(scores.merging or scores.trials for scores in runs)
    sentences = [WORDS("single_models")] if single else []
    if not study.results.comparisons:
        return sentences
    outcome = "one" if len(study.seeds) == 1 else "several"
    verdicts = WORDS("verdicts", significance=ALPHA, margin=study.config["margin"])
    return [WORDS("tests", outcome, floor=FLOOR), verdicts, *sentences]
