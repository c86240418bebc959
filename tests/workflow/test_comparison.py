"""The comparison of speed with small models, by its command: a group is measured, and the page is made of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.workflow


def run(script, *arguments):
    command = [sys.executable, str(ROOT / "bench" / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout


def test_a_group_is_measured_and_the_page_made_of_it(tmp_path):
    run("compare.py", "--tiny", "--output", tmp_path, "--only", "assignment_encoder", "--commit", "abc")
    group = json.loads((tmp_path / "results.json").read_text())["assignment_encoder"]
    assert group["finished"] and group["about"]["commit"] == "abc" and group["about"]["versions"]["torch"]
    assert set(group["parts"]) == {"full", "lora", "p_tuning", "prediction"}
    assert all(part["per_second"] > 0 for part in group["parts"].values()), group["parts"]
    (tmp_path / "docs").mkdir()
    run("document.py", tmp_path, tmp_path / "docs")
    page = (tmp_path / "docs/speed.md").read_text()
    assert "commit abc" in page and "not run" in page and page == (tmp_path / "speed.md").read_text()
    assert (tmp_path / "docs/speed.json").exists()
