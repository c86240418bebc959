"""The workflow's rules as steps: which ran for a study, how they follow each other, and how long their jobs took.

The graph is Snakemake's own, noted when a run starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fineprint.core.records import Job, Step

if TYPE_CHECKING:
    from fineprint.results.study import Study

COLLECTING = "collect_results"  # times are read while it runs: what its own file and later ones say is an earlier run's


def list_steps(study: Study) -> list[Step]:
    """Return the rules that made this study, in data-flow order: all where no times are known. Of rules from collecting
    on no times can be known."""
    steps, ran = study.results.steps, {job.rule for job in list_jobs(study)}
    timed = predecessors(COLLECTING, steps)
    return [step for step in steps if not ran or step.rule in ran or step.rule not in timed]


def list_jobs(study: Study) -> list[Job]:
    """Return the jobs that came before collecting, with their times; none where no times were kept."""
    steps, jobs = study.results.steps, study.results.provenance.jobs
    if not steps:
        return [job for job in jobs if job.rule != COLLECTING]
    timed = predecessors(COLLECTING, steps)
    return [job for job in jobs if job.rule in timed]


def predecessors(rule: str, steps: Sequence[Step]) -> set[str]:
    """Return all rules among `steps` that a rule waits for, directly or not."""
    direct = {name for step in steps if step.rule == rule for name in step.after}
    return direct.union(*(predecessors(name, steps) for name in direct))


def followers(rule: str, steps: Sequence[Step]) -> set[str]:
    """Return all rules among `steps` that wait for a rule, directly or not."""
    direct = {step.rule for step in steps if rule in step.after}
    return direct.union(*(followers(name, steps) for name in direct))


def direct_arrows(steps: list[Step]) -> list[tuple[str, str]]:
    """Return (earlier, later) pairs, without those that follow from others."""
    shown = {step.rule for step in steps}
    return [
        (before, step.rule)
        for step in steps
        for before in step.after
        if before in shown and not followers(before, steps).intersection(step.after)
    ]


def place_steps(steps: list[Step]) -> dict[str, int]:
    """Return the level of each rule, 0 on top: below all it waits for, and right above the first that waits for it."""
    levels: dict[str, int] = {}
    for step in steps:  # in data-flow order: what a rule waits for comes before it
        levels[step.rule] = max((levels[name] + 1 for name in step.after if name in levels), default=0)
    for step in reversed(steps):
        later = [levels[other.rule] for other in steps if step.rule in other.after]
        if later and not step.after:
            levels[step.rule] = min(later) - 1
    return levels


@dataclass(frozen=True)
class RuleTimes:
    """The jobs of one rule together: number, wall times added up, the longest job, the highest memory sampled."""

    jobs: int
    seconds: float
    longest: Job
    peak_resident_bytes: int | None


def summarize_jobs(study: Study) -> dict[str, RuleTimes]:
    """Return how long the jobs of each rule took together."""
    found: dict[str, list[Job]] = {}
    for job in list_jobs(study):
        found.setdefault(job.rule, []).append(job)
    return {rule: summarize(jobs) for rule, jobs in found.items()}


def summarize(jobs: list[Job]) -> RuleTimes:
    """Return what is told of one rule's jobs."""
    peaks = [job.peak_resident_bytes for job in jobs if job.peak_resident_bytes is not None]
    return RuleTimes(
        jobs=len(jobs),
        seconds=sum(job.seconds for job in jobs),
        longest=max(jobs, key=lambda job: job.seconds),
        peak_resident_bytes=max(peaks, default=None),
    )
