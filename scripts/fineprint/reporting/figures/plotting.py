"""All figures of a study: drawn, saved as SVG with their data as CSV, and described in words made from the data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from fineprint.core import formats
from fineprint.core.records import Results, as_mapping, write_json
from fineprint.reporting.figures.calibration import draw_calibration
from fineprint.reporting.figures.cost import draw_cost
from fineprint.reporting.figures.drawing import Drawing
from fineprint.reporting.figures.memory import draw_memory, draw_storage
from fineprint.reporting.figures.memory_curve import draw_memory_curve
from fineprint.reporting.figures.overlap import draw_overlap
from fineprint.reporting.figures.pairs import draw_pairs
from fineprint.reporting.figures.scores import draw_accuracy, draw_confusion, draw_tags
from fineprint.reporting.figures.serving import draw_growth
from fineprint.reporting.figures.speed import draw_speed
from fineprint.reporting.figures.standings import draw_standings
from fineprint.reporting.figures.style import figure_style, save_figure
from fineprint.reporting.figures.sweep import draw_sweep
from fineprint.reporting.figures.training import draw_held_out, draw_losses
from fineprint.reporting.figures.workflow import draw_workflow
from fineprint.results.study import Study

SERVING = "serving"  # the kind of the figures that belong to no single task
Draw = Callable[[Study, str], Drawing | None]
DRAWN_PER_TASK: dict[str, Draw] = {
    "standings": draw_standings,
    "accuracy": draw_accuracy,
    "pairs": draw_pairs,
    "overlap": draw_overlap,
    "losses": draw_losses,
    "held-out": draw_held_out,
    "cost": draw_cost,
    "speed": draw_speed,
    "memory": draw_memory,
    "memory-curve": draw_memory_curve,
    "storage": draw_storage,
    "calibration": draw_calibration,
}

FIGURE_KINDS = (*DRAWN_PER_TASK, "sweep", "confusion", "tags")  # the last: one for each sweep, split and tag


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
    columns: list[str]


def plot_all(results: Results, folder: Path) -> list[FigureEntry]:
    """Draw every figure that the data allow into `folder`, and write figures.json."""
    study = Study(results)
    folder.mkdir(parents=True, exist_ok=True)
    with figure_style(json.dumps(study.results, ensure_ascii=False, default=as_mapping)):
        entries = [
            save_drawing(folder, kind, task, detail, drawing)
            for kind, task, detail, drawing in draw_all(study)
            if drawing is not None
        ]
    write_json(folder / "figures.json", [asdict(entry) for entry in entries])
    return entries


def draw_all(study: Study) -> Iterator[tuple[str, str, str, Drawing | None]]:
    """Draw one figure after the other, those of each task first: kind, task, detail and figure."""
    for task in study.tasks:
        for kind, draw in DRAWN_PER_TASK.items():
            yield kind, task, "", draw(study, task)
        for sweep in study.sweeps:
            yield "sweep", task, sweep.method, draw_sweep(study, task, sweep)
        for split in study.splits_and_pooled(task):
            yield "confusion", task, split, draw_confusion(study, task, split)
        scores = [score for split in study.splits(task) for _, score in study.scored(task, split)]
        for tag in dict.fromkeys(tag for score in scores for tag in score.by_tag):
            yield "tags", task, tag, draw_tags(study, task, tag)
    yield SERVING, "", "growth", draw_growth(study)
    yield "workflow", "", "", draw_workflow(study) if study.results.steps else None


def save_drawing(folder: Path, kind: str, task: str, detail: str, drawing: Drawing) -> FigureEntry:
    """Write a figure and its data, and return its entry."""
    name = "-".join(part for part in (kind, task, detail) if part)
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
    save_figure(drawing.figure, folder / f"{name}.svg")
    data = pd.DataFrame(drawing.rows).map(formats.as_csv_text)
    data.to_csv(folder / f"{name}.csv", index=False, float_format="%.10g")
    return FigureEntry(name, kind, task, detail, drawing.title, drawing.caption, drawing.alt, [*map(str, data.columns)])
