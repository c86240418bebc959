"""Fineprint's way, through the functions that its workflow calls."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification

from fineprint.core.settings import find_settings
from fineprint.inference.assembly import Assembled, assemble_for_training, make_readout
from fineprint.inference.batching import example_length
from fineprint.inference.predicting import predict_rows
from fineprint.jobs.importing import import_libraries
from fineprint.models.precisions import keep_linear_in_half
from fineprint.readouts._answering import shared_beginning
from fineprint.study.schema import MethodSettings, TrainingSettings
from fineprint.training import loop as training_module
from fineprint.training.loop import train
from measure import PASSES, forward_operations, prompting_operations, rate, synchronise
from models import ANSWERS, PROMPT, Sizes, make_folder, make_rows, random_model, random_nf4

TASK = SimpleNamespace(labels=["entailment", "neutral", "contradiction"], answers=list(ANSWERS), prompt=PROMPT)
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
NEW_TOKENS = 10


def make_method(
    adapter: str, readout: dict[str, Any], training: dict[str, Any] | None, rows: int, memory: str = "auto"
) -> MethodSettings:
    """Return a method as a config would give it."""
    decoder = readout["kind"] != "classifier"
    return MethodSettings(
        backbone="decoder" if decoder else "encoder",
        precision="nf4" if decoder else "float32",
        adapter=find_settings("adapters", ADAPTERS[adapter]["kind"]).model_validate(ADAPTERS[adapter]),
        readout=find_settings("readouts", readout["kind"]).model_validate(readout),
        training=TrainingSettings(**training) if training else None,
        max_length=512 if decoder else 128,
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
    answered: int = 0,
    memory: str = "auto",
    **settings: Any,
) -> dict[str, Any]:
    """Train two epochs of `steps` steps; the second is the measured one.

    Args:
        adapter: how the backbone is changed.
        readout: how an answer is read off it.
        sizes: of the models.
        folder: for configurations and tokenizers.
        steps: of an epoch.
        answered: rows that the trained model then answers, for the rate of that; 0 for none.
        memory: the method's setting.
        settings: of the training.
    """
    method = make_method(adapter, {"kind": readout}, {"epochs": 2} | settings, 1024, memory)
    training = method.training
    assert training is not None
    per_step = training.batch_size * training.gradient_accumulation_steps
    rows = make_rows(sizes.steps(steps) * per_step, 3, sizes, method.backbone)
    reader, backbone = make_parts(method, sizes, folder, rows)
    assembled = assemble_for_training(method, reader, backbone, seed=1)
    examples = reader.encode_all(rows, with_answer=True)
    with all_lengths():
        outcome = train(assembled, examples, examples[:HELD_OUT], seed=1, name=f"{adapter} {readout}")
    lengths, virtual = list(map(example_length, examples)), ADAPTERS[adapter].get("tokens", 0)
    extra = virtual if adapter == "p_tuning" else 0  # a prefix stands in the attention alone
    result = rate(
        *(len(rows), outcome.epochs[1].seconds),
        first_epoch_per_second=len(rows) / outcome.epochs[0].seconds,
        operations=PASSES[adapter] * forward_operations(sizes.config(method.backbone), lengths, extra),
        learning_rate=training.learning_rate,
        rows_per_step=per_step,
        mean_tokens=sum(lengths) / len(lengths),
        losses=[epoch.training_loss for epoch in outcome.epochs],
        notes=outcome.notes,
        activation_bytes=outcome.activation_bytes,
        gradient_bytes=outcome.gradient_bytes,
        optimizer_bytes=outcome.optimizer_bytes,
    )
    if answered:
        assembled.module.eval()
        asked = make_rows(20 if sizes.tiny else answered, 4, sizes, method.backbone)
        result["answered_per_second"] = len(asked) / time_answers(assembled, asked)
    return result


@contextmanager
def all_lengths() -> Iterator[None]:
    """Record passes for as many padded lengths as a study's training does, which is long enough for all of them."""
    before, training_module.STEPS_PER_LENGTH = training_module.STEPS_PER_LENGTH, 2
    try:
        yield
    finally:
        training_module.STEPS_PER_LENGTH = before


