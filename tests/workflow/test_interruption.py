"""A training job killed in a copy of the workflow: the next run goes on from its checkpoint and removes it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fineprint.core.records import hash_file

pytestmark = pytest.mark.workflow

STUDY = "tests/config/interrupted.yaml"
RUN = "results/interrupted/runs/nli/roberta_full/1"
KEPT = "checkpoints/interrupted/nli/roberta_full/1"
LOG = "logs/interrupted/train_method/nli/roberta_full/1.log"


@pytest.fixture(scope="module")
def prepared(make_copy):
    """A copy in which everything before the training is done."""
    copy = make_copy("interrupted")
    done = copy.run("results/interrupted/backbones/encoder/backbone.json", f"{RUN}/run_config.json", study=STUDY)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return copy.folder


def start(folder: Path, *arguments: str, study: str = STUDY) -> subprocess.Popen:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "snakemake", "--cores", "2", f"{RUN}/train.json", *arguments]
    command += ["--configfile", study]
    return subprocess.Popen(
        command,
        **{"cwd": folder, "env": environment, "text": True, "start_new_session": True},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT},
    )


def newest_step(folder: Path) -> int:
    return max((int(path.name.partition("-")[2]) for path in (folder / KEPT).glob("step-*")), default=0)


def wait_for_checkpoint(job: subprocess.Popen, folder: Path, after: int) -> None:
    until = time.monotonic() + 120
    while newest_step(folder) <= after:
        assert job.poll() is None and time.monotonic() < until, job.communicate()[0][-3000:]
        time.sleep(0.05)


def processes_of_job(job: subprocess.Popen) -> list[psutil.Process]:
    """The shell of the training job, tee and Python, as a scheduler's signal reaches them."""
    below = psutil.Process(job.pid).children(recursive=True)
    return [process for process in below if {"train_method.py", "tee"} & set(words(process))]


def words(process: psutil.Process) -> list[str]:
    try:
        return [part for word in process.cmdline() for part in re.split(r"[/\s]", word)]
    except psutil.Error:
        return []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_training_goes_on(prepared, number):
    before = newest_step(prepared)
    job = start(prepared)
    wait_for_checkpoint(job, prepared, before)
    for process in processes_of_job(job):
        process.send_signal(number)
    output, _ = job.communicate(timeout=60)
    assert job.returncode != 0 and not (prepared / RUN / "train.json").exists()
    assert newest_step(prepared) > before
    left = [path.name for path in (prepared / KEPT).iterdir() if path.name.startswith("step-")]
    assert len(left) == 1, left
    if number == signal.SIGTERM:
        sentence = rf"nli roberta_full seed 1 was stopped by SIGTERM at step (\d+) of \d+; its state is kept in {KEPT}"
        stopped = re.search(f"Stopped: {sentence}", (prepared / LOG).read_text(encoding="utf-8"))
        assert stopped and int(stopped[1]) == newest_step(prepared), output[-3000:]


def test_the_run_ends_and_tells(prepared):
    """After both kills: the training goes on once more, ends, and leaves no checkpoint."""
    last = newest_step(prepared)
    job = start(prepared)
    output, _ = job.communicate(timeout=120)
    assert job.returncode == 0, output[-3000:]
    record = json.loads((prepared / RUN / "train.json").read_text(encoding="utf-8"))
    assert len(record["resumed_from_steps"]) == 2 and record["resumed_from_steps"][-1] == last
    assert [step["step"] for step in record["steps"]] == sorted({step["step"] for step in record["steps"]})
    assert len(record["epochs"]) == 100 and any("went on from its checkpoint" in note for note in record["notes"])
    assert not (prepared / "checkpoints").exists()


def test_another_interval_trains_nothing_anew(prepared):
    overlay = prepared / "often.yaml"
    overlay.write_text((prepared / STUDY).read_text().replace("0.02", "0, gpus_per_run: 2"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "-n", f"{RUN}/train.json", "--configfile", "often.yaml"],
        **{"cwd": prepared, "capture_output": True, "text": True, "check": True},
    )
    assert "Nothing to be done" in done.stdout + done.stderr


def test_two_processes_are_killed_and_go_on(prepared):
    """As two GPUs would be used, here by two processes on the CPU."""
    text = (prepared / STUDY).read_text(encoding="utf-8").replace("epochs: 100", "epochs: 40")
    (prepared / "two.yaml").write_text(text.replace("0.02", "0.02, gpus_per_run: 2"), encoding="utf-8")
    job = start(prepared, "--resources", "gpu=2", study="two.yaml")
    wait_for_checkpoint(job, prepared, 0)
    for process in processes_of_job(job):
        process.send_signal(signal.SIGTERM)
    output, _ = job.communicate(timeout=60)
    assert job.returncode != 0 and not (prepared / RUN / "train.json").exists(), output[-3000:]
    assert "was stopped by SIGTERM" in (prepared / LOG).read_text(encoding="utf-8")
    job = start(prepared, "--resources", "gpu=2", study="two.yaml")
    output, _ = job.communicate(timeout=120)
    assert job.returncode == 0, output[-3000:]
    record = json.loads((prepared / RUN / "train.json").read_text(encoding="utf-8"))
    assert record["processes"] == 2 and len(record["resumed_from_steps"]) == 1 and len(record["epochs"]) == 40
    assert any(note.startswith("2 processes shared the training") for note in record["notes"])
    assert not (prepared / "checkpoints").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGINT])
def test_snakemake_itself_is_ended_and_the_same_command_goes_on(prepared, number):
    """Killed, its terminal closed, or Ctrl-C: no unlocking, no other option, and never two writers."""
    (prepared / RUN / "train.json").unlink(missing_ok=True)
    text = (prepared / STUDY).read_text(encoding="utf-8").replace("epochs: 100", "epochs: 400")
    (prepared / "long.yaml").write_text(text, encoding="utf-8")  # no orphan may come to its end meanwhile
    job = start(prepared, study="long.yaml")
    wait_for_checkpoint(job, prepared, 0)
    orphans = [process for process in processes_of_job(job) if "train_method.py" in words(process)]
    if number == signal.SIGKILL:
        job.send_signal(number)
    else:
        os.killpg(job.pid, number)  # as a terminal does
    job.wait(timeout=60)  # its orphan holds its output open
    output, _ = start(prepared, study="long.yaml").communicate(timeout=240)
    assert "LockException" not in output and "IncompleteFiles" not in output
    record = json.loads((prepared / RUN / "train.json").read_text(encoding="utf-8"))
    assert record["resumed_from_steps"] and len(record["epochs"]) == 400, output[-3000:]
    assert not [orphan for orphan in orphans if orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE]
    hashes = {name: hash_file(prepared / RUN / "model" / name) for name in record["saved_files"]}
    assert hashes == record["saved_files"], "nobody wrote beside it"
    assert not (prepared / "checkpoints").exists()
