"""Fineprint's way, through the functions that its workflow calls."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification

from fineprint.assembly import Assembled, assemble_for_training, make_readout
from fineprint.config import MethodSettings, TrainingSettings
from fineprint.loading import import_libraries
from fineprint.precisions import keep_linear_in_half
from fineprint.prediction import predict_rows
from fineprint.settings import read_kind
from fineprint.training import train
from measure import peak_bytes, rate
from models import ANSWERS, PROMPT, Sizes, make_folder, make_rows, random_model, random_nf4

TASK = {"labels": ["entailment", "neutral", "contradiction"], "answers": list(ANSWERS), "prompt": PROMPT}
ADAPTERS: dict[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "full": {"kind": "full"},
    "lora": {"kind": "lora", "rank": 16, "alpha": 32, "dropout": 0.1, "target_modules": ("query", "value")},
    "p_tuning": {"kind": "p_tuning", "tokens": 20, "encoder_hidden": 1024},
    "prefix_tuning": {"kind": "prefix_tuning", "tokens": 20, "projection_hidden": 1024},
    "qlora": {
        "kind": "lora",
        "rank": 16,
        "alpha": 32,
        "dropout": 0.05,
        "target_modules": ("q_proj", "k_proj", "v_proj", "o_proj"),
    },
}
MODELS = {
    "classifier": (AutoModelForSequenceClassification, {"num_labels": 3}),
    "linear_head": (AutoModel, {}),
    "generation": (AutoModelForCausalLM, {}),
}
HELD_OUT = 64


def make_method(
    adapter: str, readout: dict[str, Any], training: dict[str, Any] | None, rows: int, memory: str = "auto"
) -> MethodSettings:
    """Return a method as a config would give it."""
    decoder = readout["kind"] != "classifier"
    return MethodSettings(
        backbone="decoder" if decoder else "encoder",
        precision="nf4" if decoder else "float32",
        adapter=read_kind("adapters", ADAPTERS[adapter]),
        readout=read_kind("readouts", readout),
        training=TrainingSettings(**training) if training else None,
        max_tokens=512 if decoder else 128,
        prediction_batch_size=rows,
        memory=memory,
    )


def make_parts(method: MethodSettings, sizes: Sizes, folder: Path, rows: list[Any]) -> Any:
    """Return the readout, its backbone made on the device instead of read from a file."""
    backbone = make_folder(method.backbone, sizes, folder / method.backbone)
    readout = make_readout(method, backbone, TASK, rows, seed=1)
    auto_class, extra = MODELS[method.readout.kind]
    config = sizes.config(method.backbone)
    if method.precision == "nf4":
        readout.load_backbone = lambda *_: random_nf4(auto_class, config)
    else:
        readout.load_backbone = lambda *_: random_model(auto_class, config, torch.float32, **extra)
    return readout, backbone


def train_part(
    adapter: str,
    readout: str,
    sizes: Sizes,
    folder: Path,
    steps: int,
    special: int,
    memory: str = "auto",
    **training: Any,
) -> dict[str, Any]:
    """Train two epochs of `steps` steps; the second is the measured one."""
    settings = {"epochs": 2, "learning_rate": 1e-5, "batch_size": 8} | training
    method = make_method(adapter, {"kind": readout}, settings, 256, memory)
    assert method.training is not None
    rows = make_rows(
        sizes.steps(steps) * method.training.batch_size * method.training.accumulation_steps, 3, sizes, special
    )
    reader, backbone = make_parts(method, sizes, folder, rows)
    assembled = assemble_for_training(method, reader, backbone, seed=1)
    features = [reader.encode(row, with_answer=True) for row in rows]
    outcome = train(assembled, features, features[:HELD_OUT], seed=1, name=f"{adapter} {readout}")
    return rate(
        *(len(rows), outcome.epochs[1]["seconds"]),
        first_epoch_per_second=len(rows) / outcome.epochs[0]["seconds"],
        losses=[epoch["training_loss"] for epoch in outcome.epochs],
        notes=outcome.notes,
        activation_bytes=outcome.activation_bytes,
        gradient_bytes=outcome.gradient_bytes,
        optimizer_bytes=outcome.optimizer_bytes,
    )


def predict_part(
    adapter: str, readout: dict[str, Any], sizes: Sizes, folder: Path, count: int, batch: int, special: int
) -> dict[str, Any]:
    """Predict twice; the second time is the measured one."""
    method = make_method(adapter, readout, None, batch)
    rows = make_rows(20 if sizes.tiny else count, 4, sizes, special)
    reader, backbone = make_parts(method, sizes, folder, rows)
    model = method.adapter.apply(reader.load_backbone(backbone, method.precision), method.readout.peft_task)
    if torch.cuda.is_available():
        keep_linear_in_half(model.requires_grad_(False), torch.bfloat16)
    assembled = Assembled(method, reader, model.requires_grad_(False).eval())
    predict_rows(assembled, rows[: len(rows) // 4], 1, "warm")
    start = time.perf_counter()
    answers = predict_rows(assembled, rows, 1, "prediction")
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    for row in rows:
        reader.encode(row, with_answer=False)
    encoding = time.perf_counter() - start
    return rate(len(answers), seconds, encoding_seconds=encoding, batch=batch)


def encoder_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return the parts on RoBERTa-large."""
    import_libraries()
    parts: dict[str, Any] = {}
    for adapter in ("full", "lora", "p_tuning"):
        for batch, steps in ((8, 100), (64, 90)):
            parts[f"{adapter}_{batch}"] = partial(
                train_part, adapter, "classifier", sizes, folder, steps, 4, batch_size=batch
            )
    parts["prefix_tuning_8"] = partial(train_part, "prefix_tuning", "classifier", sizes, folder, 100, 4)
    for batch in (256, 512):
        parts[f"prediction_{batch}"] = partial(
            predict_part, "none", {"kind": "classifier"}, sizes, folder, 8192, batch, 4
        )
    return parts


def prompting_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return prompting Llama 3 8B in NF4."""
    import_libraries()
    prompt = {"kind": "generation", "temperature": 0.1, "max_new_tokens": 10}
    return {
        "zero_shot": partial(predict_part, "none", prompt | {"shots": 0}, sizes, folder, 2048, 1024, 1),
        "one_shot": partial(predict_part, "none", prompt | {"shots": 1}, sizes, folder, 2048, 1024, 1),
    }


# The assignment's own setting: 4 rows, four times; Fineprint cuts the 16 rows as memory allows.
QLORA = {"batch_size": 4, "accumulation_steps": 4, "learning_rate": 2e-4, "optimizer": "paged_adamw_8bit"}


def qlora_parts(sizes: Sizes, folder: Path, readout: str) -> dict[str, Any]:
    """Return QLoRA training at 16 rows per step."""
    import_libraries()
    return {"qlora": partial(train_part, "qlora", readout, sizes, folder, 60, 1, **QLORA)}


def lean_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return QLoRA training in little memory."""
    import_libraries()
    return {
        f"qlora_{name}": partial(train_part, "qlora", readout, sizes, folder, 10, 1, "lean", **QLORA)
        for name, readout in (("generation", "generation"), ("head", "linear_head"))
    }


__all__ = ["encoder_parts", "lean_parts", "peak_bytes", "prompting_parts", "qlora_parts"]
