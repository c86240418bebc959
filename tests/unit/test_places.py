"""Where a scheduler put a job: from its environment to its log, its record and the report; nothing of it locally."""

from dataclasses import replace

import pytest

from example_results import METHODS, make_results
from fineprint.core.records import CodeState, Placement
from fineprint.jobs.environment import describe_environment
from fineprint.jobs.placement import describe_placement, read_log, write_line
from fineprint.reporting.sections import provenance
from fineprint.results.benchmarks import read_jobs
from fineprint.results.collecting import describe_provenance
from fineprint.results.lookup import Study

VARIABLES = ("SLURM_JOB_ID", "SLURMD_NODENAME", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS", "CUDA_VISIBLE_DEVICES")
ON_CARD = {"SLURM_JOB_ID": "71", "SLURMD_NODENAME": "node-3", "SLURM_STEP_GPUS": "2", "CUDA_VISIBLE_DEVICES": "2"}


def example_results():
    few = {name: METHODS[name] for name in ("roberta_full", "llama_zero_shot")}
    return make_results(few, tasks=("nli", "mood"), seeds=(1, 2), splits={"test": 90}, with_gaps=False)


@pytest.fixture
def slurm(monkeypatch):
    """Set Slurm's variables, and none but them."""

    def set_variables(**values):
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    set_variables()
    return set_variables


@pytest.mark.parametrize("gpus", ["2", "0,1", None])
def test_a_log_says_where_its_job_ran(tmp_path, slurm, gpus):
    slurm(**(ON_CARD | {"CUDA_VISIBLE_DEVICES": gpus} if gpus else {"SLURM_JOB_ID": "71", "SLURMD_NODENAME": "node-3"}))
    placement = describe_placement()
    assert placement == Placement(job="71", node="node-3", gpus=gpus)
    log = tmp_path / "train.log"
    log.write_text(f"a warning\n12:00:01 {write_line(placement)}\n12:00:02 step 1\n", encoding="utf-8")
    assert read_log(log) == placement


def test_a_gpu_that_slurm_did_not_grant_is_none(slurm):
    slurm(SLURM_JOB_ID="71", SLURMD_NODENAME="node-3", CUDA_VISIBLE_DEVICES="0")
    assert describe_placement().gpus is None


def test_nothing_is_said_outside_of_slurm(tmp_path, slurm):
    assert describe_placement() is None and describe_environment().placement is None
    (tmp_path / "train.log").write_text("12:00:02 step 1\n", encoding="utf-8")
    assert read_log(tmp_path / "train.log") is None and read_log(tmp_path / "missing.log") is None


def test_a_record_says_it_and_machines_are_told_apart_without_it(slurm):
    slurm(**ON_CARD)
    first = describe_environment()
    slurm(**(ON_CARD | {"SLURM_JOB_ID": "72"}))
    second = describe_environment()
    assert (first.placement.job, second.placement.job) == ("71", "72")
    study = Study(example_results())
    run = study.results.runs[0]
    run = replace(run, train=replace(run.train, environment=first), predict=replace(run.predict, environment=second))
    code = CodeState(records=0, records_without_note=0, changed=[])
    machines = describe_provenance(study.config, "snakemake", [run], [], code).hardware
    assert len(machines) == 1 and not hasattr(machines[0], "placement")


def test_logs_are_read_beside_the_benchmark_files(tmp_path):
    study = example_results()["study"]
    run = f"{study['run']['tasks'][0]}/{study['run']['methods'][0]}/{study['run']['seeds'][0]}"
    for rule in ("train_method", "score_predictions"):
        file = tmp_path / f"benchmarks/{rule}/{run}.tsv"
        file.parent.mkdir(parents=True)
        file.write_text("s\tmax_rss\n3.0\t100.0\n", encoding="utf-8")
    log = tmp_path / f"logs/train_method/{run}.log"
    log.parent.mkdir(parents=True)
    log.write_text("12:00:01 Slurm job 71 on node node-3, GPU 2\n", encoding="utf-8")
    jobs = {job.rule: job for job in read_jobs(tmp_path / "benchmarks", study, tmp_path / "logs")}
    assert jobs["train_method"].placement == Placement(job="71", node="node-3", gpus="2")
    assert jobs["score_predictions"].placement is None


def test_the_report_has_a_row_per_rule_and_node():
    results = example_results()
    trained = [job for job in results["provenance"]["jobs"] if job["rule"] == "train_method"]
    for position, job in enumerate(trained):
        job["placement"] = {"job": str(95 + position), "node": f"node-{position % 8 // 7}", "gpus": str(position % 2)}
    predicted = next(job for job in results["provenance"]["jobs"] if job["rule"] == "predict_labels")
    predicted["placement"] = {"job": "300", "node": "node-0", "gpus": None}
    study = Study(results)
    rows = [[cell.text for cell in row] for row in provenance.places_table(study).rows]
    places = [" ".join(row[:2]) for row in rows]
    assert places == ["train_method node-0", "train_method node-1", "predict_labels node-0"]
    assert rows[0][2:] == ["7", "95, 96, 97, 98, 99, …, 101", "0; 1"] and rows[2][2:4] == ["1", "300"]
    assert rows[2][4] not in {"0", "None"}
    columns = [column.title for column in provenance.jobs_table(study).columns]
    assert columns[-3:] == ["Node", "Slurm's number", "GPU"]


def test_the_report_of_a_local_run_speaks_of_no_node():
    study = Study(example_results())
    described = provenance.describe_provenance(study)
    assert described["places"] is None and "Node" not in [column.title for column in described["jobs"].columns]
    assert not any(job.placement for job in study.results.provenance.jobs)
