"""Made-up runs with the shape of records.Run: every kind that the report must be able to show."""

from __future__ import annotations

import random
from typing import Any

from fineprint.results.comparing import Answers, list_answers
from fineprint.scoring import scoring
from fineprint.scoring.means import find_collapse

HARD_TEXT = '{{ x }} #panic("x") $1$ *b* | <script>alert(1)</script>'  # must come out as it stands
LABELS = ["entailment", "neutral", "contradiction"]
TAGS = {
    "genre": ["fiction", "letters", "travel"],
    "phenomenon": [
        "antonym",
        "hypernym",
        "modifier",
        "negation",
        "numeral",
        "quantifier",
        "role swap",
        "sibling",
        "voice",
    ],
}
LORA = {"kind": "lora", "rank": 16, "alpha": 32.0, "dropout": 0.1, "target_modules": ["query", "value"]}
HEAD = {"kind": "classifier"}
LINEAR = {"kind": "linear_head", "pooling": "last_token"}


def generation(shots: int = 0) -> dict[str, Any]:
    """Return the settings of the readout that generates."""
    return {"kind": "generation", "shots": shots, "temperature": 0.1, "max_new_tokens": 10}


# name: title, backbone, precision, adapter, readout, accuracy, trained parameters (adapter, head), seconds, saved bytes
METHODS: dict[str, tuple[Any, ...]] = {
    "roberta_full": (
        "RoBERTa, full fine-tuning",
        "encoder",
        "float32",
        {"kind": "full"},
        HEAD,
        0.92,
        (443_000, 17_000),
        14.2,
        1_843_220,
    ),
    "roberta_lora": ("RoBERTa, LoRA", "encoder", "float32", LORA, HEAD, 0.89, (8_192, 17_000), 12.5, 104_332),
    "roberta_p_tuning": (
        "RoBERTa, P-Tuning",
        "encoder",
        "float32",
        {"kind": "p_tuning", "tokens": 20, "encoder_hidden": 1024},
        HEAD,
        0.85,
        (9_300, 17_000),
        14.5,
        72_004,
    ),
    "roberta_prefix": (
        "RoBERTa, prefix tuning",
        "encoder",
        "float32",
        {"kind": "prefix_tuning", "tokens": 20, "projection": True},
        HEAD,
        0.84,
        (22_000, 17_000),
        13.1,
        92_004,
    ),
    "llama_zero_shot": ("Llama, zero-shot", "decoder", "nf4", {"kind": "none"}, generation(0), 0.78, None, None, None),
    "llama_one_shot": ("Llama, one-shot", "decoder", "nf4", {"kind": "none"}, generation(1), 0.55, None, None, None),
    "llama_qlora_generation": (
        "Llama, QLoRA, generation",
        "decoder",
        "nf4",
        LORA,
        generation(0),
        0.86,
        (24_576, 0),
        20.4,
        102_400,
    ),
    "llama_qlora_head": (
        "Llama, QLoRA, linear head",
        "decoder",
        "nf4",
        LORA,
        LINEAR,
        0.855,
        (24_576, 387),
        20.1,
        104_500,
    ),
    "llama_probe": ("Llama, linear probing", "decoder", "nf4", {"kind": "none"}, LINEAR, 0.60, (0, 387), 6.2, 1_900),
}
RANDOM = (
    "RoBERTa, not pretrained",
    "encoder",
    "float32",
    {"kind": "full"},
    HEAD,
    0.34,
    (443_000, 17_000),
    14.0,
    1_843_220,
)


def memory(resident: int | None, allocated: int | None = None) -> dict[str, Any]:
    """Return a phase's memory."""
    return {
        "baseline_resident_bytes": 300_000_000,
        "peak_resident_bytes": resident,
        "peak_allocated_bytes": allocated,
        "peak_reserved_bytes": allocated and int(allocated * 1.2),
        "driver_used_bytes": allocated and int(allocated * 1.4),
    }


def machine() -> dict[str, Any]:
    """Return an environment as a job reports it."""
    versions = {"torch": "2.9.0", "transformers": "5.1.0", "peft": "0.18.0", "matplotlib": "3.11.2", "typst": "0.15.2"}
    return {
        "fineprint": "0.1.0",
        "python": "3.11.7",
        "system": "Linux x86_64",
        "processor": "Example CPU",
        "processor_model": None,
        "cores": 2,
        "memory_bytes": 16_000_000_000,
        "gpu": None,
        "versions": versions,
    }


