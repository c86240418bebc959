"""What a job ran on and with: hardware, versions, commit."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from dataclasses import fields
from importlib import metadata
from pathlib import Path

from fineprint import __version__
from fineprint.core.records import GPU, Commit, Environment, Machine
from fineprint.jobs.placement import describe_placement

PACKAGES = (
    *("torch", "transformers", "peft", "bitsandbytes", "accelerate", "datasets", "safetensors", "tokenizers"),
    *("snakemake", "numpy", "scipy", "pandas", "matplotlib", "jinja2", "pypandoc_binary", "typst"),
)


def describe_environment() -> Environment:
    """Return hardware and software of this process; importing torch is left to the caller's job."""
    import psutil

    commit = describe_commit()
    return Environment(
        fineprint=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        processor=processor_name(),
        processor_model=processor_model(),
        cores=os.cpu_count(),
        memory_bytes=psutil.virtual_memory().total,
        gpu=describe_gpu(),
        versions=installed_versions(),
        commit=commit.commit,
        uncommitted_changes=commit.uncommitted_changes,
        placement=describe_placement(),
    )


def describe_machine(environment: Environment) -> Machine:
    """Return what is the same for all jobs on a machine: everything but where the scheduler put one of them, and from
    which commit it ran."""
    return Machine(**{field.name: getattr(environment, field.name) for field in fields(Machine)})


def installed_versions() -> dict[str, str]:
    """Return the version of each package of interest that is installed."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def processor_name() -> str:
    """Return the processor's name as the system tells it."""
    return read_processor().get("model name") or platform.processor() or platform.machine()


def processor_model() -> str | None:
    """Return the numbers that tell a processor's model exactly, None where the system does not give them: a virtual
    machine may shorten the name to that of a family."""
    facts = read_processor()
    words = {"family": "cpu family", "model": "model", "stepping": "stepping"}
    known = [f"{word} {facts[key]}" for word, key in words.items() if facts.get(key)]
    return ", ".join(known) or None


def read_processor(information: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Return what the system tells of its first processor; nothing where it does not."""
    if not information.exists():
        return {}
    first = information.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
    pairs = [line.split(":", 1) for line in first.splitlines() if ":" in line]
    return {key.strip(): value.strip() for key, value in pairs}


def describe_gpu() -> GPU | None:
    """Return name, memory and CUDA version of the current GPU, or None without one."""
    import torch

    if not torch.cuda.is_available():
        return None
    properties = torch.cuda.get_device_properties(torch.cuda.current_device())
    return GPU(name=properties.name, memory_bytes=properties.total_memory, cuda=torch.version.cuda)


@functools.cache
def describe_commit() -> Commit:
    """Return the commit of the workflow and whether files differ from it; None outside a git checkout.

    The first answer stands for the process: files may change under a long job, which has read them by then.
    """
    folder = Path(__file__).resolve().parent
    try:
        commit = run_git(folder, "rev-parse", "HEAD")
        return Commit(commit=commit, uncommitted_changes=bool(run_git(folder, "status", "--porcelain")))
    except (OSError, subprocess.SubprocessError):
        return Commit(commit=None, uncommitted_changes=None)


def run_git(folder: Path, *arguments: str) -> str:
    """Return what a git command prints.

    Raises:
        OSError: git is not installed.
        subprocess.SubprocessError: it failed, as outside a checkout, or took too long.
    """
    # With a time limit: on a network disk git may take minutes, and no record is worth a job that hangs.
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout.strip()
