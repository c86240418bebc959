"""Code that has changed since it made a result is named; comments, docstrings and formatting are no change."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from example_results import METHODS, make_results
from fineprint.core.records import ChangedRule, CodeState
from fineprint.jobs import code_state
from fineprint.jobs.code_state import (
    describe_code,
    find_changed_rules,
    hash_code,
    note_code,
    write_warning,
)
from fineprint.reporting.sections.changed_code import changed_code
from fineprint.results.study import Study

ROOT = Path(__file__).parents[2]
SOURCE = b'''
"""A module."""
import math

class Settings:
    """A class."""
    rank: int = 8

def area(radius: float) -> float:
    """Return the area."""
    return math.pi * radius ** 2
'''


@pytest.mark.parametrize(
    "same",
    [
        SOURCE + b"\n# a comment\n",
        SOURCE.replace(b'"""Return the area."""', b'"""Return a circle\'s area.\n\n    In square metres."""'),
        SOURCE.replace(b'    """A class."""\n', b""),
        SOURCE.replace(b'"""A module."""\n', b""),
        SOURCE.replace(b"math.pi * radius ** 2", b"(\n        math.pi  # about 3\n        * radius**2\n    )"),
        SOURCE.replace(b"\n\n", b"\n\n\n"),
    ],
)
def test_what_does_the_same_has_the_same_hash(same):
    assert same != SOURCE and hash_code(same) == hash_code(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"** 2", b"** 3"),
        (b"** 2", b"** 2.0"),
        (b"rank: int = 8", b"rank: int = 16"),
        (b"rank: int = 8", b"rank: int"),
        (b"rank: int = 8", b"rank: int = None"),
        (b"rank: int = 8", b"rank: int = True"),
        (b"rank: int = 8", b"alpha: int = 8"),
        (b"import math", b"import cmath as math"),
        (b"def area", b"def volume"),
        (b"def area", b"async def area"),
        (b"    return", b"    assert radius\n    return"),
        (b"radius: float)", b"radius: float = 1)"),
        (b"    return math.pi * radius ** 2", b"    return 'Return the area.'"),
    ],
)
def test_what_does_something_else_has_another_hash(old, new):
    assert old in SOURCE and hash_code(SOURCE.replace(old, new)) != hash_code(SOURCE)


def test_what_cannot_be_parsed_is_compared_by_its_bytes():
    assert hash_code(b"def (") == hash_code(b"def (") != hash_code(b"def ((")


@pytest.fixture
def sources(monkeypatch):
    """What stands in the library's files, as a test wishes; every one of them counts as imported."""
    held = {"training/loop.py": SOURCE, "adapters/lora.py": b"RANK = 8\n"}
    monkeypatch.setattr(code_state, "read_sources", lambda: held)
    monkeypatch.setattr(code_state, "imported_files", lambda: sorted(held))
    return held


@pytest.fixture
def leave(tmp_path, monkeypatch, sources):
    """Leave a record of a rule with its note."""

    def leave(rule, name):
        record = tmp_path / name
        record.write_text("{}", encoding="utf-8")
        monkeypatch.setattr(sys, "argv", [f"scripts/{rule}.py"])
        note_code(record)
        return record

    return leave


def changed_rule(rule, jobs, of_jobs, files):
    return ChangedRule(rule=rule, jobs=jobs, of_jobs=of_jobs, files=list(files))


def test_only_changed_code_is_named(leave, sources):
    lora = leave("train_method", "lora.json")
    del sources["adapters/lora.py"]
    records = [lora, leave("train_method", "full.json"), leave("score_predictions", "scores.json")]
    sources["adapters/lora.py"] = b"# a comment\nRANK = 8\n"
    assert find_changed_rules(records) == []
    sources["adapters/lora.py"] = b"RANK = 16\n"
    assert find_changed_rules(records) == [changed_rule("train_method", 1, 2, ("adapters/lora.py",))]
    sources["training/loop.py"] += b"MORE = 1\n"
    both = ("adapters/lora.py", "training/loop.py")
    assert find_changed_rules(records) == [
        changed_rule("train_method", 2, 2, both),
        changed_rule("score_predictions", 1, 1, ("training/loop.py",)),
    ]


