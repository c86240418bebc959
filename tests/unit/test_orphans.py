"""Which jobs are canceled after Snakemake was killed, and when none is; squeue and scancel are stand-ins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fineprint.core.settings import SettingsError
from fineprint.jobs import orphans

ROOT = Path(__file__).parents[2]

# Lists the jobs in the file `queue`; what is canceled leaves it at the second look, like a job that is still ending.
SQUEUE = """#!/bin/sh
echo "$@" >> asked
cat queue
[ -e ending ] && { rm ending; cp after queue; }
[ -e canceled ] && touch ending
exit 0
"""
SCANCEL = """#!/bin/sh
echo "$@" >> canceled
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a queue of its own."""
    for name, text in (("squeue", SQUEUE), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(orphans, "SECONDS_BETWEEN_LOOKS", 0.02)
    (tmp_path / "after").touch()
    return tmp_path


def fill(folder, *lines):
    (folder / "queue").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def canceled(folder):
    file = folder / "canceled"
    return file.read_text(encoding="utf-8").split() if file.exists() else []


def test_only_this_folder_s_jobs_of_this_workflow_are_canceled(folder):
    other = "20|other_a1|" + str(folder)
    elsewhere = f"30|fineprint_b2|{folder}/elsewhere"
    fill(folder, f"11|fineprint_a1|{folder}", f"12|fineprint_c3|{folder}", other, elsewhere)
    (folder / "after").write_text(f"{other}\n{elsewhere}\n", encoding="utf-8")
    assert orphans.cancel_orphans(folder, "fineprint_", 10) == ["11", "12"]
    assert canceled(folder) == ["11", "12"], "each once, though they stood in the queue a while longer"
    assert f"--user={os.getuid()}" in (folder / "asked").read_text(encoding="utf-8")


def test_a_folder_by_another_path_is_the_same_folder(folder):
    link = folder / "link"
    link.symlink_to(folder)
    fill(folder, f"11|fineprint_a1|{link}")
    assert orphans.list_slurm_jobs(folder, "fineprint_") == ["11"]


def test_an_empty_queue_is_looked_at_twice(folder):
    fill(folder)
    assert orphans.cancel_orphans(folder, "fineprint_", 10) == []
    assert len((folder / "asked").read_text(encoding="utf-8").splitlines()) == 2 and not canceled(folder)


def test_a_job_that_does_not_end_is_named(folder):
    fill(folder, f"11|fineprint_a1|{folder}")
    (folder / "after").write_text(f"11|fineprint_a1|{folder}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"not ended within 0 s: 11.*two jobs must not write the same file"):
        orphans.cancel_orphans(folder, "fineprint_", 0.2)


def test_a_silent_slurm_is_no_empty_queue(folder):
    (folder / "squeue").write_text("#!/bin/sh\necho 'cannot contact the controller' >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot contact the controller"):
        orphans.cancel_orphans(folder, "fineprint_", 10)


def test_without_slurm_a_login_node_is_asked_for(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder / "nothing"))
    with pytest.raises(SettingsError, match="use a login node"):
        orphans.list_slurm_jobs(folder, "fineprint_")


def test_nothing_is_canceled_beside_a_living_snakemake(folder):
    fill(folder, f"11|fineprint_a1|{folder}")
    command = [sys.executable, "-c", "import time; time.sleep(60)", "snakemake"]
    with subprocess.Popen(command, cwd=folder) as living:
        try:
            with pytest.raises(SettingsError, match=rf"process {living.pid} on .*kill -INT {living.pid}"):
                orphans.cancel_orphans(folder, "fineprint_", 10)
        finally:
            living.kill()
    assert not canceled(folder)


def test_snakemake_inside_a_job_is_no_driver():
    assert orphans.is_driver(["python", "-m", "snakemake", "--cores", "1"])
    assert orphans.is_driver(["/usr/bin/python", "/usr/bin/snakemake", "--profile", "profiles/slurm"])
    assert not orphans.is_driver(["python", "-m", "snakemake", "--target-jobs", "x", "--mode", "remote"])
    assert not orphans.is_driver(["vim", "rules/snakemake.txt"])


def test_the_prefix_is_the_profile_s(tmp_path):
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    assert orphans.read_prefix(ROOT / "profiles/slurm") == profile["slurm-jobname-prefix"] + "_"
    (tmp_path / "config.yaml").write_text("slurm-jobname-prefix: ours", encoding="utf-8")
    assert orphans.read_prefix(tmp_path) == "ours_"
    (tmp_path / "config.yaml").write_text("jobs: 3", encoding="utf-8")
    with pytest.raises(SettingsError, match="no slurm-jobname-prefix"):
        orphans.read_prefix(tmp_path)
    with pytest.raises(SettingsError, match="does not exist"):
        orphans.read_prefix(tmp_path / "none")
