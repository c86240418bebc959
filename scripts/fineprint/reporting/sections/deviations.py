"""Where the methods of a study differ from the settings that the assignment gives, and why: report/checklist.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fineprint.core import formats
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask
from fineprint.reporting.sections.checklist import Part
from fineprint.reporting.table import Table
from fineprint.reporting.words import Words
from fineprint.results.matching import describe, find, matches
from fineprint.results.study import Study

WORDS = Words("checklist")
MODEL = "backbone.name"


@dataclass(frozen=True)
class Deviating(MethodOnTask):
    """A method with the settings in which it is not what the assignment asks for: path → what is asked."""

    differing: dict[str, Any]

    def write(self) -> str:
        """Return each setting with what it is here and what is asked."""
        settings = describe(self.study, self.method)
        return "; ".join(
            WORDS(
                "deviation", name=name_setting(path), here=write_setting(settings, path), asked=formats.setting(asked)
            )
            for path, asked in self.differing.items()
        )


def name_setting(path: str) -> str:
    """Return what a setting is called in text; a backbone's name is the model."""
    return "model" if path == MODEL else path.split(".")[-1].replace("_", " ")


def write_setting(settings: dict[str, Any], path: str) -> str:
    """Write what a method has; a model without a name by its kind."""
    value = find(settings, path)
    return formats.setting(find(settings, "backbone.kind") if value is None and path == MODEL else value)


def describe_deviations(study: Study, parts: list[Part], path: Path) -> dict[str, Any]:
    """Return the table of deviations, if there are any, and the reasons.

    Args:
        study: the study.
        parts: of the assignment.
        path: checklist.yaml.
    """
    compared = list_compared(study, parts)
    deviating = [entry for entry in compared if entry.differing]
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not compared:
        return {"table": None, "reasons": [WORDS("not_asked_for")]}
    reasons = [*name_data(study, settings["data"]), *name_reasons(deviating, settings["corrected"])]
    if not deviating:
        return {"table": None, "reasons": [WORDS("as_asked", compared=len(compared)), *reasons]}
    return {"table": deviations_table(deviating, len(compared)), "reasons": reasons}


def list_compared(study: Study, parts: list[Part]) -> list[Deviating]:
    """Return the methods that a part with settings asks for, each with the settings in which it differs."""
    found = {}
    for entry in (part.entry for part in parts if part.entry.asked):
        for method in study.methods:
            if entry.match and matches(study, method, entry.match):
                settings = describe(study, method)
                differing = {path: asked for path, asked in entry.asked.items() if find(settings, path) != asked}
                found[method] = Deviating(study, study.tasks[0], method, differing)
    return list(found.values())


def deviations_table(deviating: list[Deviating], compared: int) -> Table:
    """Return the methods that differ, with what differs."""
    number, title = METHOD
    columns = [
        Column[Deviating](number.title, number.get, width=4),
        Column[Deviating](title.title, title.get, width=24),
        Column("Here (asked)", Deviating.write, width=72),
    ]
    caption = WORDS("deviations_caption", methods=len(deviating), compared=compared)
    return build_table("deviations", caption, columns, deviating, style="compact")


def name_data(study: Study, asked: str) -> list[str]:
    """Return that the data are others than the assignment's, where no task has them."""
    kinds = [study.results.tasks[task].settings["kind"] for task in study.tasks]
    return [] if asked in kinds else [WORDS("reason", "data", kinds=kinds, asked=asked)]


def name_reasons(deviating: list[Deviating], corrected: dict[str, str]) -> list[str]:
    """Return why methods differ: other models, or a setting that is known to fail."""
    others = [str(entry.study.numbers[entry.method]) for entry in deviating if MODEL in entry.differing]
    paths = {path for entry in deviating for path in entry.differing}
    mended = [
        WORDS("reason", "corrected", name=name_setting(path), why=why)
        for path, why in corrected.items()
        if path in paths
    ]
    return [*([WORDS("reason", "models", methods=others)] if others else []), *mended]
