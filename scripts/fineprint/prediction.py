"""Batched prediction: the same rows for every method, in an order of length, answers back in the order of the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fineprint.assembly import Assembled
from fineprint.batching import prediction_batches
from fineprint.precisions import half_dtype
from fineprint.progress import Progress
from fineprint.readouts import Prediction
from fineprint.tasks import Row


def predict_rows(assembled: Assembled, rows: list[Row], seed: int, name: str) -> list[Prediction]:
    """Answer `rows`; sampling, where there is any, starts from `seed`."""
    import torch

    torch.manual_seed(seed)
    features = [assembled.readout.encode(row, with_answer=False) for row in rows]
    batches = prediction_batches(features, assembled.method.prediction_batch_size)
    answers: list[Prediction | None] = [None] * len(rows)
    progress = Progress(name, len(batches), "rows")
    device = next(assembled.module.parameters()).device
    with torch.inference_mode(), half_precision():
        for number, positions in enumerate(batches, start=1):
            batch = assembled.readout.collate([features[position] for position in positions])
            moved = {key: tensor.to(device) for key, tensor in batch.items()}
            for position, answer in zip(positions, assembled.readout.predict(assembled.module, moved), strict=True):
                answers[position] = answer
            progress.advance(number, len(positions))
    return [answer for answer in answers if answer is not None]


def half_precision() -> Any:
    """Return autocast to half precision on a GPU, and no autocast on a CPU, where it is slower."""
    import torch

    cuda = torch.cuda.is_available()
    return torch.autocast("cuda" if cuda else "cpu", dtype=half_dtype() if cuda else torch.bfloat16, enabled=cuda)


def write_predictions(path: Path, rows: list[Row], predictions: list[Prediction]) -> None:
    """Write one JSON object per row: id, gold label, tags, length in words, and the prediction."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for row, prediction in zip(rows, predictions, strict=True):
            words = sum(len(text.split()) for text in row.texts.values())
            entry = {"id": row.id, "gold": row.label, "tags": row.tags, "words": words, **vars(prediction)}
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def read_predictions(path: Path) -> list[dict[str, Any]]:
    """Read what `write_predictions` wrote."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
