"""The view model: everything the templates show, already computed and written out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fineprint.core import formats
from fineprint.core.records import COST_ONLY, Results
from fineprint.reporting.figures.plotting import FIGURE_KINDS, SERVING, FigureEntry
from fineprint.reporting.methods_text import paper
from fineprint.reporting.methods_text.references import Library
from fineprint.reporting.sections import (
    advice,
    analysis,
    benefit,
    calibration,
    checklist,
    claims,
    cost,
    cost_only,
    merging,
    methods,
    pairs,
    prompting,
    provenance,
    scores,
    seeds,
    setting,
    trials,
)
from fineprint.reporting.sections.planned import planned_table
from fineprint.reporting.serving.view import describe_serving
from fineprint.reporting.table import clean_identifier
from fineprint.results.lookup import Study

# What is said of runs that are not ranked, by their status.
OFF_RANK = {"collapsed": "collapsed", COST_ONLY: "without a measured accuracy", "not run": "not run"}


@dataclass(frozen=True)
class Section:
    """A section: its template is `report/sections/{name}.html.j2`."""

    number: int
    name: str
    title: str


SECTIONS = [
    Section(number, name, title)
    for number, (name, title) in enumerate(
        (
            ("summary", "Summary"),
            ("setting", "Setting"),
            ("methods", "Methods explained"),
            ("results", "Results"),
            ("learning", "Learning curves"),
            ("cost", "Cost"),
            ("tasks", "Why LoRA: many tasks on one backbone"),
            ("advice", "When to use which"),
            ("claims", "Claims and published figures"),
            ("checklist", "Checklist: the assignment's parts"),
            ("references", "References"),
            ("provenance", "Provenance"),
        ),
        start=1,
    )
]


TALL_SHARE = 1.3  # of the width: an A4 page has room for that and a caption


@dataclass(frozen=True)
class Figure:
    """A figure as the templates place it; `source` and `data` are a path for the PDF, a data URI for the page.

    `file` is the name of its data, `width` and `height` are its natural size in pixels.
    """

    entry: FigureEntry
    source: str
    data: str
    file: str
    width: int
    height: int
    columns: list[str]
    rows: list[list[str]]

    @property
    def tall(self) -> bool:
        """Return whether the figure, as wide as the text, would be higher than a page of the PDF."""
        return self.height > TALL_SHARE * self.width


def build_view(results: Results, figures: list[Figure], report: Path) -> dict[str, Any]:
    """Return the variables of the templates.

    Args:
        results: all records.
        figures: what plot_figures left.
        report: the folder of templates, references and the checklist.
    """
    study = Study(results)
    config = study.config
    library = Library(report / "references.yaml")
    return {
        "title": config["title"],
        "description": config.get("description") or "",
        "created": study.results.provenance.created[:10],
        "sections": SECTIONS,
        "section_number": {section.name: section.number for section in SECTIONS},
        "warnings": setting.warnings(study),
        "has_accuracy": any(map(study.measures_accuracy, study.tasks)),
        "tasks": [describe_task(study, task, figures) for task in study.tasks],
        "several_tasks": len(study.tasks) > 1,
        "hardware": setting.hardware_table(study),
        "machines": describe_machines(study),
        "backbones": setting.backbones_table(study),
        "backbone_facts": setting.backbone_facts(study),
        "methods": methods.methods_table(study),
        "adapters": methods.axis_table(study, "adapters", "adapter"),
        "readouts": methods.axis_table(study, "readouts", "readout"),
        "training": methods.training_table(study),
        "checklist": checklist.read_parts(
            report / "checklist.yaml", study, {s.name: f"{s.number} {s.title}" for s in SECTIONS}
        ),
        "claims": claims.describe_claims(study, report),
        "advice_seed": analysis.seed_words(study),
        "references": library.references,
        "paper": paper.describe(study, library),
        "provenance": provenance.describe(study),
        "workflow": [figure for figure in figures if figure.entry.kind == "workflow"],
        "counts": describe_counts(study),
        "seed_caution": seeds.caution(study),
        "serving": describe_serving(study),
        "serving_figures": [figure for figure in figures if figure.entry.kind == SERVING],
    }


def describe_counts(study: Study) -> str:
    """Return how many methods were run, and how many of them can be ranked."""
    places = [(task, method, seed) for task in study.tasks for method in study.methods for seed in study.seeds]
    runs = [study.run(*place) for place in places]
    statuses = [run["status"] if run else "not run" for run in runs]
    total = (
        f"{formats.plural(len(study.methods), 'method')} on {formats.plural(len(study.tasks), 'task')}, "
        f"{formats.plural(len(study.seeds), 'seed')}"
    )
    off = [f"{statuses.count(status)} {words}" for status, words in OFF_RANK.items() if status in statuses]
    return f"{total}; {formats.join(off)}." if off else f"{total}; every run can be ranked."


def describe_machines(study: Study) -> str:
    """Return the hardware in one line."""
    machines = study.environments()
    names = []
    for machine in machines:
        gpu = machine.get("gpu")
        names.append(
            gpu["name"]
            if gpu
            else f"{setting.name_processor(machine)} ({formats.plural(machine.get('cores') or 0, 'core')}, no GPU)"
        )
    return formats.join(list(dict.fromkeys(names))) or formats.NOT_MEASURED


def describe_task(study: Study, task: str, figures: list[Figure]) -> dict[str, Any]:
    """Return all that the sections show of one task."""
    return {
        "name": task,
        "identifier": clean_identifier(task),
        "summary": describe_summary(study, task),
        "setting": setting.describe_task(study, task),
        "figures": group_figures(figures, task),
        "notes": methods.notes(study, task),
        "epochs": methods.training_rows_table(study, task),
        "results": describe_results(study, task),
        "cost": describe_cost(study, task),
        "advice": [describe_advice(entry) for entry in advice.give_advice(study, task)],
        "benefit": benefit.describe_benefit(study, task),
    }


def describe_advice(entry: advice.Advice) -> dict[str, Any]:
    """Return a piece of advice with links to the tables that its figures stand in."""
    tables = [{"words": words, "link": clean_identifier(table)} for words, table in entry.rests_on]
    return {"situation": entry.situation, "advice": entry.advice, "rests_on": tables}


def describe_summary(study: Study, task: str) -> dict[str, Any]:
    """Return the summary of one task: with accuracies, or what was measured without them."""
    described = analysis.describe_task(study, task)
    return described if study.measures_accuracy(task) else {**described, **cost_only.summary(study, task)}


def describe_results(study: Study, task: str) -> dict[str, Any]:
    """Return what the section on results shows of one task."""
    return {
        "has_accuracy": study.measures_accuracy(task),
        "flags": scores.flags(study, task),
        "parameters": cost.parameters_table(study, task),
        "cost": cost.cost_table(study, task),
        "prompts": prompting.prompts(study, task),
        "prompt_choices": trials.choice_sentences(study, task),
        **describe_accuracy(study, task),
    }


def describe_accuracy(study: Study, task: str) -> dict[str, Any]:
    """Return the part of section 4 that rests on accuracy; nothing of it is shown where none was measured."""
    matrices = [pairs.matrix_table(study, task, split) for split in study.splits_and_pooled(task)]
    shown = {
        "scores": scores.scores_tables(study, task),
        "macro_f1": scores.macro_f1_table(study, task),
        "choices": pairs.one_choice_table(study, task),
        "matrices": [table for table in matrices if table],
        "classes": scores.class_tables(study, task),
        "calibration": calibration.calibration_table(study, task),
        "answers": prompting.answers_table(study, task),
        "unparseable": prompting.unparseable_answers(study, task),
        "trials": trials.trials_table(study, task),
        "trial_sentences": trials.trial_sentences(study, task),
        "merged": merging.merge_table(study, task),
        "seeds": seeds.seeds_table(study, task),
    }
    return shown if study.measures_accuracy(task) else dict.fromkeys(shown)


def describe_cost(study: Study, task: str) -> dict[str, Any]:
    """Return what the sections on cost and on many tasks show of one task."""
    return {
        "parts": cost.parts_table(study, task),
        "planned": planned_table(study, task),
        "phases": cost.phases_table(study, task),
        "storage": cost.storage_table(study, task),
        "storage_sentences": cost.storage_sentences(study, task),
    }


def group_figures(figures: list[Figure], task: str) -> dict[str, list[Figure]]:
    """Return a task's figures by kind; a kind without a figure has an empty list."""
    kinds: dict[str, list[Figure]] = {kind: [] for kind in FIGURE_KINDS}
    for figure in figures:
        if figure.entry.task == task:
            kinds.setdefault(figure.entry.kind, []).append(figure)
    return {kind.replace("-", "_"): found for kind, found in kinds.items()}
