"""Take the memory of the assignment's own way out of docs/speed.json, for the report's claims:
`python bench/quote.py docs/speed.json report/assignment.json`. The settings are those of assignment.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [path for path in (str(HERE), str(HERE.parent / "scripts")) if path not in sys.path]

from fineprint.core.records import Excerpt, QuotedRun, write_json  # noqa: E402
from fineprint.planning.arithmetic import COUNTED, count_backbone  # noqa: E402
from fineprint.study.overlays import read_overlay  # noqa: E402
from fineprint.study.schema import StudyConfig  # noqa: E402

ENCODER, DECODER = "assignment_encoder", "assignment_decoder"


class Way(NamedTuple):
    """How the assignment does what a method of studies/capacity.yaml does.

    Attributes:
        group: in docs/speed.json.
        training, prediction: parts of it, empty where it was not measured.
        examples: at once in training.
        recomputed: whether activations are computed again.
        answered: examples at once in prediction.
    """

    group: str
    training: str
    prediction: str
    examples: int | None
    recomputed: bool | None
    answered: int


WAYS = {
    "roberta_full": Way(ENCODER, "full", "prediction", 8, False, 16),
    "roberta_lora": Way(ENCODER, "lora", "", 8, False, 16),
    "roberta_p_tuning": Way(ENCODER, "p_tuning", "", 8, False, 16),
    "llama_zero_shot": Way(DECODER, "", "zero_shot", None, None, 1),
    "llama_one_shot": Way(DECODER, "", "one_shot", None, None, 1),
    "llama_qlora_generation": Way(DECODER, "qlora_generation", "", 4, True, 1),
    "llama_qlora_head": Way(DECODER, "qlora_head", "", 4, True, 1),
}


def quote(speed: dict[str, Any], study: StudyConfig) -> Excerpt:
    """Return the peaks of memory that were measured in the assignment's own way.

    Args:
        speed: docs/speed.json.
        study: studies/capacity.yaml, whose models and methods these are.
    """
    made = {name: way for name, way in WAYS.items() if way.group in speed}
    about = [speed[group]["about"] for group in (ENCODER, DECODER) if group in speed]
    backbones = dict.fromkeys(study.methods[name].backbone for name in made)
    return Excerpt(
        study="assignment",
        created=max(part["started"] for part in about),
        commit=about[-1]["commit"],
        methods={
            name: study.methods[name].model_dump(mode="json", include=COUNTED) | {"prediction_batch_size": way.answered}
            for name, way in made.items()
        },
        backbones={name: count_backbone(study.backbones[name]) for name in backbones},
        runs=[quote_way(name, way, speed[way.group]) for name, way in made.items()],
    )


def quote_way(name: str, way: Way, group: dict[str, Any]) -> QuotedRun:
    """Return what was measured of one method."""
    peaks = {part: figures["peak_bytes"] for part, figures in group["parts"].items()}
    return QuotedRun(
        method=name,
        seed=0,
        trained=bool(way.training),
        micro_batch=way.examples,
        gradient_checkpointing=way.recomputed,
        training_peak_bytes=peaks.get(way.training),
        prediction_peak_bytes=peaks.get(way.prediction),
        peak_kind="allocated",
        processor=group["about"]["processor"],
        gpu=group["about"]["gpu"],
    )


def main() -> None:
    """Write the excerpt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speed", type=Path, help="docs/speed.json")
    parser.add_argument("output", type=Path, help="report/assignment.json")
    asked = parser.parse_args()
    study = read_overlay(HERE.parent / "config.yaml", HERE.parent / "studies/capacity.yaml")
    write_json(asked.output, quote(json.loads(asked.speed.read_text(encoding="utf-8")), study))


if __name__ == "__main__":
    main()
