"""Batched prediction: the same rows for every method, in an order of length, answers back in the order of the rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.assembly import Assembled
from fineprint.batching import BATCH_TOKENS, prediction_groups
from fineprint.fitting import memory_limit
from fineprint.norms import fused_norms
from fineprint.precisions import half_dtype
from fineprint.progress import Progress
from fineprint.prompts import text_length
from fineprint.readouts import Batch, Feature, Prediction
from fineprint.readouts._padding import place
from fineprint.tasks import Row
from fineprint.unpacking import unpacked, unpacked_bytes

if TYPE_CHECKING:
    import torch

# A model of 8 billion weights takes about half of this per token, keys and values included.
BYTES_PER_TOKEN = 2**20
FEWEST_TOKENS, MOST_TOKENS = 2048, 65536
# What may be kept of batches that are answered together takes a share of that memory: one part of so many.
PARTS = 4
# Rows that are encoded together: full batches, so that few are cut short at a chunk's end.
BATCHES_OF_CHUNK, LEAST_ROWS_OF_CHUNK = 4, 1024


def predict_rows(assembled: Assembled, rows: list[Row], seed: int, name: str) -> list[Prediction]:
    """Answer `rows`; sampling, where there is any, starts from `seed`."""
    import torch

    torch.manual_seed(seed)
    readout = assembled.readout
    most_tokens = token_budget(prediction_limit(assembled))
    answers: list[Prediction | None] = [None] * len(rows)
    progress = Progress(name, len(rows), "rows")
    unpack = unpacked_bytes(assembled.module, assembled.method.memory) > 0
    fused = fused_norms(assembled.module, torch.cuda.is_available())
    with torch.inference_mode(), half_precision(), attention_for_any_shape(), unpacked(assembled.module, unpack), fused:
        for positions, group in answer_groups(assembled, encode_groups(assembled, rows, most_tokens)):
            for position, answer in zip(positions, readout.read_off(group), strict=True):
                answers[position] = answer
            progress.advance(progress.done_units + len(positions), len(positions))
        readout.expect(assembled.module, [])
    return [answer for answer in answers if answer is not None]


def encode_groups(
    assembled: Assembled, rows: list[Row], most_tokens: int | None
) -> Iterator[list[tuple[list[int], list[Feature]]]]:
    """Yield groups, of each batch in them its positions and features.

    Args:
        assembled: what answers.
        rows: to be answered.
        most_tokens: of a batch on a GPU; while it answers, a thread encodes what is next. None on a CPU, where all is
            encoded at once.
    """
    readout, size = assembled.readout, assembled.method.prediction_batch_size
    chunk_size = len(rows) if most_tokens is None else max(size * BATCHES_OF_CHUNK, LEAST_ROWS_OF_CHUNK)
    chunks, most_kept = cut_chunks(rows, chunk_size), kept_budget(most_tokens, readout.kept_bytes(assembled.module))
    for row in rows[:1]:
        readout.note_example(row)
    with ThreadPoolExecutor(max_workers=1) as beside:
        encoded = beside.map(lambda chunk: readout.encode_all([rows[position] for position in chunk], False), chunks)
        for chunk, features in zip(chunks, encoded, strict=True):
            shared = readout.expect(assembled.module, features)
            for group in prediction_groups(features, size, most_tokens, shared, BATCH_TOKENS, most_kept):
                yield [([chunk[place] for place in batch], [features[place] for place in batch]) for batch in group]


def cut_chunks(rows: list[Row], size: int) -> list[list[int]]:
    """Return positions of rows by chunk of about one length, the longest first; where one holds all, as they come."""
    if len(rows) <= size:
        return [list(range(len(rows)))]
    order = sorted(range(len(rows)), key=lambda position: text_length(rows[position]), reverse=True)
    return [order[start : start + size] for start in range(0, len(rows), size)]


def answer_groups(
    assembled: Assembled, groups: Iterable[list[tuple[list[int], list[Feature]]]]
) -> Iterator[tuple[list[int], Any]]:
    """Yield each group's positions and answers, the next group already under way, so that a GPU need not wait."""
    device = next(assembled.module.parameters()).device
    before: tuple[list[int], Any] | None = None
    for group in groups:
        batches = [move(assembled.readout.collate(features), device) for _, features in group]
        positions = [position for part, _ in group for position in part]
        now = positions, assembled.readout.answer_together(assembled.module, batches)
        if before is not None:
            yield before
        before = now
    if before is not None:
        yield before


def move(batch: Batch, device: torch.device) -> Batch:
    """Move a batch to a device without waiting."""
    return {name: place(tensor, device) for name, tensor in batch.items()}


def prediction_limit(assembled: Assembled) -> int | None:
    """Return the bytes of the GPU that a method may take, or None for all that is free."""
    import torch

    memory = assembled.method.memory
    return memory_limit(memory) if memory != "auto" and torch.cuda.is_available() else None


def token_budget(limit: int | None = None) -> int | None:
    """Return how many tokens a batch may hold on a GPU; None, for as many as there are, on a CPU.

    Args:
        limit: bytes that all may take on the GPU; None for all that is free.
    """
    import torch

    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    free += torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    if limit is not None:
        free = min(free, limit - torch.cuda.memory_allocated())
    return max(FEWEST_TOKENS, min(free // BYTES_PER_TOKEN, MOST_TOKENS))


def kept_budget(most_tokens: int | None, kept_bytes: int) -> int:
    """Return how many tokens batches that are answered together may hold; 0 where each is answered by itself.

    Args:
        most_tokens: of a batch; None on a CPU.
        kept_bytes: of each token until it is answered; 0 for nothing.
    """
    return most_tokens * BYTES_PER_TOKEN // PARTS // kept_bytes if most_tokens and kept_bytes else 0


def half_precision() -> Any:
    """Return autocast to half precision on a GPU, and no autocast on a CPU, where it is slower."""
    import torch

    cuda = torch.cuda.is_available()
    return torch.autocast("cuda" if cuda else "cpu", dtype=half_dtype() if cuda else torch.bfloat16, enabled=cuda)


def attention_for_any_shape() -> Any:
    """Keep attention to kernels that take every shape at once: cuDNN's, which torch prefers on recent GPUs, are built
    anew, for a third of a second, for every number of rows and tokens, and prediction sees each shape once."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    return sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH])


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
