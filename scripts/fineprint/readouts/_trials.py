"""Other choices that a readout which prompts may try on held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from fineprint.readouts import Trial
from fineprint.settings import Settings

if TYPE_CHECKING:
    from fineprint.readouts.generation import Settings as GenerationSettings


class TrialSettings(Settings):
    """What is tried on held-out rows, to show what the choice of temperature and of worked examples is worth.

    Attributes:
        temperatures: each is tried once.
        draws: of the worked examples, the method's own first.
        rows: held-out rows that each trial answers, at most.
    """

    temperatures: tuple[Annotated[float, Field(ge=0)], ...] = ()
    draws: int = Field(0, ge=0)
    rows: int = Field(200, ge=1)

    def list_for(self, readout: GenerationSettings, seed: int) -> list[Trial]:
        """Return each temperature and each draw of worked examples as a trial of a readout."""
        temperatures = [
            Trial("temperature", f"{value:g}", value == readout.temperature, at_temperature(readout, value), seed)
            for value in self.temperatures
        ]
        draws = [
            Trial("worked examples", f"draw {number + 1}", number == 0, readout, seed + number)
            for number in range(self.draws)
        ]
        return [*temperatures, *draws]


def at_temperature(readout: GenerationSettings, temperature: float) -> GenerationSettings:
    """Return a readout's settings at another temperature."""
    return readout.model_copy(update={"temperature": temperature})
