"""Provenance: the workflow's graph against Snakemake's own, times by rule, commands, benchmark files."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from example_results import METHODS, make_results
from example_runs import environment as example
from example_runs import machine
from example_steps import STEPS
from fineprint.core.records import Commit, Environment, Job, Machine, make_record
from fineprint.jobs import environment
from fineprint.jobs.environment import machine_facts
from fineprint.reporting.figures.plotting import plot_all
from fineprint.reporting.figures.style import figure_style
from fineprint.reporting.figures.workflow import draw_workflow
from fineprint.reporting.sections import provenance
from fineprint.results.benchmarks import read_jobs
from fineprint.results.steps import direct_arrows, followers, list_jobs, list_steps, place_steps, summarize_jobs
from fineprint.results.study import Study

ROOT = Path(__file__).parents[2]
HEAD = "s\th:m:s\tmax_rss\tmax_vms\n"


@pytest.fixture
def study():
    return make_study()


def make_study(**provenance):
    few = {name: METHODS[name] for name in ("roberta_full", "llama_zero_shot")}
    results = make_results(few, tasks=("nli", "mood"), seeds=(1, 2), splits={"test": 90}, with_gaps=False)
    results["provenance"] |= provenance
    return Study(results)


FETCHING = {"check_access", "fetch_source"}


def read_rule_graph(*options):
    """Return Snakemake's graph of a study: each rule with those it waits for."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "--quiet", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', done.stdout))
    arrows = [(names[first], names[last]) for first, last in re.findall(r"(\d+) -> (\d+)", done.stdout)]
    return {name: {first for first, last in arrows if last == name} for name in names.values() if name != "all"}


def test_the_description_is_snakemake_s_own_graph():
    described = {step.rule: set(step.after) for step in STEPS}
    assert described == read_rule_graph("--configfile", "studies/multinli.yaml")
    demo = {rule: after - FETCHING for rule, after in described.items() if rule not in FETCHING}
    assert demo == read_rule_graph(), "the demo asks no hub"


def test_steps_come_after_what_they_wait_for():
    seen = set()
    for step in STEPS:
        assert seen.issuperset(step.after), step.rule
        assert step.leaves
        seen.add(step.rule)


@pytest.mark.parametrize("left_out", [(), ("predict_labels", "score_predictions"), ("train_method",)])
def test_arrows_left_out_follow_from_the_others(left_out):
    steps = [step for step in STEPS if step.rule not in left_out]
    arrows = direct_arrows(steps)
    reached = {step.rule: set() for step in steps}
    for step in steps:
        for earlier, later in arrows:
            if later == step.rule:
                reached[later] |= {earlier, *reached[earlier]}
    for step in steps:
        assert set(step.after) - set(left_out) <= reached[step.rule]
        assert all(step.rule in followers(name, steps) for name in reached[step.rule])


def test_only_the_next_arrow_is_drawn():
    arrows = direct_arrows(STEPS)
    assert ("prepare_task", "predict_labels") not in arrows and ("train_method", "predict_labels") in arrows


def test_a_rule_stands_below_what_it_waits_for():
    levels = place_steps(STEPS)
    assert all(levels[step.rule] > levels[name] for step in STEPS for name in step.after)
    assert min(levels.values()) == 0


def test_a_rule_that_did_not_run_is_not_drawn(study):
    shown = {step.rule for step in list_steps(study)}
    ran = {job.rule for job in study.results.provenance.jobs}
    assert ran <= shown and "write_run_config" not in shown and "render_report" in shown
    assert list_steps(make_study(jobs=[])) == STEPS


def test_times_are_added_up_by_rule(study):
    jobs = study.results.provenance.jobs
    jobs.append(Job(rule="collect_results", job="", seconds=77.0, peak_resident_bytes=None))
    times = summarize_jobs(study)
    trained = [job for job in jobs if job.rule == "train_method"]
    assert times["train_method"].jobs == len(trained) == 8
    assert times["train_method"].seconds == sum(job.seconds for job in trained)
    longest = max(trained, key=lambda job: job.seconds)
    assert times["train_method"].longest.job == longest.job == "mood/llama_zero_shot/2"
    assert times["train_method"].peak_resident_bytes == max(job.peak_resident_bytes or 0 for job in trained)
    assert times["prepare_task"].peak_resident_bytes is None
    assert "collect_results" not in times, "its file is that of an earlier collection"
    table = provenance.times_table(study)
    assert [row[0].text for row in table.rows][:2] == ["prepare_task", "fetch_backbone"]
    assert len(provenance.jobs_table(study).rows) == len(jobs) - 1


