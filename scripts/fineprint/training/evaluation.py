"""How a model under training is evaluated on held-out training rows, by one process or by several together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fineprint.inference.batching import BATCH_TOKENS, prediction_batches
from fineprint.inference.predicting import attention_for_any_shape
from fineprint.planning.budget import token_budget
from fineprint.readouts import EncodedExample

if TYPE_CHECKING:
    from fineprint.training.stepping import Stepper


def evaluate(stepper: Stepper, examples: list[EncodedExample]) -> tuple[float, float]:
    """Return mean loss and accuracy on held-out rows; every process answers its share and has both for all."""
    import torch

    readout, module = stepper.readout, stepper.module
    module.eval()
    losses, hits = [], []
    budget = stepper.processes.lowest(token_budget(stepper.memory_left()))  # all must cut the same batches
    sizes = stepper.assembled.method.prediction_batch_size, budget
    batches = prediction_batches(examples, *sizes, readout.expect(module, examples), BATCH_TOKENS)
    own = stepper.processes.share(batches)
    # A process without a batch of its own is still asked for its part of each layer.
    idle = math.ceil(len(batches) / stepper.processes.count) - len(own) if stepper.shards is not None else 0
    with as_evaluated(stepper):
        for positions in [*own, *batches[:idle]]:
            batch = stepper.to_device(readout.collate([examples[position] for position in positions]))
            loss, hit = readout.evaluate(module, batch)
            losses.append(loss)
            hits.append(hit)
        # What was kept of these examples was computed with weights that training now changes.
        readout.expect(module, [])
    # What a process without a batch of its own ran for the others' sake is left out.
    counted = [part[: len(own)] for part in (losses, hits)]
    # One look at the GPU for all batches; in 64 bits, so that how rows were cut hardly shows.
    sums = [float(torch.cat(part).double().sum()) if part else 0.0 for part in counted]
    loss_sum, hit_sum = stepper.processes.add(sums)
    return loss_sum / len(examples), hit_sum / len(examples)


@contextmanager
def as_evaluated(stepper: Stepper) -> Iterator[None]:
    """Compute, inside the block, as held-out rows are evaluated."""
    import torch

    # Weights that were brought together in inference mode could not be trained on.
    no_gradients = torch.inference_mode if stepper.shards is None else torch.no_grad
    with no_gradients(), stepper.accelerator.autocast(), attention_for_any_shape():
        yield


def try_evaluation(stepper: Stepper, examples: list[EncodedExample]) -> None:
    """Evaluate examples and forget what came of it; every process does."""
    stepper.module.eval()
    with as_evaluated(stepper):
        stepper.readout.evaluate(stepper.module, stepper.to_device(stepper.readout.collate(examples)))
