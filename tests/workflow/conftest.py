import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "rules", "scripts", "report", "envs", "profiles", "studies", "tests")


class Copy:
    """A copy of the workflow in a folder of its own; what it computes stays there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)

    def run(
        self, *arguments: str, study: str = "tests/config/tiny.yaml", prefix: list[str] | None = None
    ) -> subprocess.CompletedProcess:
        """Run snakemake with the environment that runs the tests, perhaps by another program."""
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        options = ["--cores", "2", *arguments, "--configfile", study]
        command = [*(prefix or []), sys.executable, "-m", "snakemake", *options]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def planned(self, *arguments: str, study: str = "tests/config/tiny.yaml") -> dict[str, int]:
        """Return how many jobs of each rule a run would start."""
        done = self.run("-n", *arguments, study=study)
        assert done.returncode == 0, done.stdout + done.stderr
        lines = [line.split() for line in (done.stdout + done.stderr).splitlines()]
        counts = {
            parts[0]: int(parts[1])
            for parts in lines
            if len(parts) == 2 and parts[0].isidentifier() and parts[1].isdecimal()
        }
        counts.pop("total", None)
        return counts


@pytest.fixture(scope="session")
def make_copy(tmp_path_factory):
    return lambda name: Copy(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def finished(make_copy):
    """A copy in which the tiny study has run."""
    copy = make_copy("finished")
    done = copy.run()
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return copy
