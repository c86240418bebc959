"""Hardware and software as a paper would put them."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.reporting.methods_text.references import Library, Piece
from fineprint.results.lookup import Study

# Package, its name in a paper, and the work to cite; a package without an article is named with its version alone.
SOFTWARE = (
    ("torch", "PyTorch", "arXiv 1912.01703"),
    ("transformers", "Transformers", "arXiv 1910.03771"),
    ("peft", "PEFT", ""),
    ("bitsandbytes", "bitsandbytes", ""),
    ("accelerate", "Accelerate", ""),
    ("snakemake", "Snakemake", "doi 10.12688/f1000research.29032.2"),
)


def describe_computing(study: Study, library: Library) -> list[Piece]:
    """Return machines, versions and the commit; nothing of what no job reported."""
    machines = study.environments()
    if not machines:
        return []
    names = list(dict.fromkeys(name_machine(machine) for machine in machines))
    pieces = [Piece(f"All jobs ran on {formats.join(names)}. "), *describe_versions(machines, library)]
    commits = [found["commit"] for found in study.results["provenance"].get("commits", []) if found["commit"]]
    noun = "commit" if len(commits) == 1 else "commits"
    return [*pieces, Piece(f"The workflow is Fineprint at {noun} {formats.join(commits)}. ")] if commits else pieces


def name_machine(machine: dict[str, Any]) -> str:
    """Return a machine with its processor or its gpu."""
    gpu = machine.get("gpu")
    memory = formats.size(machine.get("memory_bytes"))
    cores = formats.plural(machine.get("cores") or 0, "core")
    host = f"{machine.get('processor')} ({cores}, {memory} of memory)"
    return f"one {gpu['name']} ({formats.size(gpu['memory_bytes'])}) beside {host}" if gpu else f"{host} without a GPU"


def describe_versions(machines: list[dict[str, Any]], library: Library) -> list[Piece]:
    """Return the versions of the packages that matter, all of them where machines differ."""
    pieces = [Piece(f"Software: Fineprint {versions_of(machines, None, 'fineprint')}")]
    pieces.append(Piece(f", Python {versions_of(machines, None, 'python')}"))
    for package, name, number in SOFTWARE:
        versions = versions_of(machines, "versions", package)
        if versions:
            pieces += [Piece(f", {name} {versions}"), *library.cite(*([number] if number else []))]
    return [*pieces, Piece(". ")]


def versions_of(machines: list[dict[str, Any]], part: str | None, name: str) -> str:
    """Return the version or versions of a package on all machines."""
    places = [(machine.get(part) or {}) if part else machine for machine in machines]
    return " and ".join(dict.fromkeys(str(place[name]) for place in places if place.get(name)))