def test_nothing_is_made_up_without_times():
    study = make_study(jobs=[])
    assert provenance.times_table(study) is None and provenance.jobs_table(study) is None
    with figure_style():
        drawing = draw_workflow(study)
    assert all(row["jobs"] is None and row["seconds"] is None for row in drawing.rows)
    assert "wall times" not in drawing.caption


def test_a_graph_that_was_not_noted_is_not_drawn(tmp_path):
    """Snakemake's option --no-hooks: no graph, and of the jobs all but the one that collects."""
    study = Study(replace(make_study().results, steps=[]))
    assert list_steps(study) == [] and len(list_jobs(study)) == len(study.results.provenance.jobs)
    assert "workflow" not in {entry.kind for entry in plot_all(study.results, tmp_path)}
    assert provenance.times_table(study) is not None


def test_every_row_has_a_command():
    study = make_study(command="snakemake --cores 1 --configfile a.yaml")
    rows = provenance.commands_table(study).rows
    assert len(rows) == 2 * 2 * 2 and len({row[-1].text for row in rows}) == 8
    wanted = "--configfile a.yaml --force results/demo/runs/mood/roberta_full/2/{train,predict,scores}.json"
    assert any(row[-1].text.endswith(wanted) for row in rows)
    described = provenance.describe_provenance(study)
    pattern = described["run_command"]
    for word, values in described["choices"]:
        pattern = pattern.replace(word, values[-1])
    assert pattern in {row[-1].text for row in rows}


def write_benchmark(folder, place, seconds, memory):
    file = folder / f"{place}.tsv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{HEAD}{seconds}\t0:00:01\t{memory}\t2.0\n", encoding="utf-8")


def test_benchmark_files_are_read_by_rule_and_wildcards(tmp_path, study):
    write_benchmark(tmp_path, "train_method/nli/roberta_full/1", 12.5, 500.0)
    write_benchmark(tmp_path, "predict_labels/nli/roberta_full/1", 0.4, 0.7)
    write_benchmark(tmp_path, "fetch_backbone/encoder", 6, "NA")
    write_benchmark(tmp_path, "fetch_source/tasks/nli", 3, "-")
    write_benchmark(tmp_path, "collect_results", 9, "-")
    write_benchmark(tmp_path, "serve_tasks", 99, "-")
    write_benchmark(tmp_path, "train_method/nli/roberta_of_old/1", 99, 500.0)
    write_benchmark(tmp_path, "train_method/nli/roberta_full/3", 99, 500.0)
    without_serving = [step for step in STEPS if step.rule not in ("serve_tasks", "write_serving_settings")]
    jobs = {(job.rule, job.job): job for job in read_jobs(tmp_path, study.config, without_serving)}
    assert set(jobs) == {
        ("train_method", "nli/roberta_full/1"),
        ("predict_labels", "nli/roberta_full/1"),
        ("fetch_backbone", "encoder"),
        ("collect_results", ""),
        ("fetch_source", "tasks/nli"),
    }, "jobs of methods, seeds and parts that the study no longer has are left out"
    assert jobs["train_method", "nli/roberta_full/1"].peak_resident_bytes == 500 * 1024 * 1024
    assert jobs["predict_labels", "nli/roberta_full/1"].peak_resident_bytes is None, "too short to be sampled"
    assert jobs["fetch_backbone", "encoder"].peak_resident_bytes is None


def test_the_commits_of_the_jobs_are_told():
    """Library code changes without a retraining: a report can rest on jobs of several commits."""
    commits = [
        {"commit": "a" * 40, "uncommitted_changes": False, "jobs": 7},
        {"commit": "b" * 40, "uncommitted_changes": True, "jobs": 1},
    ]
    study = make_study(commits=commits)
    facts = dict(provenance.describe_provenance(study)["facts"])
    assert facts["Commit of trainings and predictions"] == (
        f"several: {'a' * 40} (7 jobs); {'b' * 40}, with changes that were not committed (1 job)"
    )
    assert facts["Commit of the report"] == study.results.provenance.commit
    facts = dict(provenance.describe_provenance(make_study(commits=commits[:1]))["facts"])
    assert facts["Commit of trainings and predictions"] == "a" * 40


def test_a_machine_is_one_whatever_the_commit():
    jobs = [make_record({**example(), "commit": letter * 40}, Environment, "a job") for letter in "ab"]
    assert machine_facts(jobs[0]) == machine_facts(jobs[1]) == make_record(machine(), Machine, "a machine")


def test_git_that_does_not_answer_costs_no_result(monkeypatch):
    def wait(*arguments):
        raise subprocess.TimeoutExpired("git", 20)

    monkeypatch.setattr(environment, "run_git", wait)
    environment.describe_commit.cache_clear()
    try:
        assert environment.describe_commit() == Commit(commit=None, uncommitted_changes=None)
    finally:
        environment.describe_commit.cache_clear()
