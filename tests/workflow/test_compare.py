"""`snakemake compare` in a copy of the workflow: exit status, what stays, what is refused, that nothing else runs."""

import json

import pytest

from example_contests import FULL, LORA, make_contest

pytestmark = pytest.mark.workflow

SEEDS = (1, 2, 3)
AHEAD = {FULL: range(280), LORA: range(220)}
BEHIND = {FULL: range(220), LORA: range(280)}
# The second is named like the study of the config that the test runs with: that study must not be made.
STUDIES = {"ahead": AHEAD, "tiny": AHEAD, "behind": BEHIND}


@pytest.fixture(scope="module")
def copy(make_copy):
    copy = make_copy("compare")
    for name, right in STUDIES.items():
        folder = copy.folder / "results" / name
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(make_contest(right, SEEDS)), encoding="utf-8")
    return copy


def compare(copy, *config):
    done = copy.run("compare", "--config", *config)
    return done.returncode, done.stdout + done.stderr


def test_what_held_ends_well_and_makes_nothing_but_the_comparison(copy):
    status, said = compare(copy, "first=results/ahead", "second=results/tiny/")
    assert status == 0, said[-3000:]
    assert "Everything held: all 6 runs that the studies share have identical confusion matrices" in said
    folder = copy.folder / "results/compare/ahead/tiny"
    assert {file.name for file in folder.iterdir() if file.suffix != ".partial"} == {
        "replication.html",
        "replication.csv",
        "replication.json",
    }
    assert sorted(file.name for file in (copy.folder / "results").iterdir()) == ["ahead", "behind", "compare", "tiny"]
    assert [file.name for file in (copy.folder / "results/tiny").iterdir()] == ["results.json"]
    status, again = compare(copy, "first=results/ahead", "second=results/tiny/")
    assert status == 0 and "compare_studies" not in again, "nothing is compared twice"


def test_a_better_that_changed_sides_ends_in_1_and_leaves_page_and_table(copy):
    status, said = compare(copy, "first=results/ahead", "second=results/behind")
    assert status == 1 and "1 conclusion changed sides" in said
    folder = copy.folder / "results/compare/ahead/behind"
    assert "changed sides" in (folder / "replication.html").read_text(encoding="utf-8")
    assert "reversed" in (folder / "replication.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (["first=results/ahead"], "compare: name the results folders of two finished studies"),
        (["first=results/ahead", "second=results/gone"], "second=results/gone has no results.json"),
        (["gpu=24 GB"], "compare: name the results folders of two finished studies"),
    ],
)
def test_what_is_missing_is_told_before_any_job(copy, config, words):
    status, said = compare(copy, *config)
    assert status == 1 and words in " ".join(said.split()) and "compare_studies" not in said


def test_an_ordinary_run_knows_nothing_of_it(copy):
    """The study `all` asks for is planned as ever, and no job of it compares anything."""
    assert not {"compare", "compare_studies"} & set(copy.planned())
