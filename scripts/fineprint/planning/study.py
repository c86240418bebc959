"""The plan of a study: what every method will take of GPUs, of the disk, and of time where that is known."""

from __future__ import annotations

import statistics
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.backbones._model_folder import stored_bytes
from fineprint.core.records import read_json
from fineprint.core.settings import SettingsError
from fineprint.planning.counting import build_without_memory, count_weights
from fineprint.planning.memory import Load, plan_prediction, plan_training
from fineprint.planning.sizes import Weights, read_sizes

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

    from fineprint.study.schema import MethodSettings, StudyConfig

UNKNOWN = "the model's sizes are known once it is made"
NOTHING_LOADED = "it needs no weights"


def plan_study(study: StudyConfig, gpus_gb: list[float], folder: Path) -> dict[str, Any]:
    """Return the plan of a study; no weights are loaded.

    Args:
        study: to be planned.
        gpus_gb: memory of the GPUs to plan for.
        folder: the study's results, where earlier runs have left their records.
    """
    configs: dict[str, PreTrainedConfig | None] = {}
    methods = {}
    for name in study.run.methods:
        method = study.methods[name]
        if method.backbone not in configs:
            configs[method.backbone] = study.backbones[method.backbone].plan_config(
                folder / "backbones" / method.backbone / "model"
            )
        methods[name] = plan_method(study, name, configs[method.backbone], gpus_gb, folder)
    return {"study": study.study, "gpus_gb": gpus_gb, "methods": methods}


def plan_method(
    study: StudyConfig, name: str, config: PreTrainedConfig | None, gpus_gb: list[float], folder: Path
) -> dict[str, Any]:
    """Return one method's part of the plan."""
    method = study.methods[name]
    title = method.title or name
    if not method.readout.loads_backbone:
        return {"title": title, "reason": NOTHING_LOADED}
    sizes = read_sizes(config.to_dict()) if config is not None else None
    if config is None or sizes is None:
        return {"title": title, "reason": UNKNOWN if config is None else "its config.json names sizes otherwise"}
    labels = max(len(study.tasks[task].labels) for task in study.run.tasks)
    try:
        weights = count_method(method, config, labels)
    except SettingsError as error:
        return {"title": title, "reason": str(error)}
    load = Load(method, sizes, weights, method.max_length, max(1, study.hardware.gpus_per_run))
    runs = len(study.run.tasks) * len(study.run.seeds)
    return {
        "title": title,
        "reason": None,
        "weights": weights.total,
        "trained": weights.trained,
        "longest_tokens": method.max_length,
        "gpus": [plan_gpu(load, gpu) for gpu in gpus_gb],
        "disk": {
            "backbone": stored_bytes(folder / "backbones" / method.backbone / "model"),
            "saved_at_most": runs * weights.trained * 4,
        },
        "seconds_of_a_run": earlier_seconds(folder, name),
    }


def count_method(method: MethodSettings, config: PreTrainedConfig, labels: int) -> Weights:
    """Return a method's exact numbers of weights; a head of the readout's own is no part of the Transformers model."""
    head = method.readout.count_head(config.get_text_config().hidden_size, labels)
    return count_weights(build_without_memory(method, config, labels), head)


def plan_gpu(load: Load, gpu_gb: float) -> dict[str, Any]:
    """Return what a method does on one GPU."""
    training = plan_training(load, gpu_gb * 1e9) if load.method.trains else None
    prediction = plan_prediction(load, gpu_gb * 1e9)
    return {
        "gpu_gb": gpu_gb,
        "training": None if training is None else asdict(training),
        "prediction": asdict(prediction),
        "fits": prediction.fits and (training is None or training.fits),
    }


def earlier_seconds(folder: Path, method: str) -> dict[str, float] | None:
    """Return the mean seconds of training and of prediction of this method's earlier runs, or None without any."""
    found: dict[str, list[float]] = {}
    for record, phase in (("train", "training"), ("predict", "prediction")):
        for file in sorted(folder.glob(f"runs/*/{method}/*/{record}.json")):
            phases = read_json(file)["phases"]
            if phase in phases:
                found.setdefault(phase, []).append(phases[phase]["seconds"])
    return {phase: statistics.mean(seconds) for phase, seconds in found.items()} or None


def write_plan_table(plan: dict[str, Any]) -> str:
    """Return the plan as a Markdown table."""
    heads = [
        "Method",
        "Weights",
        "Trained",
        *(f"{gpu:g} GB" for gpu in plan["gpus_gb"]),
        "Disk, a run",
        "Time, a run",
    ]
    lines = [f"# Plan of study “{plan['study']}”", "", row(heads), row(["---"] * len(heads))]
    for entry in plan["methods"].values():
        cells = describe_planned_method(entry, len(plan["gpus_gb"]))
        lines.append(row([entry["title"].replace("|", "\\|"), *cells]))
    return "\n".join([*lines, "", LEGEND, ""])


LEGEND = (
    "For each GPU: predicted peak of training (micro-batch; ↻: gradient checkpointing) / of prediction, in GB "
    "(10⁹ bytes), for examples of max_length; shorter ones take less. Disk: maximum checkpoint size. Time: mean of "
    "training / of prediction in earlier runs of this study."
)


def row(cells: list[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def describe_planned_method(entry: dict[str, Any], gpus: int) -> list[str]:
    """Return one method's cells behind its title."""
    if entry["reason"] is not None:
        return [f"not planned: {entry['reason']}", *[""] * (gpus + 3)]
    times, saved = entry["seconds_of_a_run"], entry["trained"] * 4
    time = " / ".join(f"{seconds:.0f} s" for seconds in times.values()) if times else "not measured"
    cells = [describe_gpu_plan(gpu) for gpu in entry["gpus"]]
    return [f"{entry['weights']:,}", f"{entry['trained']:,}", *cells, f"{saved / 1e6:,.1f} MB" if saved else "–", time]


def describe_gpu_plan(gpu: dict[str, Any]) -> str:
    """Return the peaks on one GPU."""
    training, prediction = gpu["training"], gpu["prediction"]
    predicting = f"{prediction['peak'] / 1e9:.1f}" if prediction["fits"] else "does not fit"
    if training is None:
        return f"– / {predicting}"
    how = f" ({training['rows']}{' ↻' if training['gradient_checkpointing'] else ''})"
    trained = f"{training['peak'] / 1e9:.1f}{how}" if training["fits"] else "does not fit"
    return f"{trained} / {predicting}"
