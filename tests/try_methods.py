"""What every method makes of each architecture: it trains, saves, loads and answers as before, or is refused by a
sentence before training.

    python tests/try_methods.py docs/models.md    # the table there, a few minutes on one core
    python tests/try_methods.py - bert gpt2       # of these alone, printed
"""

from __future__ import annotations

import logging
import math
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import torch
import transformers

from architectures import FORMS, LABELS, PROMPT, SENTENCES
from fineprint.core.records import TaskRecord
from fineprint.core.settings import SettingsError, find_settings
from fineprint.inference.assembly import (
    Assembled,
    assemble_for_prediction,
    assemble_for_training,
    make_readout,
    save_trained,
)
from fineprint.study.schema import MethodSettings, TrainingSettings
from fineprint.tasks import Row
from fineprint.training.loop import train

ROWS = [
    Row(str(number), {"premise": SENTENCES[number * 7], "hypothesis": SENTENCES[number * 11]}, number % 3, str(number))
    for number in range(14)
]
TASK = TaskRecord(
    **{part.name: {} for part in fields(TaskRecord)}
    | {"name": "tiny", "description": "", "labels": list(LABELS), "answers": list(LABELS), "prompt": PROMPT}
)
ADAPTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "full": {},
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.0},
    "p_tuning": {"tokens": 4, "encoder_hidden": 16},
    "prompt_tuning": {"tokens": 4},
    "prefix_tuning": {"tokens": 4, "projection": False},
}
READOUTS: dict[str, dict[str, Any]] = {
    "classifier": {},
    "linear_head": {},
    "generation": {"temperature": 0, "max_new_tokens": 4},
}
TOLERANCE = 1e-3  # of logits after saving and loading, relative to the largest


def make_method(
    adapter: str, readout: str, precision: str = "float32", targets: Any = None, max_length: int = 100
) -> MethodSettings:
    """Return a method with the smallest adapter that trains on these models."""
    chosen = {"kind": adapter, **ADAPTERS[adapter]} | ({"target_modules": targets} if adapter == "lora" else {})
    made: Any = find_settings("adapters", adapter).model_validate(chosen)
    read: Any = find_settings("readouts", readout).model_validate({"kind": readout, **READOUTS[readout]})
    trained = made.trains or read.trains
    training = TrainingSettings(epochs=1, learning_rate=0.01, batch_size=7) if trained else None
    return MethodSettings(
        backbone="tiny", precision=precision, adapter=made, readout=read, training=training, max_length=max_length
    )


def run_method(method: MethodSettings, folder: Path, saved: Path) -> str | None:
    """Train a method, save it, load it, and answer with it; return the sentence that refuses it, or None.

    Raises:
        AssertionError: it trains nothing, or answers otherwise once it is loaded.
    """
    try:
        readout = make_readout(method, folder, TASK, ROWS, seed=1)
        assembled = assemble_for_training(method, readout, folder, seed=1)
    except SettingsError as refused:
        return str(refused)
    if method.trains:
        examples = readout.encode_all(ROWS, with_answer=True)
        # It refuses by itself to have moved nothing outside the head.
        outcome = train(assembled, examples, examples[:6], seed=1, name="tiny")
        assert all(math.isfinite(epoch.training_loss) for epoch in outcome.epochs), "the loss is a number"
    save_trained(assembled, saved)
    wanted = read_logits(assembled)
    fresh = make_readout(method, folder, TASK, ROWS, seed=2)
    loaded = assemble_for_prediction(method, fresh, folder, saved)
    most = TOLERANCE * max(1.0, float(wanted.abs().max()))
    assert float((read_logits(loaded) - wanted).abs().max()) < most, "it answers as before"
    answers = fresh.predict(loaded.module, fresh.collate(fresh.encode_all(ROWS[:5], with_answer=False)))
    assert len(answers) == 5 and all(answer.probabilities for answer in answers)
    return None


def read_logits(assembled: Assembled) -> torch.Tensor:
    """Return the scores of the labels for some rows."""
    readout: Any = assembled.readout
    batch = readout.collate(readout.encode_all(ROWS[:6], with_answer=True))
    assembled.module.eval()
    with torch.inference_mode():
        read = readout.logits if hasattr(readout, "logits") else readout.label_scores
        return read(assembled.module, batch)


# What the table shows: its columns by title, each a method on an encoder or a decoder.
COLUMNS = {
    "encoder": {
        "full": ("full", "classifier", "float32"),
        "LoRA": ("lora", "classifier", "float32"),
        "LoRA, nf4": ("lora", "classifier", "nf4"),
        "P-Tuning": ("p_tuning", "classifier", "float32"),
        "prompt tuning": ("prompt_tuning", "classifier", "float32"),
        "prefix tuning": ("prefix_tuning", "classifier", "float32"),
        "linear probe": ("none", "linear_head", "float32"),
        "LoRA, linear head": ("lora", "linear_head", "float32"),
        "P-Tuning, linear head": ("p_tuning", "linear_head", "float32"),
        "prefix tuning, linear head": ("prefix_tuning", "linear_head", "float32"),
    },
    "decoder": {
        "prompting, nf4": ("none", "generation", "nf4"),
        "full": ("full", "generation", "float32"),
        "LoRA": ("lora", "generation", "float32"),
        "QLoRA (nf4)": ("lora", "generation", "nf4"),
        "P-Tuning": ("p_tuning", "generation", "float32"),
        "prompt tuning": ("prompt_tuning", "generation", "float32"),
        "prefix tuning": ("prefix_tuning", "generation", "float32"),
        "linear probe": ("none", "linear_head", "float32"),
        "QLoRA, linear head": ("lora", "linear_head", "nf4"),
        "prefix tuning, linear head": ("prefix_tuning", "linear_head", "float32"),
    },
}


BEGIN, END = "<!-- table -->", "<!-- end of table -->"


def try_all(name: str) -> list[str]:
    """Return an architecture's row of the table, and print each refusal."""
    form, cells = FORMS[name], []
    with tempfile.TemporaryDirectory() as root:
        folder = form.build(Path(root) / "model")
        for number, (title, (adapter, readout, precision)) in enumerate(COLUMNS[form.architecture].items()):
            (saved := Path(root) / str(number)).mkdir()
            refused = run_method(make_method(adapter, readout, precision), folder, saved)
            cells.append("–" if refused else "✓")
            print(f"{form.title}, {title}: {refused or 'trained, saved, loaded, answered'}", flush=True)
    return [form.title, *cells]


def write_tables(names: list[str]) -> str:
    """Return the tables of encoders and decoders, as Markdown."""
    tables = []
    for architecture, columns in COLUMNS.items():
        rows = [try_all(name) for name in names if FORMS[name].architecture == architecture]
        if rows:
            heads = [architecture.capitalize(), *columns]
            lines = [heads, ["---"] * len(heads), *rows]
            tables.append("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
    return "\n\n".join(tables)


def main(target: str, *names: str) -> None:
    """Put the tables into a Markdown file, or print them."""
    logging.disable(logging.WARNING)
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    tables = write_tables(list(names) or list(FORMS))
    if target == "-":
        print(tables)
        return
    file = Path(target)
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    file.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
