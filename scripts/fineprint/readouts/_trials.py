"""Other choices that a readout which prompts may try on held-out rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from fineprint.core.settings import Settings


@dataclass(frozen=True)
class Choice:
    """One choice to try: its name and value for the report, whether it is the method's own, what of the readout's
    settings it changes, and the seed that worked examples are drawn by."""

    name: str
    value: str
    own: bool
    update: dict[str, Any]
    seed: int


class TrialSettings(Settings):
    """What is tried on held-out rows, to show what the choice of temperature and of worked examples is worth.

    Attributes:
        temperatures: each is tried once.
        draws: of the worked examples, the method's own first.
        rows: held-out rows that each trial answers, at most.
    """

    temperatures: tuple[Annotated[float, Field(ge=0, le=100)], ...] = ()
    draws: int = Field(0, ge=0, le=1_000)
    rows: int = Field(200, ge=1)

    def choices(self, temperature: float, seed: int) -> Iterator[Choice]:
        """Yield each temperature and each draw of worked examples, for a readout at `temperature` and `seed`."""
        for value in self.temperatures:
            yield Choice("temperature", f"{value:g}", value == temperature, {"temperature": value}, seed)
        for number in range(self.draws):
            # seed + 0 draws the method's own examples, so that the first draw is the method itself.
            yield Choice("worked examples", f"draw {number + 1}", number == 0, {}, seed + number)
