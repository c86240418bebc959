"""An edit in the library makes nothing again, and is named wherever it could matter."""

import re
import shutil

import pytest

pytestmark = pytest.mark.workflow

WARNING = "that has changed since"
FILE = "scripts/fineprint/training/optimizing.py"


@pytest.fixture
def copy(finished, tmp_path):
    """The finished study once more, so that its files can be changed."""
    shutil.copytree(finished.folder, tmp_path, dirs_exist_ok=True, symlinks=True)
    copied = object.__new__(type(finished))
    copied.folder = tmp_path
    return copied


def add_line(copy, file, line):
    path = copy.folder / file
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")


def said_at_the_start(copy):
    done = copy.run("-n")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def test_a_finished_study_is_silent_and_so_after_a_new_comment(copy):
    assert WARNING not in said_at_the_start(copy)
    html = (copy.folder / "results/tiny/report.html").read_text(encoding="utf-8")
    assert "Every result was made by the code that" in html
    add_line(copy, FILE, "\n# a comment\n")
    assert WARNING not in said_at_the_start(copy)


def test_changed_code_is_named_and_nothing_is_made_again(copy):
    add_line(copy, FILE, "\nMORE = 1\n")
    said = said_at_the_start(copy)
    assert WARNING in said and "train_method" in said and "training/optimizing.py" in said
    assert "--configfile tests/config/tiny.yaml --forcerun train_method" in said
    assert "prepare_task" not in said.split("Assuming")[0], "it never imported that file"
    assert copy.planned() == {}


def test_the_command_that_is_named_mends_it(copy):
    """The file is one that only scoring and what follows it import, so that nothing slow is made again."""
    add_line(copy, "scripts/fineprint/scoring/scoring.py", "\nMORE = 1\n")
    said = said_at_the_start(copy)
    (rules,) = re.findall(r"--forcerun (.*)", said)
    assert rules.split()[0] == "score_predictions"
    done = copy.run("--forcerun", *rules.split())
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert WARNING not in said_at_the_start(copy)
