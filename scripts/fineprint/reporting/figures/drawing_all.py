"""All figures of a study: drawn, saved as SVG with their data as CSV, and described in words made from the data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from fineprint.core.records import Results, as_mapping, write_json
from fineprint.reporting.figures.calibration import draw_calibration
from fineprint.reporting.figures.cost import draw_cost, draw_memory, draw_storage
from fineprint.reporting.figures.drawing import Drawing
from fineprint.reporting.figures.pairs import draw_pairs
from fineprint.reporting.figures.scores import draw_accuracy, draw_confusion, draw_tags
from fineprint.reporting.figures.serving import draw_growth
from fineprint.reporting.figures.speed import draw_speed
from fineprint.reporting.figures.style import figure_style, save_figure
from fineprint.reporting.figures.training import draw_held_out, draw_losses
from fineprint.reporting.figures.workflow import draw_workflow
from fineprint.results.lookup import Study

SERVING = "serving"  # the kind of the figures that belong to no single task
Draw = Callable[[Study, str], Drawing | None]
DRAWN_PER_TASK: dict[str, Draw] = {
    "accuracy": draw_accuracy,
    "pairs": draw_pairs,
    "losses": draw_losses,
    "held-out": draw_held_out,
    "cost": draw_cost,
    "speed": draw_speed,
    "memory": draw_memory,
    "storage": draw_storage,
    "calibration": draw_calibration,
}

FIGURE_KINDS = (*DRAWN_PER_TASK, "confusion", "tags")  # the latter two: one for each split, one for each tag


@dataclass(frozen=True)
class FigureEntry:
    """What `figures.json` says of a figure."""

    name: str
    kind: str
    task: str
    detail: str
    title: str
    caption: str
    alt: str
    columns: list[str] = field(default_factory=list)


def plot_all(results: Results, folder: Path) -> list[FigureEntry]:
    """Draw every figure that the data allow into `folder`, and write figures.json."""
    study, entries = Study(results), []
    folder.mkdir(parents=True, exist_ok=True)
    with figure_style(json.dumps(study.results, ensure_ascii=False, default=as_mapping)):
        for task in study.tasks:
            for kind, detail, drawing in draw_task(study, task):
                if drawing is not None:
                    entries.append(save_drawing(folder, kind, task, detail, drawing))
        growth = draw_growth(study)
        if growth is not None:
            entries.append(save_drawing(folder, SERVING, "", "growth", growth))
        entries.append(save_drawing(folder, "workflow", "", "", draw_workflow(study)))
    write_json(folder / "figures.json", [asdict(entry) for entry in entries])
    return entries


def draw_task(study: Study, task: str) -> list[tuple[str, str, Drawing | None]]:
    """Draw one task's figures: those for the task, those for each split, those for each tag."""
    drawn = [(kind, "", draw(study, task)) for kind, draw in DRAWN_PER_TASK.items()]
    drawn += [("confusion", split, draw_confusion(study, task, split)) for split in study.splits_and_pooled(task)]
    tags = dict.fromkeys(
        tag for split in study.splits(task) for _, score in study.scored(task, split) for tag in score["by_tag"]
    )
    return drawn + [("tags", tag, draw_tags(study, task, tag)) for tag in tags]


def save_drawing(folder: Path, kind: str, task: str, detail: str, drawing: Drawing) -> FigureEntry:
    """Write a figure and its data, and return its entry."""
    name = "-".join(part for part in (kind, task, detail) if part)
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
    assert isinstance(drawing.figure, Figure)
    save_figure(drawing.figure, folder / f"{name}.svg")
    data = pd.DataFrame(drawing.rows)
    data.to_csv(folder / f"{name}.csv", index=False, float_format="%.10g")
    columns: list[Any] = list(data.columns)
    return FigureEntry(name, kind, task, detail, drawing.title, drawing.caption, drawing.alt, columns)