def time_answers(assembled: Assembled, rows: list[Any]) -> float:
    """Return the seconds of answering rows, tokenizing included, after some were answered for warming up."""
    predict_rows(assembled, rows[: len(rows) // 4], 1, "warm")
    synchronise()
    start = time.perf_counter()
    predict_rows(assembled, rows, 1, "prediction")
    return time.perf_counter() - start


def predict_part(
    readout: dict[str, Any], sizes: Sizes, folder: Path, count: int, batch: int, loaded: list[Any], last: bool
) -> dict[str, Any]:
    """Answer rows with an untrained model.

    Args:
        readout: how an answer is read off it.
        sizes: of the models.
        folder: for configurations and tokenizers.
        count: rows.
        batch: rows at once, at most.
        loaded: holds the model where a part before has made it.
        last: whether no part after this one needs the model.
    """
    method = make_method("none", readout, None, batch)
    rows = make_rows(20 if sizes.tiny else count, 4, sizes, method.backbone)
    reader, backbone = make_parts(method, sizes, folder, rows)
    if not loaded:
        model = method.adapter.apply(reader.load_backbone(backbone, method.precision), method.readout.peft_task)
        if torch.cuda.is_available():
            keep_linear_in_half(model.requires_grad_(False), torch.bfloat16)
        loaded.append(model.requires_grad_(False).eval())
    assembled = Assembled(method, reader, loaded[0])
    seconds = time_answers(assembled, rows)
    examples = reader.encode_all(rows, with_answer=False)
    lengths, config = list(map(example_length, examples)), sizes.config(method.backbone)
    if method.readout.writes_answer:
        shared = len(shared_beginning([example["prompt"] for example in examples]))
        operations = prompting_operations(config, lengths, shared, NEW_TOKENS)
    else:
        operations = forward_operations(config, lengths)
    if last:
        loaded.clear()
    return rate(len(rows), seconds, operations=operations, batch=batch, mean_tokens=sum(lengths) / len(lengths))


# The assignment's learning rates, at its batch of 8. A batch of 64 gets √8 times as much: Adam's noise falls with the
# root of the rows.
LEARNING_RATES = {"full": 2e-5, "lora": 2e-4, "p_tuning": 1e-3, "prefix_tuning": 1e-3}


def encoder_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return the parts on RoBERTa-large."""
    import_libraries()

    def training(adapter: str, batch: int, steps: int) -> Any:
        scaled = {"batch_size": batch, "learning_rate": LEARNING_RATES[adapter] * math.sqrt(batch / 8)}
        return partial(train_part, adapter, "classifier", sizes, folder, steps, **scaled)

    return {
        **{
            f"{adapter}_{batch}": training(adapter, batch, steps)
            for adapter in ("full", "lora", "p_tuning")
            for batch, steps in ((8, 96), (64, 64))
        },
        "prediction": partial(predict_part, {"kind": "classifier"}, sizes, folder, 8192, 512, [], True),
        "prefix_tuning_8": training("prefix_tuning", 8, 64),  # for the extrapolation
    }


# The assignment's own setting: 4 rows, four times; Fineprint cuts the 16 rows as memory allows.
QLORA = {"batch_size": 4, "gradient_accumulation_steps": 4, "learning_rate": 2e-4, "optimizer": "paged_adamw_8bit"}
READOUTS = {"qlora_generation": "generation", "qlora_head": "linear_head"}


def decoder_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return prompting Llama 3 8B in NF4, and QLoRA training at 16 rows per step."""
    import_libraries()
    prompt = {"kind": "generation", "temperature": 0.1, "max_new_tokens": NEW_TOKENS}
    loaded: list[Any] = []
    return {
        "zero_shot": partial(predict_part, prompt | {"shots": 0}, sizes, folder, 2048, 1024, loaded, False),
        "one_shot": partial(predict_part, prompt | {"shots": 1}, sizes, folder, 2048, 1024, loaded, True),
        **{
            name: partial(train_part, "qlora", readout, sizes, folder, 40, 1024, **QLORA)
            for name, readout in READOUTS.items()
        },
    }


def lean_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return QLoRA training in little memory."""
    import_libraries()
    return {
        name: partial(train_part, "qlora", readout, sizes, folder, 8, 0, "lean", **QLORA)
        for name, readout in READOUTS.items()
    }
