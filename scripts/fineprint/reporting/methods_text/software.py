"""Hardware and software as a paper would put them."""

from __future__ import annotations

from collections.abc import Iterable

from fineprint.reporting.methods_text.references import mark_citation
from fineprint.reporting.words import Words
from fineprint.results.lookup import Study

WORDS = Words("paper")
# Package, its name in a paper, and the works to cite; a package without an article is named with its version alone.
SOFTWARE = (
    ("torch", "PyTorch", ["arXiv 1912.01703"]),
    ("transformers", "Transformers", ["arXiv 1910.03771"]),
    ("peft", "PEFT", []),
    ("bitsandbytes", "bitsandbytes", []),
    ("accelerate", "Accelerate", []),
    ("snakemake", "Snakemake", ["doi 10.12688/f1000research.29032.2"]),
)


def computing_sentences(study: Study) -> list[str]:
    """Return machines, versions and the commit; nothing of what no job reported."""
    machines = study.environments()
    if not machines:
        return []
    packages = [
        (title, versions, mark_citation(*works))
        for name, title, works in SOFTWARE
        if (versions := join_versions(machine.versions.get(name) for machine in machines))
    ]
    named = list(dict.fromkeys(WORDS("machine", machine=machine) for machine in machines))
    commits = [found.commit for found in study.results.provenance.commits if found.commit]
    return [
        WORDS("machines", machines=named),
        WORDS(
            "software",
            fineprint=join_versions(machine.fineprint for machine in machines),
            python=join_versions(machine.python for machine in machines),
            packages=packages,
        ),
        *([WORDS("commits", "one" if len(commits) == 1 else "several", commits=commits)] if commits else []),
    ]


def join_versions(versions: Iterable[str | None]) -> str:
    """Return the version, or the versions where machines differ; empty where no machine has the package."""
    return " and ".join(dict.fromkeys(version for version in versions if version))
