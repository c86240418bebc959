"""How much memory the GPU has, without importing torch."""

from __future__ import annotations

import shutil
import subprocess

from fineprint.core.settings import SettingsError

USUAL_GPUS_GB = (16.0, 24.0, 48.0, 80.0)
DRIVER_SECONDS = 20


def read_gpu_size(wish: object) -> float | None:
    """Return the gigabytes (10⁹ bytes) that `--config gpu="24 GB"` asks for, or None where nothing was asked.

    Raises:
        SettingsError: it is no size.
    """
    if wish is None:
        return None
    try:
        size = float(str(wish).strip().removesuffix("GB"))
    except ValueError:
        size = 0.0
    if size <= 0:
        raise SettingsError(f"gpu: expected a size such as 24 GB; found {wish!r}")
    return size


def present_gpu_gb() -> float | None:
    """Return the memory of the smallest GPU that the driver shows, or None where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DRIVER_SECONDS, check=True)
        # In MiB, as the driver counts. A job may be given any of the GPUs, so the smallest decides.
        return min(float(line) for line in done.stdout.split("\n") if line.strip()) * 2**20 / 1e9
    except (OSError, subprocess.SubprocessError, ValueError):  # a driver without a GPU, or one that does not tell
        return None
