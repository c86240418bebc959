"""Made-up results with the shape of records.Results, from the runs of example_runs."""

from __future__ import annotations

import copy
import json
from typing import Any

from example_runs import LABELS, LINEAR, LORA, METHODS, RANDOM, machine, make_run
from example_steps import STEPS
from fineprint.core.records import AdapterKind, BackboneKind, ReadoutKind, TaskKind, as_mapping
from fineprint.core.settings import find_settings, list_kinds
from fineprint.results.comparing import Answers, compare_answers
from fineprint.study.kinds import quote_kind

__all__ = ["METHODS", "as_plain", "make_results"]


def as_plain(value: Any) -> Any:
    """Return records as the plain data that their file would hold."""
    return json.loads(json.dumps(value, default=as_mapping))


MADE: dict[str, dict[str, Any]] = {}  # by arguments: thousands of bootstrap draws are taken once


def make_kinds() -> dict[str, Any]:
    """Return what every kind that there is says of itself."""
    records = {"adapters": AdapterKind, "readouts": ReadoutKind, "tasks": TaskKind, "backbones": BackboneKind}
    return {
        package: {kind: as_plain(quote_kind(find_settings(package, kind), record)) for kind in list_kinds(package)}
        for package, record in records.items()
    }


def make_task(name: str, splits: dict[str, int]) -> dict[str, Any]:
    """Return a task's record."""
    hard = {"premise": 'A <script>alert(1)</script> | #panic("x") man', "hypothesis": "$1$ *b* {{ 7 * 7 }} _x_ `y` @z"}
    sizes = {"train": 2700, "held_out": 300, **splits}
    described = {
        split: {
            "rows": rows,
            "groups": rows // 3,
            "labels": dict.fromkeys(LABELS, rows // 3),
            "tags": {},
            "sha256": "ab" * 32,
            "examples": [
                {
                    "id": f"{split}-{n}",
                    "texts": hard
                    if n == 0
                    else {"premise": "Two dogs run in the park.", "hypothesis": "Some animals are outside."},
                    "label": n,
                    "group": "g",
                    "tags": {},
                }
                for n in range(3)
            ],
        }
        for split, rows in sizes.items()
    }
    return {
        "name": name,
        "settings": {"kind": "demo_nli", "held_out_fraction": 0.1},
        "facts": {},
        "description": "English sentence pairs generated for this study (nine phenomena, five genres)",
        "labels": LABELS,
        "answers": ["yes", "maybe", "no"],
        "prompt": "Premise: {premise}\nHypothesis: {hypothesis}\nAnswer:",
        "dropped": {"train": {"no label": 9}, **{split: {"no label": 9} for split in splits}},
        "not_drawn": {},
        "rows_shared_with_train": {"held_out": 0, **dict.fromkeys(splits, 0)},
        "splits": described,
    }


def make_backbone(name: str, kind: str, architecture: str) -> dict[str, Any]:
    """Return a backbone's record."""
    facts = {"steps": 3000, "seconds": 91.2, "dropped_test_pairs": 12, "phenomena_left_out": ["numeral", "voice"]}
    files = {"config.json": "cd" * 32, "model.safetensors": "ef" * 32}
    return {
        "name": name,
        "pad_token": "<pad>",
        "settings": {"kind": kind, "architecture": architecture},
        "facts": facts,
        "model_type": "roberta" if architecture == "encoder" else "llama",
        "parameters": 460_035,
        "bytes": 1_870_000,
        "files": files,
        "revision": None,
        "architecture": architecture,
    }


def make_results(
    methods: dict[str, tuple[Any, ...]] | None = None,
    tasks: tuple[str, ...] = ("nli",),
    seeds: tuple[int, ...] = (1,),
    splits: dict[str, int] | None = None,
    with_gaps: bool = True,
) -> dict[str, Any]:
    """Return results that the caller may change; with gaps, also a collapsed run and one that was not run."""
    specs = methods if methods is not None else METHODS
    asked = (specs, tasks, seeds, splits or {"matched": 810, "mismatched": 810}, with_gaps)
    if repr(asked) not in MADE:
        MADE[repr(asked)] = make_results_anew(*asked)
    return copy.deepcopy(MADE[repr(asked)])


def make_results_anew(
    methods: dict[str, tuple[Any, ...]],
    tasks: tuple[str, ...],
    seeds: tuple[int, ...],
    splits: dict[str, int],
    with_gaps: bool,
) -> dict[str, Any]:
    """Return results, every score and every comparison of which is worked out."""
    specs = dict(methods)
    if with_gaps:
        specs["roberta_random"] = RANDOM
    runs, means, comparisons = [], [], []
    for task in tasks:
        answers: dict[str, list[Answers]] = {}
        for seed in seeds:
            found = {name: make_run(task, name, spec, seed, splits) for name, spec in specs.items()}
            runs += [run for run, _ in found.values()]
            for name, (_, answered) in found.items():
                answers.setdefault(name, []).append(answered)
            if with_gaps:
                runs.append(
                    {
                        "task": task,
                        "method": "llama_large",
                        "seed": seed,
                        "title": "Llama 3 8B, QLoRA",
                        "status": "not run",
                        "reason": "the model is gated and no access token was given",
                        "train": None,
                        "predict": None,
                        "scores": None,
                    }
                )
        compared = compare_answers(task, answers, set(answers), margin=1.0)
        means += compared.means
        comparisons += compared.comparisons
    names = [*specs, *(["llama_large"] if with_gaps else [])]
    study = make_study(specs, names, tasks, seeds)
    created = "2026-01-02T03:04:05+00:00"
    provenance = {
        "created": created,
        "command": "snakemake --cores 1 --resources gpu=1",
        "commit": "1234567890abcdef1234567890abcdef12345678",
        "uncommitted_changes": False,
        "commits": [{"commit": "1234567890abcdef1234567890abcdef12345678", "uncommitted_changes": False, "jobs": 12}],
        "hardware": [machine()],
        "jobs": make_jobs(names, tasks, seeds),
        "config_sha256": "12" * 32,
    }
    backbones = {
        "encoder": make_backbone("encoder", "demo_encoder", "encoder"),
        "decoder": make_backbone("decoder", "demo_decoder", "decoder"),
    }
    results = {
        "study": study,
        "kinds": make_kinds(),
        "provenance": provenance,
        "tasks": {task: make_task(task, splits) for task in tasks},
        "backbones": backbones,
        "runs": runs,
        "means": means,
        "comparisons": comparisons,
        "serving": None,
        "steps": STEPS,
    }
    return as_plain(results)


def make_jobs(names: list[str], tasks: tuple[str, ...], seeds: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return what the benchmark files told of the jobs; short jobs have no memory."""
    runs = [f"{task}/{name}/{seed}" for task in tasks for name in names for seed in seeds]
    rules = {"prepare_task": list(tasks), "fetch_backbone": ["decoder", "encoder"], "train_method": runs}
    rules |= {"predict_labels": runs, "score_predictions": runs}
    return [
        {
            "rule": rule,
            "job": job,
            "seconds": 0.5 + 2.0 * number,
            "peak_resident_bytes": 500_000_000 + number if number > 2 else None,
        }
        for rule, jobs in rules.items()
        for number, job in enumerate(jobs)
    ]


def make_study(
    specs: dict[str, tuple[Any, ...]], names: list[str], tasks: tuple[str, ...], seeds: tuple[int, ...]
) -> dict[str, Any]:
    """Return a resolved config."""
    training = {
        "epochs": 4,
        "learning_rate": 0.0005,
        "batch_size": 32,
        "gradient_accumulation_steps": 1,
        "weight_decay": 0.01,
        "warmup_ratio": 0.06,
        "max_grad_norm": 1.0,
        "optimizer": "adamw",
        "mixed_precision": "auto",
        "gradient_checkpointing": False,
    }
    described = {
        name: {
            "title": spec[0],
            "backbone": spec[1],
            "precision": spec[2],
            "adapter": spec[3],
            "readout": spec[4],
            "training": training if spec[6] else None,
            "max_length": 64,
            "prediction_batch_size": 64,
            "merge_into": [],
        }
        for name, spec in specs.items()
    }
    if "llama_large" in names:
        described["llama_large"] = {
            **described[next(iter(specs))],
            "title": "Llama 3 8B, QLoRA",
            "backbone": "decoder",
            "precision": "nf4",
            "adapter": LORA,
            "readout": LINEAR,
        }
    return {
        "study": "demo",
        "title": "Ways to fine-tune transformers: the demo study",
        "description": "Small models, made and fine-tuned on this machine, compared on the same rows.",
        "margin": 1.0,
        "data_seed": 42,
        "tasks": {task: {"kind": "demo_nli"} for task in tasks},
        "backbones": {
            "encoder": {"kind": "demo_encoder", "architecture": "encoder"},
            "decoder": {"kind": "demo_decoder", "architecture": "decoder"},
        },
        "methods": described,
        "run": {"tasks": list(tasks), "methods": names, "seeds": list(seeds)},
        "hardware": {"threads_per_run": 1},
    }
