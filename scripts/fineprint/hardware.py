"""What jobs ask of a machine. No result depends on it."""

from pydantic import Field

from fineprint.settings import Settings


class HardwareSettings(Settings):
    """What a job asks for, and how often a training is kept. No run depends on it: a change trains nothing anew.
    Threads and memory are those of one training or prediction job. `gpu_memory_gb` is the card's, where jobs run on
    other machines than snakemake: methods too large for it are refused."""

    threads_per_run: int = Field(1, ge=1)
    memory_mb_per_run: int = Field(2000, ge=1)
    minutes_per_run: int = Field(30, ge=1)
    gpus_per_run: int = Field(1, ge=0)
    gpu_memory_gb: float | None = Field(None, gt=0)
    checkpoint_minutes: float = Field(10, ge=0)
