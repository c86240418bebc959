"""Measuring time and memory by phase.

On a CPU a thread samples the resident size of the process; on a GPU torch's allocator gives exact peaks and the
driver says what the whole GPU holds and what energy it has used. What cannot be measured stays None.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from fineprint.core.records import Memory, Phase
from fineprint.jobs.processes import Processes
from fineprint.measuring.nvml import read_energy_joules

# Peaks that are shorter are missed; sampling more often would cost the measured work time.
SAMPLE_SECONDS = 0.02


class ResidentSampler(threading.Thread):
    """Samples this process's resident size until stopped."""

    def __init__(self) -> None:
        # A daemon, or a job that fails within a phase would wait for the sampler for ever.
        super().__init__(daemon=True)
        import psutil

        self.process = psutil.Process()
        self.baseline = self.peak = self.process.memory_info().rss
        self.stopped = threading.Event()

    def run(self) -> None:
        """Keep the largest size seen."""
        while not self.stopped.wait(SAMPLE_SECONDS):
            self.sample()

    def sample(self) -> None:
        """Look at the size now."""
        self.peak = max(self.peak, self.process.memory_info().rss)

    def stop(self) -> None:
        """Take a last sample and end the thread."""
        self.sample()
        self.stopped.set()
        self.join()


class Meter:
    """Measures from its making on: time, memory, energy."""

    def __init__(self) -> None:
        import torch

        self.cuda = torch.cuda.is_available()
        if self.cuda:
            torch.cuda.synchronize()
            # After waiting: what the phase before left to do must not count here.
            torch.cuda.reset_peak_memory_stats()
        self.sampler = ResidentSampler()
        self.sampler.start()
        self.joules = read_energy_joules() if self.cuda else None
        self.start = time.perf_counter()

    def read(self) -> Phase:
        """Return what was measured so far; on a GPU this waits until its work is done."""
        import torch

        if self.cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - self.start
        joules = read_energy_joules() if self.cuda else None
        spent = None if joules is None or self.joules is None else joules - self.joules
        self.sampler.sample()
        return Phase(seconds=seconds, memory=describe_memory(self.sampler, self.cuda), energy_joules=spent)


@contextmanager
def measure_phase(phases: dict[str, Phase], name: str) -> Iterator[Meter]:
    """Measure what happens inside the block and note it in `phases` under `name`."""
    meter = Meter()
    try:
        yield meter
    finally:
        phases[name] = meter.read()
        meter.sampler.stop()


def join_phases(earlier: Phase | None, later: Phase) -> Phase:
    """Return a phase that was interrupted as one: times and energies added, the higher of two peaks."""
    if earlier is None:
        return later
    return combine_phases([earlier, later], sum)


def gather_phase(processes: Processes, phase: Phase) -> Phase:
    """Return one phase for all processes: the longest time, the energy of all GPUs, the peaks of the fullest."""
    return combine_phases(processes.gather(phase), max)


def combine_phases(phases: list[Phase], seconds: Callable[[list[Any]], Any]) -> Phase:
    """Return phases as one: energies added, of peaks the highest, seconds combined as told."""
    highest = {
        field.name: combine(max, [getattr(phase.memory, field.name) for phase in phases]) for field in fields(Memory)
    }
    return Phase(
        seconds=seconds([phase.seconds for phase in phases]),
        memory=Memory(**highest),
        energy_joules=combine(sum, [phase.energy_joules for phase in phases]),
    )


def combine(how: Callable[[list[Any]], Any], values: list[Any]) -> Any:
    """Return the values combined, or None where one of them was not measured."""
    return None if None in values else how(values)


def describe_memory(sampler: ResidentSampler, cuda: bool) -> Memory:
    """Return the figures that this machine can give."""
    import torch

    return Memory(
        baseline_resident_bytes=sampler.baseline,
        peak_resident_bytes=sampler.peak - sampler.baseline,
        peak_allocated_bytes=torch.cuda.max_memory_allocated() if cuda else None,
        peak_reserved_bytes=torch.cuda.max_memory_reserved() if cuda else None,
        driver_used_bytes=driver_used_bytes() if cuda else None,
    )


def driver_used_bytes() -> int:
    """Return the bytes in use on the current GPU as the driver reports them at the phase's end, whoever uses them.

    torch keeps what it once reserved, so the end of a phase is its highest level.
    """
    import torch

    free, total = torch.cuda.mem_get_info()
    return total - free


def workspace_bytes(phase: Phase, *parts: int | None) -> int | None:
    """Return what a phase's peak on a GPU holds beside the parts, or None where one of them was not measured, or where
    they were never all there at once."""
    peak = phase.memory.peak_allocated_bytes
    known = [part for part in parts if part is not None]
    if peak is None or len(known) < len(parts) or peak < sum(known):
        return None
    return peak - sum(known)
