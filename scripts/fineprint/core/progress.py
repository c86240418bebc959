"""Progress of a long job: a line every few seconds with steps, loss, speed and time left."""

import logging
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

logger = logging.getLogger("fineprint")

SECONDS_BETWEEN_LINES = 10.0


def start_logging() -> None:
    """Log to standard error, which the rules copy to the log file."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    for noisy in ("httpx", "httpx2", "httpcore", "matplotlib", "fontTools", "accelerate", "datasets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class Progress:
    """Tells how far a job of `steps` steps is, at most every `SECONDS_BETWEEN_LINES`."""

    def __init__(self, name: str, steps: int, unit: str) -> None:
        self.name, self.steps, self.unit = name, steps, unit
        self.start = self.last_line = time.perf_counter()
        self.done_units = 0
        self.first_step = 0

    def begin_at(self, step: int) -> None:
        """Count time left from a job that had taken `step` steps before."""
        self.first_step = step

    def advance(self, step: int, units: int, describe: Callable[[], str] = str) -> None:
        """Note that `step` steps are done and `units` more units; `describe` is called only if a line is due."""
        self.done_units += units
        now = time.perf_counter()
        if now - self.last_line < SECONDS_BETWEEN_LINES and step < self.steps:
            return
        self.last_line = now
        seconds = now - self.start
        left = seconds / (step - self.first_step) * (self.steps - step)
        logger.info(
            "%s · step %d/%d%s · %.0f %s/s · %s left",
            *(self.name, step, self.steps, describe(), self.done_units / seconds, self.unit, format_seconds(left)),
        )


def format_seconds(seconds: float) -> str:
    """Return minutes and seconds, or hours and minutes from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d} h" if hours else f"{minutes}:{rest:02d} min"


def name_run(config: Mapping[str, Any]) -> str:
    """Return what the lines of a run's jobs begin with, of the content of its `run_config.json`."""
    return f"{config['task']} {config['method']} seed {config['seed']}"
