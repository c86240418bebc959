"""How many rows a second of a mixed stream each way answers.

All ways are ready at once and take turns, several times over, so that a busy moment of the machine hits all alike and
what differs from round to round is seen.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from fineprint.core.progress import logger
from fineprint.core.records import Served
from fineprint.serving.clock import clear_memory, time_calls
from fineprint.serving.entries import Entry, copy_entries, draw_requests
from fineprint.serving.refusals import first_line, is_refusal
from fineprint.serving.session import add_tasks
from fineprint.serving.ways import Request, Way
from fineprint.study.serving_schema import ServingSettings

FEWEST_ROUNDS = 2


@dataclass
class Group:
    """Ways of one method that share what is in memory.

    Attributes:
        method: its name.
        trained: its tasks.
        ways: what is timed; emptied where this machine cannot hold more.
    """

    method: str
    trained: list[Entry]
    ways: list[Way]

    def make_ready(self, count: int) -> list[Way]:
        """Hold so many tasks and return the ways; none, and nothing held, where that is not possible."""
        try:
            for _ in add_tasks(self.ways, copy_entries(self.trained, count)):
                pass
            for way in self.ways:
                way.prepare()
        except Exception as error:
            if not is_refusal(error):
                raise
            self.give_up(first_line(error))
        return list(self.ways)

    def give_up(self, reason: str) -> None:
        """Let go of everything."""
        logger.warning("%s: no mixed stream; %s", ", ".join(way.name for way in self.ways), reason)
        self.ways.clear()
        clear_memory()


@dataclass
class Rounds:
    """What one way answered in its rounds.

    Attributes:
        way: that answers.
        row: of the record, that the figures belong to.
        windows: batches of the stream, the same for every way.
        limit: seconds after which a round ends.
        rates: rows per second, round by round.
        answered: rows, in all rounds.
        seconds: of all rounds.
    """

    way: Way
    row: Served
    windows: list[list[Request]]
    limit: float
    rates: list[float] = field(default_factory=list)
    answered: int = 0
    seconds: float = 0.0

    def warm_up(self) -> None:
        """Answer a row that is not counted."""
        self.way.answer(self.windows[0][:1])

    def take(self) -> None:
        """Answer the stream from its start until the limit, and at least one batch."""
        seconds = time_calls((functools.partial(self.way.answer, window) for window in self.windows), self.limit)
        rows = sum(len(window) for window in self.windows[: len(seconds)])
        self.rates.append(rows / sum(seconds))
        self.answered += rows
        self.seconds += sum(seconds)

    def note(self) -> None:
        """Write median and range into the record."""
        self.row.rows_per_second = statistics.median(self.rates)
        self.row.rows_per_second_low, self.row.rows_per_second_high = min(self.rates), max(self.rates)
        self.row.rounds, self.row.rows_answered = len(self.rates), self.answered
        logger.info("%s · %d tasks · %.0f rows/s", self.way.name, self.row.tasks, self.row.rows_per_second)


def time_streams(rows: list[Served], groups: list[Group], settings: ServingSettings, seed: int) -> None:
    """Add to the record of every way and number of tasks how fast a mixed stream is answered.

    Args:
        rows: the record, by way, method and number of tasks; those with a reason are left as they are.
        groups: fresh ways, nothing loaded.
        settings: how long a round lasts and how many there are.
        seed: of the stream.
    """
    for count in sorted({row.tasks for row in rows}):
        measured = {(row.way, row.method): row for row in rows if row.tasks == count and not row.reason}
        ready = [taken for group in groups for taken in list_rounds(group, count, measured, settings, seed)]
        able = [taken for taken in ready if succeeds(taken, taken.warm_up)]
        # Round by round through all ways, not way by way: whatever slows the machine for a while slows each of them.
        for done in range(settings.rounds):
            able = [taken for taken in able if is_done(taken, done, settings) or succeeds(taken, taken.take)]
        for taken in able:
            taken.note()
        for taken in ready:
            taken.way.finish()


def list_rounds(
    group: Group, count: int, measured: dict[tuple[str, str], Served], settings: ServingSettings, seed: int
) -> Iterator[Rounds]:
    """Yield those ways of a group that could be measured with so many tasks, ready to answer."""
    if not any((way.name, group.method) in measured for way in group.ways):
        return
    requests = draw_requests(copy_entries(group.trained, count), settings.requests, seed)
    size = settings.batch_size
    windows = [requests[start : start + size] for start in range(0, len(requests), size)]
    for way in group.make_ready(count):
        if (way.name, group.method) in measured:
            yield Rounds(way, measured[(way.name, group.method)], windows, settings.seconds_per_measurement)


def is_done(rounds: Rounds, done: int, settings: ServingSettings) -> bool:
    """Return whether a way needs no further round: the fewest that show a range took longer than all would be given."""
    return done >= FEWEST_ROUNDS and rounds.seconds > settings.rounds * settings.seconds_per_measurement


def succeeds(rounds: Rounds, step: Callable[[], None]) -> bool:
    """Take a step; return whether that was possible with all ways in memory."""
    try:
        step()
    except Exception as error:
        if not is_refusal(error):
            raise
        logger.warning("%s: no mixed stream; %s", rounds.way.name, first_line(error))
        return False
    return True
