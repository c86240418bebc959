"""Where a scheduler put the jobs: a table by rule and node, absent where Snakemake ran everything itself."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.reporting.table import Cell, Table, blank, number, numeric, plain, text
from fineprint.results.lookup import Study
from fineprint.results.steps import list_jobs

NUMBERS_SHOWN = 6  # of a node's jobs; the whole list is one line per job further below


def places_table(study: Study) -> Table | None:
    """Return for each rule and node the jobs that ran there, or None if no job was placed by a scheduler."""
    groups = group_jobs(study)
    order = {step.rule: position for position, step in enumerate(study.results.steps)}
    rows = [
        [text(rule, style="code"), text(node, style="code"), *describe_group(placements)]
        for (rule, node), placements in sorted(groups.items(), key=lambda item: (order.get(item[0][0], 99), item[0]))
    ]
    columns = [*plain("Rule", "Node"), *numeric("Jobs"), *plain("Slurm's job numbers", "GPU")]
    caption = (
        "Where Slurm ran the jobs. A number that stands with two rules is one job of both; a GPU's number is that on "
        "its node. Rules that are not in the table ran where Snakemake itself did."
    )
    return Table("places", caption, columns, rows, style="compact") if rows else None


def group_jobs(study: Study) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the placements by rule and node."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for job in list_jobs(study):
        if placement := job.get("placement"):
            groups.setdefault((job["rule"], placement["node"]), []).append(placement)
    return groups


def describe_group(placements: list[dict[str, Any]]) -> list[Cell]:
    """Return the cells on the jobs of a rule on a node."""
    gpus = sorted({placement["gpus"] for placement in placements if placement["gpus"]})
    numbers = sorted((placement["job"] for placement in placements), key=lambda name: (len(name), name))
    shown = numbers if len(numbers) <= NUMBERS_SHOWN else [*numbers[: NUMBERS_SHOWN - 1], "…", numbers[-1]]
    return [
        number(len(placements), formats.count),
        text(", ".join(shown)),
        text("; ".join(gpus)) if gpus else blank("the jobs asked for no GPU"),
    ]


def place_cells(job: dict[str, Any]) -> list[Cell]:
    """Return node, number and GPU of one job."""
    placement = job.get("placement")
    if not placement:
        return [blank("ran where Snakemake itself did")] * 3
    gpus = placement["gpus"]
    return [
        text(placement["node"], style="code"),
        text(placement["job"]),
        text(gpus) if gpus else blank("the job asked for no GPU"),
    ]


def were_placed(study: Study) -> bool:
    """Return whether a scheduler ran any of the jobs."""
    return any(job.get("placement") for job in list_jobs(study))