def test_what_was_never_imported_is_not_named(leave, sources):
    record = leave("train_method", "train.json")
    sources["serving/ways.py"] = b"NEW = 1\n"
    assert find_changed_rules([record]) == []


def test_a_deleted_file_has_changed_and_a_result_made_again_has_not(leave, sources):
    record = leave("train_method", "train.json")
    del sources["adapters/lora.py"]
    assert find_changed_rules([record]) == [changed_rule("train_method", 1, 1, ("adapters/lora.py",))]
    assert find_changed_rules([leave("train_method", "train.json")]) == []


def test_records_that_are_not_there_or_have_no_note_say_nothing(leave, sources, tmp_path):
    record, other = leave("train_method", "train.json"), tmp_path / "other.json"
    sources["training/loop.py"] = b""
    record.unlink()
    other.write_text("{}", encoding="utf-8")
    assert find_changed_rules([record, other]) == []
    assert describe_code([record, other]) == CodeState(records=1, records_without_note=1, changed=[])


def test_the_warning_names_rules_files_and_the_command():
    many = (*(f"training/{n}.py" for n in range(6)), "core/records.py")
    changed = [changed_rule("train_method", 2, 12, ("adapters/lora.py",)), changed_rule("collect_results", 1, 1, many)]
    lines = write_warning(changed, "snakemake --cores 1").splitlines()
    assert lines[1:] == [
        "  train_method     2 of 12 jobs: adapters/lora.py",
        "  collect_results  1 of 1 jobs: training (6), core (1)",
        "To rebuild them: snakemake --cores 1 --forcerun train_method collect_results",
    ]


def test_a_note_holds_what_the_process_has_imported(tmp_path):
    code = (
        "import sys; sys.path.insert(0, 'scripts'); sys.argv[0] = 'scripts/train_method.py'; from pathlib import Path; "
        "from fineprint.core.settings import find_settings; find_settings('adapters', 'lora'); "
        f"from fineprint.jobs.code_state import note_code; note_code(Path({str(tmp_path)!r}, 'model')); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    note = json.loads((tmp_path / "model.code.json").read_text(encoding="utf-8"))
    assert note["rule"] == "train_method"
    assert {"__init__.py", "adapters/__init__.py", "adapters/lora.py", "jobs/code_state.py"} <= set(note["files"])
    assert "adapters/p_tuning.py" not in note["files"] and "training/loop.py" not in note["files"]
    source = (ROOT / "scripts/fineprint/adapters/lora.py").read_bytes()
    assert note["files"]["adapters/lora.py"]["code_sha256"] == hash_code(source)


def results_with(code):
    few = {"roberta_full": METHODS["roberta_full"]}
    results = make_results(few, tasks=("nli",), seeds=(1,), splits={"test": 90}, with_gaps=False)
    results["provenance"]["code"] = code
    return Study(results)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (None, "not known"),
        ({"records": 3, "records_without_note": 0, "changed": []}, "same"),
        ({"records": 3, "records_without_note": 1, "changed": []}, "not known"),
    ],
)
def test_the_report_says_whether_code_has_changed(code, outcome):
    assert changed_code(results_with(code))["outcome"] == outcome


def test_the_report_names_the_rules_whose_code_has_changed():
    entry = {"rule": "train_method", "jobs": 1, "of_jobs": 2, "files": ["adapters/lora.py"]}
    shown = changed_code(results_with({"records": 3, "records_without_note": 1, "changed": [entry]}))
    assert shown["outcome"] == "changed"
    assert shown["command"] == "snakemake --cores 1 --resources gpu=1 --forcerun train_method"
    assert [cell.text for cell in shown["table"].rows[0]] == ["train_method", "1", "2", "adapters/lora.py"]
