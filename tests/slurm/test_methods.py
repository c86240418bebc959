"""Every method through profiles/slurm on one GPU, and on this machine alone; the node's daemon is away for a while."""

import json
import time

import pytest

from cluster import wait_for
from jobs import list_jobs, overlapping

pytestmark = pytest.mark.slurm
STUDY = "tests/config/slurm.yaml"
WITH_GPU = ("train_method", "predict_labels", "serve_tasks", "combine_tasks", "measure_forgetting")


@pytest.fixture(scope="module")
def both(slurm, make_submitting):
    """The study through Slurm and on this machine, at the same time on a core each."""
    submitted, local = make_submitting("submitted", STUDY), make_submitting("local", STUDY)
    driver, alone = submitted.start(), local.run_locally("all_scores")
    interrupt_the_node(slurm, submitted)
    submitted.finish(driver, 400)
    local.finish(alone, 400)
    return submitted, local


def interrupt_the_node(slurm, submitted):
    """Stop the node's daemon while a training runs, for a few seconds."""
    wait_for("a training", lambda: any(job.gpus and job.state == "RUNNING" for job in list_jobs(submitted.folder)), 120)
    slurm.stop_daemon("slurmd")
    time.sleep(8)
    slurm.start_node()


def test_the_report_is_made_though_the_node_was_away(both):
    folder = both[0].folder / "results/slurm"
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    assert all(job.state == "COMPLETED" for job in list_jobs(both[0].folder)), list_jobs(both[0].folder)


def test_gpu_rules_held_a_gpu_and_never_two_at_once(both):
    jobs = list_jobs(both[0].folder)
    for job in jobs:
        wanted = any(rule in job.rules for rule in WITH_GPU)
        assert (job.gpus, job.partition, job.account) == (int(wanted), "gpu" if wanted else "cpu", "lab"), job
    holding = [job for job in jobs if job.gpus]
    assert len(holding) == 16, "eight trainings, and eight predictions with their scores"
    assert not overlapping(holding)
    assert len(jobs) == 20, "and the rows, two backbones, the report: nothing else reaches the queue"


def test_scores_are_those_of_a_local_run(both):
    submitted, local = (copy.folder / "results/slurm/runs/nli" for copy in both)
    methods = sorted(folder.name for folder in local.iterdir())
    assert len(methods) == 8
    for method in methods:
        scores = [
            json.loads((root / method / "1/scores.json").read_text(encoding="utf-8")) for root in (submitted, local)
        ]
        assert scores[0]["splits"] == scores[1]["splits"] and scores[0]["splits"], method
        for name in ("matched", "mismatched"):
            answers = [(root / method / f"1/predictions/{name}.jsonl").read_bytes() for root in (submitted, local)]
            assert answers[0] == answers[1], method


def test_slurm_s_own_logs_are_kept(both):
    logs = both[0].folder / "logs/slurm"
    assert len(list(logs.rglob("*.log"))) >= 20
    assert list(logs.glob("rule_train_method/*/*.log")), "a folder per rule"
