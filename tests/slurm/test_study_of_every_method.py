"""Every method through profiles/slurm on one GPU, and on this machine alone."""

import json

import pytest

from jobs import list_ended, overlapping

pytestmark = pytest.mark.slurm
WITH_GPU = ("train_method", "predict_labels", "serve_tasks", "combine_tasks", "measure_forgetting")


@pytest.fixture(scope="module")
def both(methods):
    """Both copies when all is done."""
    methods.finish()
    return methods.submitted, methods.local


def test_the_report_is_made_though_the_node_was_away(both):
    folder = both[0].folder / "results/slurm"
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    assert all(job.state == "COMPLETED" for job in list_ended(both[0].folder)), list_ended(both[0].folder)


def test_gpu_rules_held_a_gpu_and_never_two_at_once(both):
    jobs = list_ended(both[0].folder)
    for job in jobs:
        wanted = any(rule in job.rules for rule in WITH_GPU)
        assert (job.gpus, job.partition, job.account) == (int(wanted), "gpu" if wanted else "cpu", "lab"), job
    holding = [job for job in jobs if job.gpus]
    assert len(holding) == 24, "twelve trainings, and twelve predictions with their scores"
    assert not overlapping(holding)
    assert len(jobs) == 30, "and the rows, two backbones, three for the report: nothing else reaches the queue"


def test_scores_are_those_of_a_local_run(both):
    submitted, local = (copy.folder / "results/slurm/runs/nli" for copy in both)
    methods = sorted(folder.name for folder in local.iterdir())
    assert len(methods) == 12
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
