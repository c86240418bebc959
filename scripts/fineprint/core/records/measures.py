"""What is measured of a job: time, memory, energy, and numbers of parameters. Sizes are bytes, times seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from fineprint.core.records.base import Record


class PeakMemory(NamedTuple):
    """A headline figure, None where it was not measured, and what it is a figure of: what torch allocated on the GPU,
    what the phase added to the resident size of the process, or what was counted from the tensors."""

    bytes: int | None
    kind: Literal["allocated", "resident", "counted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory(Record):
    """Memory of one phase. On a CPU only the resident figures exist, on a GPU also the device's."""

    baseline_resident_bytes: int | None
    peak_resident_bytes: int | None  # over the baseline: what this phase added
    peak_allocated_bytes: int | None  # torch's allocator on the GPU
    peak_reserved_bytes: int | None  # what torch holds from the driver
    driver_used_bytes: int | None  # what the driver reports for the whole GPU

    @property
    def peak(self) -> PeakMemory:
        """The GPU's figure where there is one, else the resident one."""
        if self.peak_allocated_bytes is not None:
            return PeakMemory(self.peak_allocated_bytes, "allocated")
        return PeakMemory(self.peak_resident_bytes, "resident")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase(Record):
    """One phase of a job: loading, training or prediction."""

    seconds: float
    memory: Memory
    energy_joules: float | None  # of the whole GPU, by its own counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters(Record):
    """Numbers of parameters; quantized weights count at their full number. `adapter` is everything trained outside
    the head, which for full fine-tuning is the backbone itself. `share` is (adapter + head) / total."""

    adapter: int
    head: int
    total: int
    share: float
