"""Methods as a paper would put them: paragraphs made from the study's settings and records, with citations."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.core.records import COST_ONLY
from fineprint.reporting.methods_text.methods import describe_methods, describe_training
from fineprint.reporting.methods_text.references import Library, Paragraph, Piece, sentence
from fineprint.reporting.methods_text.software import describe_computing
from fineprint.reporting.sections.setting import warnings
from fineprint.results.lookup import SIGNIFICANCE, Study, class_variable
from fineprint.scoring.calibration import BINS
from fineprint.scoring.statistics import BOOTSTRAP_DRAWS

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
WILSON, EFRON = "doi 10.1080/01621459.1927.10502953", "doi 10.1214/aos/1176344552"
MCNEMAR, HOLM, GUO = "doi 10.1007/BF02295996", "JSTOR 4615733", "arXiv 1706.04599"
INNER_BRACKETS = str.maketrans("()", "[]")
PLAIN_SPACES = str.maketrans("\u202f\u00a0", "  ")  # a text to copy has no thin or fixed spaces


def describe(study: Study, library: Library) -> dict[str, Any]:
    """Return the paragraphs in pieces, and the same as plain text with the works cited in it."""
    paragraphs = [
        describe_data(study, library),
        describe_methods(study, library),
        describe_training(study, library),
        describe_statistics(study, library),
        describe_computing(study, library),
    ]
    filled = [tidy(paragraph) for paragraph in paragraphs if paragraph]
    return {"paragraphs": filled, "plain": write_plain(filled, library)}


def tidy(paragraph: Paragraph) -> Paragraph:
    """Return a paragraph with nothing after its last full stop."""
    return [*paragraph[:-1], Piece(paragraph[-1].text.rstrip(), paragraph[-1].link)]


def write_plain(paragraphs: list[Paragraph], library: Library) -> str:
    """Return paragraphs as plain text, the works cited below them."""
    links = {piece.link for paragraph in paragraphs for piece in paragraph if piece.link}
    cited = [reference.line for reference in library.references if f"#reference-{reference.key}" in links]
    parts = ["".join(piece.text for piece in part) for part in paragraphs] + ["\n".join(sorted(cited))]
    return "\n\n".join(parts).translate(PLAIN_SPACES)


def describe_data(study: Study, library: Library) -> Paragraph:
    """Return what was compared on which rows."""
    verb = "was run" if len(study.methods) == 1 else "were compared"
    counted = count_words(len(study.methods), "method")
    paragraph = sentence(f"{counted.capitalize()} {verb} on {count_words(len(study.tasks), 'task')}.")
    for task in study.tasks:
        paragraph += describe_task(study, library, task)
    if any("held_out" in study.results["tasks"][task]["splits"] for task in study.tasks):
        paragraph += sentence(
            "The held-out rows were cut from the training rows by group, such as a premise, so that no group lies on "
            "both sides; rows without a gold label were dropped."
        )
    missing = [f"“{study.title(method)}”" for method in study.methods if not was_run(study, method)]
    if missing:
        paragraph += sentence(f"{formats.join(missing)} {'was' if len(missing) == 1 else 'were'} not run in the end.")
    made = "; ".join(warnings(study))
    if made:
        what = (
            "the accuracies say nothing about published models" if any_accuracy(study) else "accuracy was not measured"
        )
        paragraph += sentence(f"{made[0].upper()}{made[1:]}: {what}.")
    return paragraph


def any_accuracy(study: Study) -> bool:
    """Return whether accuracy was measured on any task."""
    return any(map(study.measures_accuracy, study.tasks))


def was_run(study: Study, method: str) -> bool:
    """Return whether a method was run on any task."""
    return any(study.status(task, method) != "not run" for task in study.tasks)


def count_words(number: int, noun: str) -> str:
    """Write a number and a noun, small numbers in words."""
    written = NUMBERS[number] if number < len(NUMBERS) else formats.count(number)
    return f"{written} {noun}{'' if number == 1 else 's'}"


def describe_task(study: Study, library: Library, task: str) -> Paragraph:
    """Return a task's source and the sizes of its splits."""
    record = study.results["tasks"][task]
    facts, splits = record.get("facts") or {}, record["splits"]
    numbers = class_variable("tasks", record["settings"]["kind"], "references", ())
    loaded = f", loaded from {facts['source']} at revision {facts['revision']}," if facts.get("revision") else ""
    rows = [f"{formats.count(splits['train']['rows'])} training rows"]
    if "held_out" in splits:
        rows.append(f"{formats.count(splits['held_out']['rows'])} held-out rows")
    rows += [f"{formats.count(splits[split]['rows'])} test rows ({split})" for split in study.splits(task)]
    description = record["description"].rstrip(". ").translate(INNER_BRACKETS)
    about = f" ({description})" if description else ""
    return sentence(f"The task “{task}”{about}", library.cite(*numbers), f"{loaded} has {formats.join(rows)}.")


def describe_statistics(study: Study, library: Library) -> Paragraph:
    """Return how answers were scored and compared: only what this study has."""
    scores = [score for task in study.tasks for split in study.splits(task) for _, score in study.scored(task, split)]
    if not scores and not any_accuracy(study):
        reasons = formats.join(list(dict.fromkeys(r for task in study.tasks for r in study.reasons(task, COST_ONLY))))
        return sentence(f"Test rows were answered once, after training, the same rows by every method; {reasons}.")
    if not scores:
        return sentence("No run was scored.")
    paragraph = sentence(
        "Test rows were answered once, after training, the same rows by every method. Accuracies have 95 % Wilson "
        "intervals",
        library.cite(WILSON),
        f", macro-F1 has 95 % percentile intervals over {formats.count(BOOTSTRAP_DRAWS)} bootstrap samples of the rows",
        library.cite(EFRON),
        ".",
    )
    if study.results["comparisons"]:
        paragraph += sentence(
            "Every two methods were compared on the same rows by McNemar's exact test",
            library.cite(MCNEMAR),
            ", p-values corrected for the number of pairs by Holm's procedure",
            library.cite(HOLM),
            f"; differences have paired bootstrap intervals, and count as real where the corrected p-value is below "
            f"{SIGNIFICANCE}.",
        )
    if any(score.get("calibration") for score in scores):
        paragraph += sentence(
            f"Calibration is the expected calibration error over {BINS} bins of equal width", library.cite(GUO), "."
        )
    if any(class_variable("readouts", study.settings(m)["readout"]["kind"], "uses_prompt", "") for m in study.methods):
        paragraph += sentence(
            "A generated answer that names no label, several labels, or a negated one counts as wrong."
        )
    paragraph += sentence(
        "A run whose interval does not lie above the rate of the most frequent label counts as collapsed and is not "
        "ranked."
    )
    return paragraph + describe_seeds(study)


def describe_seeds(study: Study) -> Paragraph:
    """Return how many seeds were run, and what the figures show of them."""
    if len(study.seeds) == 1:
        return sentence(
            f"One seed, {study.seeds[0]}, was run: how far results lie apart between seeds was not measured."
        )
    seeds = formats.join([str(seed) for seed in study.seeds])
    return sentence(
        f"Every run was made with the seeds {seeds}; intervals and tests are those of seed {study.seed}, and mean and "
        "sample standard deviation over seeds stand beside them."
    )
