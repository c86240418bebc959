"""Being told to stop: a scheduler's signals, noted when they come and heeded between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

# Slurm sends SIGTERM when a job is canceled, preempted or at its time limit, and SIGUSR1 before it where asked to.
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
STATUS_OF_SIGNALS = 128  # as shells count: a process ended by signal n has status 128 + n


class Interrupted(Exception):
    """A training that was told to stop. The message is a sentence for the user; `status` is the process's."""

    def __init__(self, message: str, number: int) -> None:
        """Keep the exit status that goes with a signal's number."""
        super().__init__(message)
        self.status = STATUS_OF_SIGNALS + number


@dataclass
class Request:
    """The signal that asked to stop, once there is one."""

    number: int = 0

    def note(self, number: int, frame: FrameType | None) -> None:
        """Keep the first signal's number."""
        self.number = self.number or number


@contextmanager
def heed_signals() -> Iterator[Request]:
    """Note signals inside the block instead of dying of them at once; afterwards they do again what they did before.

    Python can set handlers in the main thread only; elsewhere nothing is noted.
    """
    request = Request()
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, request.note) for number in SIGNALS} if main else {}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
