"""What the project promises about itself: pins, environments, names that agree."""

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fineprint import __version__
from fineprint.core.settings import RENAMED

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
PINS = dict(line.split("==") for line in LOCK if line and not line.startswith("#"))


def test_lock_pins_everything_exactly_and_no_cuda_package():
    assert all(line.startswith("#") or re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in LOCK if line)
    assert not [name for name in PINS if name.lower().startswith(("nvidia", "triton"))]
    assert PINS["torch"] == "2.13.0"


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_environments_have_the_lock_s_versions(path):
    parts = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    pins = dict(pin.split("==") for pin in next(part["pip"] for part in parts if isinstance(part, dict)))
    assert pins and {name: PINS.get(name) for name in pins} == pins
    written = subprocess.run(
        [sys.executable, "-c", f"import pin; print(pin.write({path.stem!r}), end='')"],
        cwd=ROOT / "envs",
        capture_output=True,
        text=True,
        check=True,
    )
    assert written.stdout == path.read_text(encoding="utf-8"), "all that is needed is pinned: run `python envs/pin.py`"


def test_every_rule_has_its_script_log_and_environment():
    for path in (ROOT / "rules").glob("*.smk"):
        for block in re.split(r"\n(?=rule )", path.read_text(encoding="utf-8"))[1:]:
            name = block.split()[1].rstrip(":")
            script = re.search(r'script=f"\{PROJECT\}scripts/(\w+)\.py"', block).group(1)
            assert script == name or script in ("write_settings", "check_replication"), name
            assert re.search(rf'"logs/({{(study|STUDY\.study)}}|compare)/{name}[./]', block) and "conda:" in block, name
            assert "mem_mb" in block and "runtime" in block, name
            assert ("benchmark:" in block) == ("output:" in block), "a target without a file runs each time it is asked"


def started_by_a_rule(script):
    return any(f"scripts/{script.name}" in path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk"))


def lacking(script, said):
    """Return the arguments of the script's main function that its help lacks, and what it says of itself."""
    parts = ast.parse(script.read_text(encoding="utf-8")).body
    (main,) = (part for part in parts if isinstance(part, ast.FunctionDef) and part.name == "main")
    assert main.args.kwonlyargs
    purpose = ast.get_docstring(main).splitlines()[0]
    purposes = [] if purpose[:60] in " ".join(said.split()) else [purpose]
    return [*purposes, *(argument.arg for argument in main.args.kwonlyargs if f"--{argument.arg} " not in said)]


SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
OF_RULES = [script for script in SCRIPTS if started_by_a_rule(script)]


@pytest.mark.parametrize("script", OF_RULES, ids=lambda path: path.stem)
def test_every_rule_s_script_tells_its_arguments(script, monkeypatch, capsys):
    """Here and not in an interpreter of its own, in which the workflow's tests start each of them."""
    for variable in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(variable, "1")  # a script sets them; they are put back afterwards
    monkeypatch.setattr(sys, "argv", [str(script), "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(script), run_name="__main__")
    assert end.value.code == 0 and lacking(script, capsys.readouterr().out) == []


@pytest.mark.parametrize("script", sorted({*SCRIPTS} - {*OF_RULES}), ids=lambda path: path.stem)
def test_every_other_script_tells_its_arguments(script):
    done = subprocess.run([sys.executable, str(script), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and lacking(script, done.stdout) == []


def test_files_stay_small():
    long = {p.name: n for p in (ROOT / "scripts").rglob("*.py") if (n := len(p.read_text().splitlines())) > 300}
    assert not long


def test_snakefile_has_no_functions():
    text = (ROOT / "Snakefile").read_text(encoding="utf-8")
    assert "def " not in text and len(text.splitlines()) <= 85


def test_no_two_test_files_have_one_name():
    names = [file.name for file in (ROOT / "tests").rglob("*.py") if file.name != "conftest.py"]
    assert len(names) == len(set(names)), "pytest imports them by name alone"


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest.groups() == (citation["version"], citation["date-released"]) and citation["version"] == __version__


def test_the_changelog_names_every_renamed_key():
    table = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("| in results")[0]
    assert not [key for pair in RENAMED.items() for key in pair if not re.search(rf"\b{key}\b", table)]


def test_pre_commit_runs_what_is_installed_here():
    """No version of its own: the hooks are those of requirements.lock."""
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    entries = [hook["entry"] for repo in repos for hook in repo["hooks"]]
    assert {repo["repo"] for repo in repos} == {"local"} and all(".venv/bin/" in entry for entry in entries)


BRITISH = re.compile(
    r"quantis|optimis|summaris|labelled|neighbour|behaviour|colour|favour|modelling|\bgrey\b|learnt", re.IGNORECASE
)
OLD_NAMES = ("CHANGELOG.md", "core/settings.py", "study/conflicts.py", "test_config.py", "test_project.py")


def test_the_spelling_is_american():
    """Keys, records and texts have one spelling, that of the libraries; old names stand only where they are refused."""
    kinds = (".py", ".yaml", ".md", ".j2", ".smk", ".json", ".css", ".js", ".typ", ".rst")
    folders = ("scripts", "tests", "report", "rules", "docs", "studies", "profiles", "bench")
    files = [*ROOT.glob("*.*"), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    texts = {
        str(path): path.read_text(encoding="utf-8")
        for path in files
        if path.is_file() and path.suffix in kinds and not str(path).endswith(OLD_NAMES)
    }
    assert len(texts) > 200
    assert not [f"{name}: {found[0]}" for name, text in texts.items() for found in BRITISH.finditer(text)]
