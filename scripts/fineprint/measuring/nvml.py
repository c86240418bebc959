"""What NVIDIA's driver tells of the current GPU through the library that it comes with: the energy used.

The library is asked directly, so that no package beside the driver is needed.
"""

from __future__ import annotations

import ctypes
from typing import Any

LIBRARY = "libnvidia-ml.so.1"


def read_energy_joules() -> float | None:
    """Return the energy that the current GPU has used since its driver was loaded, whoever used it, or None where the
    GPU has no such counter or the driver's library is missing.

    The GPU is found by its own number, since CUDA_VISIBLE_DEVICES numbers GPUs otherwise than the driver does.
    """
    import torch

    number = getattr(torch.cuda.get_device_properties(), "uuid", None)
    gpu, millijoules = ctypes.c_void_p(), ctypes.c_ulonglong()
    known = (
        number is not None
        and call_driver("nvmlDeviceGetHandleByUUID", f"GPU-{number}".encode(), ctypes.byref(gpu))
        and call_driver("nvmlDeviceGetTotalEnergyConsumption", gpu, ctypes.byref(millijoules))
    )
    return millijoules.value / 1000 if known else None


def call_driver(function: str, *arguments: Any) -> bool:
    """Call a function of the library, which writes its answer into an argument; return whether there is an answer."""
    try:
        library = ctypes.CDLL(LIBRARY)
        # Starting it again only counts up. It is never shut down: the process ends soon.
        return library.nvmlInit_v2() == 0 and getattr(library, function)(*arguments) == 0
    except (OSError, AttributeError):  # no library, or one that is older than the function
        return False
