"""One writer for each output, and a folder that goes on after Snakemake was killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fineprint.core.settings import SettingsError
from fineprint.jobs import recovery
from fineprint.jobs.single_writer import hold_alone, name_lock

SCRIPTS = Path(__file__).parents[2] / "scripts"
HOLDER = """
import signal, sys, time
from pathlib import Path
from fineprint.jobs.single_writer import hold_alone
{ignore}
held = hold_alone(Path("lock"))
Path("held").touch()
time.sleep(60)
"""


@pytest.fixture
def start_holder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = []

    def start(ignore=""):
        code = HOLDER.format(ignore=ignore)
        started.append(subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(SCRIPTS)}))
        while not Path("held").exists():
            time.sleep(0.02)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_successor_ends_its_predecessor_and_goes_on(start_holder):
    predecessor = start_holder()
    with hold_alone(Path("lock")) as file:
        assert predecessor.wait(5) == -signal.SIGTERM
        file.seek(0)
        assert json.load(file)["process"] == os.getpid()


def test_a_predecessor_that_does_not_heed_is_killed(start_holder):
    predecessor = start_holder("signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    with hold_alone(Path("lock"), insist=0.3):
        assert predecessor.wait(5) == -signal.SIGKILL


def test_a_holder_on_another_machine_is_named_and_left_alone(start_holder):
    holder = start_holder()
    noted = json.loads(Path("lock").read_text())
    Path("lock").write_text(json.dumps({**noted, "machine": "elsewhere"}))
    with pytest.raises(SettingsError, match=rf"still being run by process {holder.pid} on elsewhere"):
        hold_alone(Path("lock"), patience=0.5, insist=0.1)
    assert holder.poll() is None


def test_a_lock_is_free_again_when_its_job_has_ended(tmp_path):
    for _ in range(2):
        hold_alone(tmp_path / "lock").close()


def test_a_job_keeps_its_lock_when_its_settings_change():
    one = name_lock("scripts/train.py", ["--model", "results/a/model", "--threads", "1"])
    assert one == name_lock("/elsewhere/train.py", ["--model", "results/a/model", "--threads", "2"])
    assert one != name_lock("scripts/train.py", ["--model", "results/b/model"])
    assert one != name_lock("scripts/predict.py", ["--model", "results/a/model"])


@pytest.fixture
def locked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recovery.LOCKS.mkdir(parents=True)
    (recovery.LOCKS / "0.output.lock").touch()
    return recovery.LOCKS / "0.output.lock"


def note(**changes):
    recovery.note_run()
    noted = json.loads(recovery.NOTE.read_text())
    recovery.NOTE.write_text(json.dumps(noted | changes))


def test_the_lock_of_a_dead_run_is_taken_away(locked):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    note(process=dead.pid)
    assert "was killed. Its lock has been removed" in recovery.release_dead_lock()
    assert not locked.exists() and recovery.release_dead_lock() is None


def test_a_number_given_to_another_process_is_not_that_run(locked):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    note(process=child.pid, started=psutil.Process(child.pid).create_time() - 100)
    assert "was killed" in recovery.release_dead_lock()
    child.kill()
    child.wait()


def test_the_lock_of_a_living_run_stays_and_the_run_is_named(locked):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    note(process=child.pid, started=psutil.Process(child.pid).create_time())
    said = recovery.release_dead_lock()
    assert f"process {child.pid}" in said and "do not unlock" in said and locked.exists()
    child.kill()
    child.wait()


def test_locks_of_which_nothing_is_known_are_left_to_snakemake(locked):
    assert recovery.release_dead_lock() is None and locked.exists()
    note(machine=f"not {socket.gethostname()}", process=1)
    assert recovery.release_dead_lock() is None and locked.exists()
    note()
    assert recovery.release_dead_lock() is None and locked.exists(), "this process's own"
    recovery.NOTE.write_text("{")
    assert recovery.release_dead_lock() is None and locked.exists()
