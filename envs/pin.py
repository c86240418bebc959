"""Write the environments' pins: what the scripts of each import, and all that these need, at the lock's versions.

python envs/pin.py        after `make lock`, in the environment that the lock describes
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).resolve().parent
LOCK = FOLDER.parent / "requirements.lock"
ENVIRONMENTS = {
    "data": (
        "Fetching and rows.",
        (
            *("pydantic", "jsonargparse", "docstring_parser", "psutil", "PyYAML"),
            *("datasets", "huggingface_hub", "pandas", "numpy", "pyarrow"),
        ),
    ),
    "report": (
        "Cheap jobs: settings, scores, collecting, figures and documents.",
        *(
            ("pydantic", "jsonargparse", "docstring_parser", "psutil", "scipy", "numpy", "pandas", "matplotlib"),
            ("Jinja2", "PyYAML", "pypandoc_binary", "typst"),
        ),
    ),
    "train": (
        "Training, prediction, serving and the plan. On Linux the torch pin takes the build for CUDA, which runs\n"
        "# without a GPU too: conda's __cuda would choose by the login node, where environments are made.",
        *(
            ("torch", "transformers", "peft", "accelerate", "bitsandbytes", "safetensors", "tokenizers"),
            ("sentencepiece", "protobuf", "tiktoken", "huggingface_hub", "datasets", "numpy", "psutil", "pydantic"),
            ("Jinja2", "jsonargparse", "docstring_parser", "PyYAML"),
        ),
    ),
}
# torch brings what its build for the platform needs; conda brings setuptools with pip.
NOT_PINNED = ("nvidia-", "triton", "cuda-", "setuptools")


def read_lock() -> dict[str, tuple[str, str]]:
    """Return the lock's name and version of each package by canonical name."""
    lines = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    pairs = [line.split("==") for line in lines]
    return {canonicalize_name(name): (name, version) for name, version in pairs}


def close(names: tuple[str, ...]) -> list[str]:
    """Return packages and all that they need, as installed here, at the lock's versions."""
    lock, found, waiting = read_lock(), set[str](), [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found or name.startswith(NOT_PINNED):
            continue
        found.add(name)
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(needed.name))
    missing = sorted(found - set(lock))
    if missing:
        raise SystemExit(f"requirements.lock lacks {', '.join(missing)}: run `make lock` first")
    return [f"{lock[name][0]}=={lock[name][1]}" for name in sorted(found)]


def write(name: str) -> str:
    """Return the text of one environment's file."""
    words, *parts = ENVIRONMENTS[name]
    wanted = tuple(package for part in parts for package in part)
    pins = "".join(f"      - {pin}\n" for pin in close(wanted))
    return (
        f"# {words}\n# Versions as in requirements.lock, written by `python envs/pin.py`; a test compares them.\n"
        f"channels: [conda-forge, nodefaults]\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n{pins}"
    )


if __name__ == "__main__":
    for environment in ENVIRONMENTS:
        text = re.sub(r"[ \t]+\n", "\n", write(environment))
        (FOLDER / f"{environment}.yaml").write_text(text, encoding="utf-8")
