"""The view model: everything the templates show, already computed and written out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from fineprint.core import formats
from fineprint.core.records import COLLAPSED, COST_ONLY, NOT_MADE, NOT_RUN, Results
from fineprint.reporting.figures.plotting import FIGURE_KINDS, SERVING, FigureEntry
from fineprint.reporting.methods_text import paper
from fineprint.reporting.methods_text.references import Library
from fineprint.reporting.sections import (
    advice,
    analysis,
    benefit,
    calibration,
    checklist,
    claim_ledger,
    cost,
    cost_only,
    deviations,
    errors,
    findings,
    merging,
    methods,
    pairs,
    prompting,
    provenance,
    scores,
    seeds,
    setting,
    sweeps,
    trials,
)
from fineprint.reporting.sections.changed_code import changed_code
from fineprint.reporting.sections.planned import planned_table
from fineprint.reporting.serving.view import describe_serving
from fineprint.reporting.table import clean_identifier
from fineprint.reporting.words import Words, read_texts
from fineprint.results.study import Study

WORDS = Words("view")
CHECKLIST = "checklist.yaml"
OFF_RANK = (COLLAPSED, COST_ONLY, *NOT_MADE)


@dataclass(frozen=True)
class Section:
    """A section: its template is `report/sections/{name}.html.j2`. Those of the appendix have letters for numbers."""

    number: str
    name: str
    title: str
    in_appendix: bool = False


def list_sections() -> list[Section]:
    """Return the report's sections, the body's first."""
    texts = read_texts(WORDS.name)
    body = [Section(str(number), *named) for number, named in enumerate(texts["sections"].items(), start=1)]
    letters = zip(ascii_uppercase, texts["appendix"].items(), strict=False)
    return [*body, *(Section(letter, *named, in_appendix=True) for letter, named in letters)]


SECTIONS = list_sections()
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


def build_view(results: Results | Mapping[str, Any], figures: list[Figure], report: Path) -> dict[str, Any]:
    """Return the variables of the templates.

    Args:
        results: all records.
        figures: what plot_figures left.
        report: the folder of templates, references and the checklist.
    """
    study = Study(results)
    library = Library(report / "references.yaml")
    numbers = {section.name: section.number for section in SECTIONS}
    parts = checklist.read_parts(report / CHECKLIST, study, numbers)
    return {
        "title": study.config["title"],
        "description": study.config.get("description") or "",
        "created": study.results.provenance.created[:10],
        "sections": SECTIONS,
        "section_number": numbers,
        "origins": setting.name_origins(study),
        "has_accuracy": setting.any_accuracy(study),
        "test_examples": setting.name_readers(study),
        "tasks": [task_view(study, task, figures) for task in study.tasks],
        "several_tasks": len(study.tasks) > 1,
        "made_here": setting.warn_of_origins(study),
        "hardware": setting.hardware_table(study),
        "machines": name_machines(study),
        "backbones": setting.backbones_table(study),
        "backbone_facts": setting.facts_table(study),
        "methods": methods.methods_table(study),
        "adapters": methods.axis_table(study, "adapters", "adapter"),
        "readouts": methods.axis_table(study, "readouts", "readout"),
        "training": methods.training_table(study),
        "checklist": parts,
        "checklist_finding": checklist.count_answered(parts),
        "deviations": deviations.describe_deviations(study, parts, report / CHECKLIST),
        "claims": claim_ledger.describe_claims(study, report),
        "references": library.references,
        "paper": paper.write_methods_section(study, library),
        "provenance": provenance.describe_provenance(study),
        "changed_code": changed_code(study),
        "workflow": [figure for figure in figures if figure.entry.kind == "workflow"],
        "counts": count_runs(study),
        "single_seed": len(study.seeds) == 1,
        "seed_caution": seeds.caution(study),
        "serving": describe_serving(study),
        "serving_figures": [figure for figure in figures if figure.entry.kind == SERVING],
    }


def count_runs(study: Study) -> str:
    """Return how many methods were run, and how many of their runs cannot be ranked."""
    places = [(task, method, seed) for task in study.tasks for method in study.methods for seed in study.seeds]
    statuses = [run.status if (run := study.run(*place)) else NOT_RUN for place in places]
    off = [WORDS("off_rank", status, runs=statuses.count(status)) for status in OFF_RANK if status in statuses]
    return WORDS("counts", methods=len(study.methods), tasks=len(study.tasks), seeds=len(study.seeds), off=off)


def name_machines(study: Study) -> str:
    """Return the hardware in one line."""
    named = [
        WORDS("machine", machine=machine, processor=setting.name_processor(machine)) for machine in study.environments()
    ]
    return formats.join(list(dict.fromkeys(named))) or formats.NOT_MEASURED


def task_view(study: Study, task: str, figures: list[Figure]) -> dict[str, Any]:
    """Return all that the sections show of one task."""
    return {
        "name": task,
        "identifier": clean_identifier(task),
        "summary": describe_summary(study, task),
        "setting": setting.describe_setting(study, task),
        "figures": group_figures(figures, task),
        "notes": methods.list_notes(study, task),
        "epochs": methods.epochs_table(study, task),
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
    described = analysis.summarize_task(study, task)
    return described if study.measures_accuracy(task) else {**described, **cost_only.summarize_cost(study, task)}


def describe_results(study: Study, task: str) -> dict[str, Any]:
    """Return what the section on results shows of one task."""
    return {
        "has_accuracy": study.measures_accuracy(task),
        "flags": scores.flags(study, task),
        "parameters": cost.parameters_table(study, task),
        "cost": cost.cost_table(study, task),
        "sweeps": sweeps.sweep_tables(study, task),
        "inputs": prompting.inputs(study, task),
        "generates": any(study.readout(method).writes_answer for method in study.methods),
        "prompt_choices": trials.choice_sentences(study, task),
        **describe_accuracy(study, task),
    }


def describe_accuracy(study: Study, task: str) -> dict[str, Any]:
    """Return the part of section 4 that rests on accuracy; nothing of it is shown where none was measured."""
    matrices = [pairs.matrix_table(study, task, split) for split in study.splits_and_pooled(task)]
    shown = {
        "scores": scores.scores_tables(study, task),
        "findings": findings.describe_findings(study, task),
        "errors": errors.describe_errors(study, task),
        "macro_f1": scores.macro_f1_table(study, task),
        "choices": pairs.ablations_table(study, task),
        "matrices": [table for table in matrices if table],
        "classes": scores.class_tables(study, task),
        "calibration": calibration.calibration_table(study, task),
        "answers": prompting.answers_table(study, task),
        "strictness": prompting.strictness_table(study, task),
        "strictness_sentence": prompting.strictness_sentence(study, task),
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
