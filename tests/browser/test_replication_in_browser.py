"""The page that compares two studies, as its readers meet it."""

import json

import pytest
from test_page import SERIOUS, TOO_WIDE

from example_contests import FULL, LORA, make_contest
from fineprint.reporting.replication.page import render_replication
from fineprint.reporting.words import FOLDER
from fineprint.results.replication.comparison import compare_studies

AHEAD = {FULL: range(280), LORA: range(220), "roberta_prefix": range(150)}
BEHIND = {FULL: range(220), LORA: range(280), "roberta_prefix": range(150)}


@pytest.fixture(scope="session")
def report_file(tmp_path_factory):
    """In the place of the report: what `open_report` opens."""
    folder = tmp_path_factory.mktemp("replication")
    for name, right in (("first", AHEAD), ("second", BEHIND)):
        (folder / name).mkdir()
        results = json.dumps(make_contest(right, (1, 2, 3)))
        (folder / name / "results.json").write_text(results, encoding="utf-8")
    file = folder / "replication.html"
    found = compare_studies(folder / "first", folder / "second")
    file.write_text(render_replication(found, FOLDER.parent), encoding="utf-8")
    return file


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_no_barrier_no_complaint_and_no_scrolling_sideways(open_report, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_report(width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    violations = Axe().run(page).response["violations"]
    found = [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in violations if rule["impact"] in SERIOUS]
    assert found == [] and page.heard == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.eval_on_selector_all("main > section > *", TOO_WIDE, width) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_screen_says_what_held_and_what_did_not(open_report, width):
    page = open_report(width)
    verdict = page.locator(".verdict")
    assert "changed sides" in verdict.inner_text()
    box = verdict.bounding_box()
    assert box["y"] + box["height"] < 900
