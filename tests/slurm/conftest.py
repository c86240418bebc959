"""A Slurm for all tests of this folder, and copies of the workflow that submit to it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cluster

ROOT = Path(__file__).parents[2]
PARTS = (
    *("Snakefile", "Makefile", "config.yaml", "requirements.lock", "rules", "scripts", "report", "envs", "profiles"),
    *("studies", "tests"),
)
# A test cluster answers at once: it is asked more often than a real one.
QUICK = ("--slurm-init-seconds-before-status-checks=2", "--seconds-between-status-checks=1", "--latency-wait=10")
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "OMP_NUM_THREADS": "1",
}


def pytest_collection_modifyitems(items):
    """Skip what needs a Slurm, with the reason, where none can be started."""
    reason = cluster.why_not()
    for item in items:
        if reason and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


class Submitting:
    """A copy of the workflow in a folder of its own, with the account set where the profile says."""

    def __init__(self, folder: Path, study: str) -> None:
        self.folder, self.study = folder, study
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        profile = folder / "profiles/slurm/config.yaml"
        text = profile.read_text(encoding="utf-8")
        assert text.count("# slurm_account: my_group") == 1
        profile.write_text(text.replace("# slurm_account: my_group", "slurm_account: lab"), encoding="utf-8")
        self.log = folder / "driver.log"
        self.started: list[subprocess.Popen] = []

    def run_id(self) -> str:
        """Return the name of the last run's jobs."""
        return re.findall(r"SLURM run ID: (\S+)", self.text())[-1]

    def newest_step(self, run: str) -> int:
        """Return the step of a run's newest checkpoint, 0 without one."""
        places = self.folder.glob(f"checkpoints/*/{run}/step-*")
        return max((int(place.name.partition("-")[2]) for place in places), default=0)

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start the command that a user types."""
        command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", *arguments]
        return self.spawn([*command, *QUICK, "--configfile", self.study])

    def resume(self, *arguments: str) -> subprocess.Popen:
        """Start `make resume`, with this environment in the place of one that make would set up."""
        (self.folder / ".venv").mkdir(exist_ok=True)
        (self.folder / ".venv/ready").touch()
        return self.spawn(["make", "resume", f"STUDY={self.study}", f"OPTIONS={' '.join([*QUICK, *arguments])}"])

    def run_locally(self, *arguments: str) -> subprocess.Popen:
        """Start the same study on this machine alone."""
        command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "1", "--resources", "gpu=1"]
        return self.spawn([*command, "--configfile", self.study])

    def spawn(self, command: list[str]) -> subprocess.Popen:
        """Start a command that writes to this copy's log; it has a group of its own, to be ended whole."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, env=ENVIRONMENT, stdout=log, stderr=log, start_new_session=True
            )
        self.started.append(process)
        return process

    def text(self) -> str:
        """Return what the commands have printed so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def finish(self, process: subprocess.Popen, seconds: float = 400) -> None:
        """Wait for a command's success."""
        assert process.wait(seconds) == 0, self.text()[-6000:]

    def end(self) -> None:
        """End what still runs."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """A running Slurm with one GPU and accounting."""
    folder = tmp_path_factory.mktemp("cluster")
    folder.chmod(0o755)
    running = cluster.Cluster(folder)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def make_submitting(slurm, tmp_path_factory):
    """Copies of the workflow; what still runs in them at the end is ended."""
    made = []

    def make(name: str, study: str, settled: Path | None = None) -> Submitting:
        made.append(Submitting(tmp_path_factory.mktemp(name), study))
        for part in ("results", ".snakemake", "logs", "benchmarks"):
            if settled is not None:
                shutil.copytree(settled / part, made[-1].folder / part)
        return made[-1]

    yield make
    for copy in made:
        copy.end()


class Methods:
    """The study of every method, through Slurm and on this machine, at the same time on a core each."""

    def __init__(self, submitted: Submitting, local: Submitting) -> None:
        self.submitted, self.local = submitted, local
        self.driver, self.alone = submitted.start(), local.run_locally("all_scores")

    def finish(self) -> None:
        """Wait for both."""
        self.local.finish(self.alone, 600)
        self.submitted.finish(self.driver, 600)


@pytest.fixture(scope="session")
def methods(make_submitting):
    """The study of every method under way: one GPU is a narrow way, so other tests run meanwhile."""
    study = "tests/config/slurm.yaml"
    return Methods(make_submitting("submitted", study), make_submitting("local", study))