def environment(processor: str = "Example CPU", gpu: str | None = None) -> dict[str, Any]:
    """Return what a job says it ran on, from no known commit."""
    described = {"name": gpu, "memory_bytes": 24_000_000_000, "cuda": "13.0"} if gpu else None
    named = {"processor": processor, "gpu": described}
    return {**machine(), **named, "commit": None, "uncommitted_changes": None, "placement": None}


def make_entries(accuracy: float, rows: int, seed: int, generated: bool) -> list[dict[str, Any]]:
    """Draw predictions that are right with a given probability; hard rows are hard for every method."""
    shared, own = random.Random(f"rows {rows}"), random.Random(seed)
    entries = []
    for number in range(rows):
        gold, hardness = number % 3, shared.random()
        right = 0.75 * hardness + 0.25 * own.random() < accuracy - 0.02
        label: int | None = gold if right else (gold + own.choice((1, 2))) % 3
        answer = None
        if generated:
            answer = LABELS[label or 0]
            if not right and own.random() < 0.1:
                label, answer = None, "I think it | depends <b>on</b> $x$ *really*"
        tags = {tag: values[number % len(values)] for tag, values in TAGS.items()}
        entries.append(
            {
                "group": f"{rows} {number // 3}",
                "gold": gold,
                "label": label,
                "answer": answer,
                "likelihood_label": gold if hardness < accuracy else 0,
                "readings": {"exact": label, "standard": label, "lenient": 0 if label is None else label},
                "tags": tags,
                "words": 4 + number % 20,
                "probabilities": probabilities(gold if label is None else label, 0.4 + 0.6 * own.random()),
            }
        )
        if not generated:
            entries[-1]["likelihood_label"] = entries[-1]["readings"] = None
    return entries


def probabilities(label: int, confidence: float) -> list[float]:
    """Return probabilities whose largest is a label's."""
    return [confidence if number == label else (1 - confidence) / 2 for number in range(len(LABELS))]


def make_train(spec: tuple[Any, ...], epochs: int = 4) -> dict[str, Any]:
    """Return a training record."""
    _, _, _, _, _, accuracy, counts, seconds, saved = spec
    empty = {
        "trained": False,
        "run_config": {},
        "seed": 1,
        "epochs": [],
        "steps": [],
        "saved_files": {},
        "phases": {},
        "notes": [],
        "environment": environment(),
    }
    keys = (
        "rows",
        "held_out_rows",
        "truncated_rows",
        "best_epoch",
        "parameters",
        "checkpoint_bytes",
        "weight_bytes",
        "gradient_bytes",
        "optimizer_bytes",
        "activation_bytes",
        "workspace_bytes",
        "micro_batch",
        "gradient_checkpointing",
        "examples_per_second",
    )
    if counts is None:
        return {**empty, **dict.fromkeys(keys)}
    adapter, head = counts
    total = 460_035 if adapter > 400_000 else 468_000 + adapter
    history = [
        {
            "epoch": n,
            "training_loss": 1.1 / n,
            "held_out_loss": 1.0 / n + 0.1,
            "held_out_accuracy": min(0.99, accuracy - 0.2 / n + 0.02),
            "learning_rate": 1e-3 / n,
            "seconds": seconds / epochs,
        }
        for n in range(1, epochs + 1)
    ]
    return {
        **empty,
        "trained": True,
        "rows": 2700,
        "held_out_rows": 300,
        "truncated_rows": 0,
        "epochs": history,
        "steps": [
            {"step": 4 * n, "loss": 1.1 / (1 + n / 20) + 0.05 * (n % 3), "learning_rate": 1e-3} for n in range(1, 86)
        ],
        "best_epoch": epochs - 1,
        "parameters": {"adapter": adapter, "head": head, "total": total, "share": (adapter + head) / total},
        "checkpoint_bytes": saved,
        "saved_files": {"adapter_model.safetensors": "0f" * 32},
        "weight_bytes": 4 * total,
        "gradient_bytes": 4 * (adapter + head),
        "optimizer_bytes": 8 * (adapter + head),
        "activation_bytes": 3_100_000,
        "workspace_bytes": None,
        "micro_batch": 32,
        "gradient_checkpointing": False,
        "phases": {
            "loading": {"seconds": 0.31, "memory": memory(9_000_000), "energy_joules": None},
            "training": {
                "seconds": seconds,
                "memory": memory(30_000_000 + 30 * (adapter + head)),
                "energy_joules": None,
            },
        },
        "examples_per_second": 2700 * epochs / seconds,
        "notes": ["Biases and norms are not decayed."],
    }


