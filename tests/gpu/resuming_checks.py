"""What must hold on a GPU of a training stopped in the middle: taken up again, it takes the same steps."""

from __future__ import annotations

import functools
import signal
import tempfile
from pathlib import Path
from typing import Any

import torch

from checks import STEPS, assert_captured, assert_near, losses_of, run
from fineprint.jobs.interruption import Interrupted
from fineprint.measuring.phases import Meter
from fineprint.training.checkpoints import Checkpoints
from fineprint.training.loop import Loop
from fineprint.training.resuming import Keeper


def check_resuming(*choice: Any, record: bool, tolerance: float = 1e-5, **settings: Any) -> None:
    """A training stopped in the middle and taken up again takes the steps of one that was not, dropout included."""
    wanted, weights = run(*choice, record=record, **settings)
    folder, take = Path(tempfile.mkdtemp()), Loop.take_step

    def take_and_stop(self: Loop, rows: Any) -> torch.Tensor:
        if self.update == STEPS // 2:
            signal.raise_signal(signal.SIGTERM)
        return take(self, rows)

    Loop.take_step = take_and_stop
    try:
        run(*choice, record=record, keeper=make_keeper(folder), **settings)
    except Interrupted as stop:
        assert "its state is kept" in str(stop)
    finally:
        Loop.take_step = take
    resumed, others = run(*choice, record=record, keeper=make_keeper(folder), **settings)
    assert resumed.resumed_from_steps == [STEPS // 2 + 1]
    if record:
        assert_captured(resumed)
    assert_near(losses_of(resumed), losses_of(wanted), tolerance)
    for name, weight in weights.items():
        if not name.endswith("key.bias"):
            torch.testing.assert_close(others[name], weight, rtol=1e-2, atol=2e-4)


def make_keeper(folder: Path) -> Keeper:
    """Return a keeper whose checkpoints are written only when a signal asks for them."""
    meter = Meter()
    meter.sampler.stop()
    return Keeper(Checkpoints(folder / "checkpoints", 60.0, {}), meter)


RESUMING: dict[str, Any] = {
    "resuming, whole steps recorded": functools.partial(
        check_resuming, "full", "classifier", "encoder", record=True, dropout=True
    ),
    "resuming, passes recorded": functools.partial(
        check_resuming, "lora", "linear_head", "decoder", record=True, batch_size=2, gradient_accumulation_steps=4
    ),
    "resuming, nothing recorded": functools.partial(
        check_resuming, "p_tuning", "classifier", "encoder", record=False, dropout=True
    ),
    "resuming, paged optimizer": functools.partial(
        check_resuming,
        *("lora", "linear_head", "decoder", "nf4"),
        **{"record": True, "tolerance": 1e-2, "optimizer": "paged_adamw_8bit", "mixed_precision": "auto"},
    ),
}
