"""The workflow's rules as steps: what each leaves and waits for, which ran for a study, and how long their jobs took.

A test compares the steps with Snakemake's own graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fineprint.core.records import Job
    from fineprint.results.lookup import Study


@dataclass(frozen=True)
class Step:
    """One rule: what it leaves, and the rules whose outputs it reads."""

    rule: str
    leaves: str
    after: tuple[str, ...] = ()


SERVED = (
    *("prepare_task", "fetch_backbone", "write_run_config", "train_method", "predict_labels"),
    "write_serving_settings",
)


STEPS = (
    Step("check_access", "the commits of everything on the hub"),
    Step("fetch_source", "a model's or data set's files and their hashes", ("check_access",)),
    Step("write_task_settings", "a task's settings"),
    Step("prepare_task", "rows by split, the held-out part cut off", ("fetch_source", "write_task_settings")),
    Step("write_backbone_settings", "a backbone's settings"),
    Step("fetch_backbone", "a model folder", ("fetch_source", "write_backbone_settings")),
    Step("write_run_config", "the settings of one run"),
    Step(
        "train_method",
        "what was trained, its history and its model card",
        ("prepare_task", "fetch_backbone", "write_run_config"),
    ),
    Step(
        "predict_labels",
        "answers to the test rows",
        ("prepare_task", "fetch_backbone", "write_run_config", "train_method"),
    ),
    Step("score_predictions", "scores with intervals", ("prepare_task", "predict_labels")),
    Step("write_serving_settings", "the settings of many tasks on one backbone"),
    Step("serve_tasks", "every way to serve several tasks, measured", SERVED),
    Step("combine_tasks", "scores of combined adapters", SERVED),
    Step("measure_forgetting", "the first task before and after the second", SERVED),
    Step("write_study_config", "the study's settings"),
    Step(
        "collect_results",
        "all records in one file, and the table",
        (
            *("prepare_task", "fetch_backbone", "train_method", "predict_labels", "score_predictions"),
            *("serve_tasks", "combine_tasks", "measure_forgetting", "write_study_config"),
        ),
    ),
    Step("plot_figures", "figures and their data", ("collect_results",)),
    Step("render_report", "the page and the PDF", ("collect_results", "plot_figures")),
)


COLLECTING = "collect_results"  # times are read while it runs: what its own file and later ones say is an earlier run's


def list_steps(study: Study) -> list[Step]:
    """Return the rules that made this study, in data-flow order: all where no times are known."""
    ran = {job.rule for job in list_jobs(study)}
    return [step for step in STEPS if not ran or step.rule in ran | late_rules()]


def late_rules() -> set[str]:
    """Return the rules that run after the times were read."""
    return {COLLECTING, *followers(COLLECTING)}


def list_jobs(study: Study) -> list[Job]:
    """Return the jobs that came before collecting, with their times; none where no times were kept."""
    return [job for job in study.results.provenance.jobs if job.rule not in late_rules()]


def followers(rule: str, steps: Sequence[Step] = STEPS) -> set[str]:
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


def summarise_jobs(study: Study) -> dict[str, dict[str, Any]]:
    """Return number, sum and longest of the jobs of each rule, and the highest memory sampled."""
    found: dict[str, list[Job]] = {}
    for job in list_jobs(study):
        found.setdefault(job.rule, []).append(job)
    return {rule: summarise(jobs) for rule, jobs in found.items()}


def summarise(jobs: list[Job]) -> dict[str, Any]:
    """Return what is told of one rule's jobs."""
    longest = max(jobs, key=lambda job: job.seconds)
    peaks = [job.peak_resident_bytes for job in jobs if job.peak_resident_bytes is not None]
    return {
        "jobs": len(jobs),
        "seconds": sum(job.seconds for job in jobs),
        "longest_seconds": longest.seconds,
        "longest_job": longest.job,
        "peak_resident_bytes": max(peaks, default=None),
    }
