"""What goes wrong on a cluster: a rule's own error, a killed driver, a canceled job, a time limit, a lost node.

These need no GPU and run beside the study of every method, which waits for its one GPU most of the time; what its own
file tests comes after them, by its name.
"""

import json
import os
import signal
import time

import psutil
import pytest
import yaml

from cluster import ask, wait_for
from jobs import list_ended, overlapping

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("methods")]
STUDY = "tests/config/interrupted.yaml"
RUN = "nli/roberta_full/1"


@pytest.fixture(scope="module")
def settled(make_submitting):
    """A copy in which everything before the training is done."""
    copy = make_submitting("settled", STUDY)
    copy.finish(copy.run_locally("all_data", "all_backbones"))
    return copy.folder


@pytest.fixture
def make_training(settled, make_submitting):
    """Copies that have a training of a given length before them."""

    def make(name, epochs):
        copy = make_submitting(name, "training.yaml", settled)
        study = yaml.safe_load((copy.folder / STUDY).read_text(encoding="utf-8"))
        study["defaults"]["training"]["epochs"] = epochs
        (copy.folder / copy.study).write_text(yaml.safe_dump(study), encoding="utf-8")
        return copy

    return make


def trainings(copy):
    """The jobs of the training, as Slurm accounted for them when all had ended."""
    return [job for job in list_ended(copy.folder) if "train_method" in job.rules]


def wait_for_state(number, state, seconds=60):
    """Wait until a job is in a state, as Slurm's controller sees it."""
    wait_for(f"{state} of {number}", lambda: f"JobState={state} " in ask("scontrol", "show", "job", number), seconds)


def wait_for_checkpoint(copy, driver, after=0):
    """Wait until a training has written a checkpoint beyond a step; return its job."""

    def is_there():
        assert driver.poll() is None, copy.text()[-4000:]
        return copy.newest_step(RUN) > after

    wait_for("a checkpoint", is_there, 120)
    return ask("squeue", "--noheader", "--states=running", f"--name={copy.run_id()}", "--format=%A").strip()


def pause(copy):
    """Stop a training where it is; Slurm wakes a job up before it tells it to end."""
    for process in psutil.process_iter():
        try:
            if "scripts/train_method.py" in process.cmdline() and process.cwd() == str(copy.folder):
                process.send_signal(signal.SIGSTOP)
        except (psutil.Error, OSError):
            continue


def read_training(copy):
    """The record of the training, once it is done."""
    return json.loads((copy.folder / f"results/interrupted/runs/{RUN}/train.json").read_text(encoding="utf-8"))


def test_a_failing_rule_shows_its_own_error(make_training):
    copy = make_training("failing", 1)
    script = copy.folder / "scripts/train_method.py"
    text = script.read_text(encoding="utf-8")
    broken = 'from fineprint.core.settings import SettingsError\n\n    raise SettingsError("the moon is full")'
    assert "kept = None" in text
    script.write_text(text.replace("kept = None", broken, 1), encoding="utf-8")
    driver = copy.start("all_models", "--retries=0")
    assert driver.wait(120) != 0
    output = copy.text()
    assert "Error: the moon is full" in output and "train_method" in output
    assert f"logs/interrupted/train_method/{RUN}.log" in output
    (job,) = trainings(copy)
    assert job.state == "FAILED" and f"/{job.number}.log" in output, "and where Slurm's own log is"
    assert job.account == "lab" and job.partition == "cpu"


def test_a_killed_driver_is_resumed_without_a_second_writer(make_training):
    copy = make_training("killed", 150)
    driver = copy.start("all_models")
    orphan = wait_for_checkpoint(copy, driver)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    step = copy.newest_step(RUN)
    wait_for("the orphan's next checkpoint", lambda: copy.newest_step(RUN) > step)
    resumed = copy.resume("all_models")
    copy.finish(resumed)
    assert f"Cancelling {orphan}" in copy.text() and "Canceled 1 jobs of an earlier run" in copy.text()
    jobs = trainings(copy)
    assert [job.state for job in jobs] == ["CANCELLED", "COMPLETED"] and not overlapping(jobs)
    assert read_training(copy)["resumed_from_steps"][0] >= step


def test_a_time_limit_and_scancel_cost_no_more_than_a_checkpoint(make_training):
    copy = make_training("limited", 100)
    driver = copy.start("all_models")
    limited = wait_for_checkpoint(copy, driver)
    pause(copy)
    ask("scontrol", "update", f"JobId={limited}", "EndTime=now")  # Slurm looks at time limits every 30 s
    wait_for_state(limited, "TIMEOUT", 90)
    first = copy.newest_step(RUN)
    canceled = wait_for_checkpoint(copy, driver, after=first)
    ask("scancel", canceled)
    wait_for_state(canceled, "CANCELLED")
    second = copy.newest_step(RUN)
    copy.finish(driver)
    jobs = trainings(copy)
    assert [job.state for job in jobs] == ["TIMEOUT", "CANCELLED", "COMPLETED"] and not overlapping(jobs)
    assert [job.memory_mb for job in jobs] == [2000, 4000, 6000], "more for every retry"
    record = read_training(copy)
    assert record["resumed_from_steps"] == [first, second] and 0 < first < second < record["steps"][-1]["step"]
    assert not (copy.folder / "checkpoints").exists(), "nothing is left of them after success"


def test_a_node_that_is_away_for_a_while_stops_nothing(slurm, methods):
    """The study of every method goes on; its own tests see the end of it."""
    copy = methods.submitted
    running = ("squeue", "--noheader", "--states=running", f"--name={copy.run_id()}")
    wait_for("a job of it", lambda: bool(ask(*running)), 120)
    slurm.stop_daemon("slurmd")
    time.sleep(8)
    slurm.start_node()
    assert methods.driver.poll() is None, copy.text()[-4000:]
