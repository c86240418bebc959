"""What a job asks a scheduler for, and how much more it asks for when it is tried again."""

from __future__ import annotations

from pydantic import Field, model_validator

from fineprint.core.settings import Settings


class HardwareSettings(Settings):
    """What a job asks for, and how often a training is kept. No run depends on it: a change trains nothing anew.

    Attributes:
        threads_per_run: of one training or prediction job, as are memory, minutes and GPUs.
        memory_mb_per_run: more for each retry, since too little of it is what most often ends a job on a cluster.
        memory_mb_at_most: what the partition allows; null is no limit.
        minutes_per_run: more for each retry, too.
        minutes_at_most: what the partition allows; null is no limit.
        gpus_per_run: several share one training.
        gpu_memory_gb: the GPU's, where jobs run on other machines than snakemake: methods too large for it are refused.
        checkpoint_minutes: between checkpoints of a training; 0 keeps none.
    """

    threads_per_run: int = Field(1, ge=1)
    memory_mb_per_run: int = Field(2000, ge=1)
    memory_mb_at_most: int | None = Field(None, ge=1)
    minutes_per_run: int = Field(30, ge=1)
    minutes_at_most: int | None = Field(None, ge=1)
    gpus_per_run: int = Field(1, ge=0)
    gpu_memory_gb: float | None = Field(None, gt=0)
    checkpoint_minutes: float = Field(10, ge=0)

    @model_validator(mode="after")
    def check_limits(self) -> HardwareSettings:
        """Refuse a limit below what the first attempt already asks for."""
        for most, first in (("memory_mb_at_most", "memory_mb_per_run"), ("minutes_at_most", "minutes_per_run")):
            limit, asked = getattr(self, most), getattr(self, first)
            if limit is not None and limit < asked:
                raise ValueError(
                    f"{most} is {limit}, less than {first}, {asked}; raise it, or leave it out for no limit"
                )
        return self

    def memory_mb(self, first: int, attempt: int) -> int:
        """Return the memory of an attempt, counted from 1: as much again for each retry."""
        return grow_with_attempts(first, attempt, self.memory_mb_at_most)

    def minutes(self, first: int, attempt: int) -> int:
        """Return the run time of an attempt, counted from 1: as much again for each retry."""
        return grow_with_attempts(first, attempt, self.minutes_at_most)


def grow_with_attempts(first: int, attempt: int, at_most: int | None) -> int:
    """Return `first` times the attempt, within the limit; the first attempt is what was asked for."""
    # Not doubled: the two retries of profiles/slurm end at three times what was asked for first.
    grown = first * attempt
    return grown if at_most is None else max(first, min(grown, at_most))
