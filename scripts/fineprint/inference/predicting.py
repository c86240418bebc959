"""Batched prediction: the same rows for every method, in an order of length, answers back in the order of the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from fineprint.core.progress import Progress
from fineprint.inference.assembly import Assembled
from fineprint.inference.batching import BATCH_TOKENS, prediction_groups
from fineprint.inference.first_pass import first_pass
from fineprint.models.norms import fused_norms
from fineprint.models.precisions import half_dtype
from fineprint.models.unpacking import unpacked, unpacked_bytes
from fineprint.planning.budget import kept_budget, memory_limit, token_budget
from fineprint.readouts import Batch, EncodedExample, Prediction
from fineprint.readouts._padding import place
from fineprint.tasks import Row, text_length

if TYPE_CHECKING:
    import torch

# Rows that are encoded together: full batches, so that few are cut short at a chunk's end.
BATCHES_OF_CHUNK, LEAST_ROWS_OF_CHUNK = 4, 1024


def predict_rows(assembled: Assembled, rows: list[Row], seed: int, name: str) -> list[Prediction]:
    """Answer `rows`. A readout that draws from torch's generator starts from `seed`."""
    import torch

    # Once a split, so that its answers do not depend on what was answered before it.
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
        # Let go of what was kept for these rows.
        readout.expect(assembled.module, [])
    return [answer for answer in answers if answer is not None]


def encode_groups(
    assembled: Assembled, rows: list[Row], most_tokens: int | None
) -> Iterator[list[tuple[list[int], list[EncodedExample]]]]:
    """Yield groups, of each batch in them its positions and examples.

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
    # One thread is enough: the tokenizer uses several itself, and chunks have to come in order.
    with ThreadPoolExecutor(max_workers=1) as beside:
        encoded = beside.map(lambda chunk: readout.encode_all([rows[position] for position in chunk], False), chunks)
        for chunk, examples in zip(chunks, encoded, strict=True):
            shared = readout.expect(assembled.module, examples)
            for group in prediction_groups(examples, size, most_tokens, shared, BATCH_TOKENS, most_kept):
                yield [([chunk[place] for place in batch], [examples[place] for place in batch]) for batch in group]


def cut_chunks(rows: list[Row], size: int) -> list[list[int]]:
    """Return positions of rows by chunk of about one length, the longest first; where one holds all, as they come."""
    if len(rows) <= size:
        return [list(range(len(rows)))]
    order = sorted(range(len(rows)), key=lambda position: text_length(rows[position]), reverse=True)
    return [order[start : start + size] for start in range(0, len(rows), size)]


def answer_groups(
    assembled: Assembled, groups: Iterable[list[tuple[list[int], list[EncodedExample]]]]
) -> Iterator[tuple[list[int], Any]]:
    """Yield each group's positions and answers, the next group already under way, so that a GPU need not wait."""
    import torch

    # Where answers need no model, there are no weights, and the batches stay where they are made.
    device = next((parameter.device for parameter in assembled.module.parameters()), torch.device("cpu"))
    before: tuple[list[int], Any] | None = None
    for group in groups:
        batches = [move(assembled.readout.collate(examples), device) for _, examples in group]
        positions = [position for part, _ in group for position in part]
        # Whoever reads a group off waits for the GPU, so this group is sent to it before the last one is handed over.
        with first_pass(assembled) if before is None else nullcontext():
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


def half_precision() -> Any:
    """Return autocast to half precision on a GPU, and no autocast on a CPU, where it is slower."""
    import torch

    cuda = torch.cuda.is_available()
    return torch.autocast("cuda" if cuda else "cpu", dtype=half_dtype() if cuda else torch.bfloat16, enabled=cuda)


def attention_for_any_shape() -> Any:
    """Keep attention to kernels that take every shape at once: cuDNN's, which torch prefers on recent GPUs, are built
    anew, for a third of a second, for every number of rows and tokens, and prediction sees each shape once."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    # Training keeps cuDNN: it pads to a few fixed lengths, for which building once pays.
    return sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH])