def make_predict(spec: tuple[Any, ...]) -> dict[str, Any]:
    """Return a prediction record."""
    readout, counts = spec[4], spec[6]
    adapter, head = counts or (0, 0)
    total = 460_035 if adapter > 400_000 else 468_000 + adapter
    shots = [
        {
            "id": "train-00017",
            "texts": {"premise": "A dog sleeps.", "hypothesis": "An animal sleeps."},
            "label": 0,
            "group": "A dog sleeps.",
            "tags": {},
        }
    ] * readout.get("shots", 0)
    worked = "Premise: A dog sleeps.\nHypothesis: An animal sleeps.\nAnswer: yes\n\n" if shots else ""
    prompt = (
        f"{worked}Premise: A man plays.\nHypothesis: {HARD_TEXT}\n```\n#panic(1)\n```\nAnswer:"
        if readout["kind"] == "generation"
        else None
    )
    return {
        "run_config": {},
        "seed": 1,
        "input_example": prompt or "<s>A man plays.</s></s>A person plays.</s>",
        "truncated_rows": 0,
        "shots": shots,
        "parameters": {"adapter": adapter, "head": head, "total": total, "share": (adapter + head) / total},
        "weight_bytes": total * (1 if spec[2] == "nf4" else 4),
        "phases": {
            "loading": {"seconds": 0.3, "memory": memory(9_000_000), "energy_joules": None},
            "prediction": {
                "seconds": 1.9 if prompt else 0.8,
                "memory": memory(12_000_000),
                "energy_joules": None,
            },
        },
        "rows_per_second": 850.0 if prompt else 2025.5,
        "variants": [],
        "trials": [],
        "varies_by_seed": True,
        "notes": [],
        "environment": environment(),
    }


def make_trials(readout: dict[str, Any]) -> list[dict[str, Any]]:
    """Return trials of temperatures, and of worked examples where the prompt has any."""
    if readout["kind"] != "generation":
        return []
    tried = [("temperature", value, value == "0.1", 0.52) for value in ("0", "0.1", "0.7")]
    tried += [("worked examples", f"draw {n + 1}", n == 0, 0.5 + n / 50) for n in range(3 * readout["shots"])]
    return [
        {
            "choice": choice,
            "value": value,
            "own": own,
            "shots": ["train-00017"] * readout["shots"],
            "rows": 200,
            "accuracy": accuracy,
            "accuracy_low": accuracy - 0.07,
            "accuracy_high": accuracy + 0.07,
            "unparseable_share": 0.01,
        }
        for choice, value, own, accuracy in tried
    ]


def make_run(
    task: str, name: str, spec: tuple[Any, ...], seed: int, splits: dict[str, int]
) -> tuple[dict[str, Any], Answers]:
    """Return a run, and how it answered each example by split."""
    generated = spec[4]["kind"] == "generation"
    entries = {
        split: make_entries(spec[5] - 0.01 * position, rows, sum(map(ord, name)) + seed, generated)
        for position, (split, rows) in enumerate(splits.items())
    }
    scores: dict[str, Any] = scoring.score_splits(entries, LABELS)
    answers = {split: list_answers(part) for split, part in scoring.join_splits(entries).items()}
    trains_adapter = bool(spec[6] and spec[6][0])
    reason = find_collapse(spec[5], 300, dict.fromkeys(LABELS, 100)) if trains_adapter else None
    merged = spec[3]["kind"] == "lora" and generated
    record = {
        "splits": scores,
        "variants": {"merged_into_float32": scores} if merged else {},
        "agreement": {"merged_into_float32": dict.fromkeys(scores, 0.987)} if merged else {},
        "status": "collapsed" if reason else "ok",
        "reason": reason,
        "trials": make_trials(spec[4]),
    }
    run = {
        "task": task,
        "method": name,
        "seed": seed,
        "title": spec[0],
        "status": record["status"],
        "reason": reason,
        "train": make_train(spec),
        "predict": make_predict(spec),
        "scores": record,
    }
    return run, answers
