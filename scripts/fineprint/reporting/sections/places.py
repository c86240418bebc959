"""Where a scheduler put the jobs: a table by rule and node, absent where Snakemake ran everything itself."""

from __future__ import annotations

from dataclasses import dataclass

from fineprint.core import formats
from fineprint.core.records import Job, Placement
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.table import Cell, Table, blank, text
from fineprint.reporting.words import Words
from fineprint.results.lookup import Study
from fineprint.results.steps import STEPS, list_jobs

WORDS = Words("places")
NUMBERS_SHOWN = 6  # of a node's jobs; the whole list is one line per job further below


@dataclass(frozen=True)
class JobsOnNode:
    """The jobs of a rule that ran on a node."""

    rule: str
    node: str
    placements: list[Placement]

    @property
    def numbers(self) -> str:
        """Slurm's numbers of the jobs, of many the first and the last."""
        numbers = sorted((placement.job for placement in self.placements), key=lambda name: (len(name), name))
        shown = numbers if len(numbers) <= NUMBERS_SHOWN else [*numbers[: NUMBERS_SHOWN - 1], "…", numbers[-1]]
        return ", ".join(shown)

    @property
    def gpus(self) -> str:
        """The GPUs that the jobs held, empty where they asked for none."""
        return "; ".join(sorted({placement.gpus for placement in self.placements if placement.gpus}))


PLACES = [
    Column[JobsOnNode]("Rule", lambda jobs: text(jobs.rule, style="code")),
    Column[JobsOnNode]("Node", lambda jobs: text(jobs.node, style="code")),
    Column[JobsOnNode]("Jobs", lambda jobs: len(jobs.placements), formats.count),
    Column[JobsOnNode]("Slurm's job numbers", lambda jobs: jobs.numbers),
    Column[JobsOnNode](
        "GPU", lambda jobs: jobs.gpus, lacks=lambda jobs: None if jobs.gpus else WORDS("no_gpu", "jobs")
    ),
]


def places_table(study: Study) -> Table | None:
    """Return for each rule and node the jobs that ran there, or None if no job was placed by a scheduler."""
    groups = group_jobs(study)
    return build_table("places", WORDS("caption"), PLACES, groups, style="compact") if groups else None


def group_jobs(study: Study) -> list[JobsOnNode]:
    """Return the jobs that a scheduler placed, by rule in the order of the data's flow and by node."""
    groups: dict[tuple[str, str], list[Placement]] = {}
    for job in list_jobs(study):
        if job.placement:
            groups.setdefault((job.rule, job.placement.node), []).append(job.placement)
    order = {step.rule: position for position, step in enumerate(STEPS)}
    found = sorted(groups.items(), key=lambda item: (order.get(item[0][0], len(order)), item[0]))
    return [JobsOnNode(rule, node, placements) for (rule, node), placements in found]


def gpu_cell(job: Job) -> Cell:
    """Return the GPU that a job held."""
    gpus = job.placement and job.placement.gpus
    return text(gpus) if gpus else blank(WORDS("no_gpu", "job"))


def lacks_place(job: Job) -> str | None:
    """Return why no scheduler names a job's place, where none does."""
    return None if job.placement else WORDS("not_placed")


PLACE = [
    Column[Job]("Node", lambda job: text(job.placement.node, style="code"), lacks=lacks_place),
    Column[Job]("Slurm's number", lambda job: job.placement.job, lacks=lacks_place),
    Column[Job]("GPU", gpu_cell, lacks=lacks_place),
]
