"""The page of examples in a browser: its filters find what they say, it stays quick, and texts stay texts."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from example_examples import HOSTILE, make_examples
from fineprint.reporting.examples_page import render_examples

REPORT = Path(__file__).parents[2] / "report"
COUNT = 120
LARGE = 20_000
SECONDS_TO_LOAD = 3.0
FILTER = """([name, value]) => {
  const control = document.querySelector(".filters").elements.namedItem(name);
  control.value = value;
  const before = performance.now();
  control.dispatchEvent(new Event("input", { bubbles: true }));
  return performance.now() - before;
}"""
INTERACTIVE = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd / 1000"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    found = {}
    for count in (COUNT, LARGE):
        examples = make_examples(count)
        file = folder / f"{count}.html"
        file.write_text(render_examples(examples, REPORT), encoding="utf-8")
        found[count] = (examples.sets[0], file)
    return found


@pytest.fixture
def open_examples(chromium, pages):
    contexts = []

    def open_page(count=COUNT, width=1280, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on("dialog", lambda dialog: page.heard.append(dialog.message) or dialog.dismiss())
        page.goto(pages[count][1].as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def found(page):
    """Return the number of examples that are found."""
    return int(re.match(r"[\d,]+", page.inner_text(".count"))[0].replace(",", ""))


def shown(page):
    """Return the ids of the examples that are drawn."""
    return page.locator(".examples h2").all_text_contents()


def expected(part, holds):
    return [name for place, name in enumerate(part.ids) if holds(place)]


def test_texts_stay_texts_and_the_browser_has_nothing_to_complain_of(open_examples):
    page = open_examples()
    first = page.locator(".examples article").first
    assert HOSTILE.strip() in first.inner_text() and page.locator(".examples img").count() == 0
    assert page.heard == []
    assert "no label" in page.locator(".examples article").nth(1).inner_text()


def test_each_filter_finds_what_it_says(open_examples, pages):
    page, part = open_examples(), pages[COUNT][0]
    wrong = [[answer != gold for answer, gold in zip(m.answers, part.golds, strict=True)] for m in part.methods]
    cases = {
        ("wrong", "2"): lambda at: wrong[2][at],
        ("wrong", "any"): lambda at: any(each[at] for each in wrong),
        ("wrong", "all"): lambda at: all(each[at] for each in wrong),
        ("correct", "0"): lambda at: not wrong[0][at],
        ("agreement", "agree"): lambda at: len({m.answers[at] for m in part.methods}) == 1,
        ("agreement", "differ"): lambda at: len({m.answers[at] for m in part.methods}) > 1,
        ("subset", '["genre","travel"]'): lambda at: part.tags[at]["genre"] == "travel",
        ("gold", "1"): lambda at: part.golds[at] == 1,
    }
    for (name, value), holds in cases.items():
        page.evaluate(FILTER, [name, value])
        names = expected(part, holds)
        assert found(page) == len(names) and shown(page) == names[:40], (name, value)
        assert len(names) < COUNT
        page.evaluate(FILTER, [name, ""])
    assert found(page) == COUNT


def test_filters_are_combined_cleared_and_texts_are_searched(open_examples, pages):
    page, part = open_examples(), pages[COUNT][0]
    page.get_by_label("Wrong answer by").select_option("0")
    page.get_by_label("Correct answer by").select_option("11")
    wrong = [[answer != gold for answer, gold in zip(m.answers, part.golds, strict=True)] for m in part.methods]
    assert found(page) == len(expected(part, lambda at: wrong[0][at] and not wrong[11][at]))
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".count")).to_have_text("120 of 120 examples")
    page.get_by_label("Text contains").fill("RIVER near")
    expect(page.locator(".count")).not_to_have_text("120 of 120 examples")
    names = expected(part, lambda at: "river near" in "\n".join(part.texts[at]))
    assert 0 < len(names) == found(page) and shown(page) == names


def test_the_hardest_come_first_when_asked_for_and_more_are_shown_by_keyboard(open_examples, pages):
    page, part = open_examples(), pages[COUNT][0]
    page.evaluate(FILTER, ["order", "missed"])
    missed = {name: sum(m.answers[at] != part.golds[at] for m in part.methods) for at, name in enumerate(part.ids)}
    assert [missed[name] for name in shown(page)] == sorted(missed.values(), reverse=True)[:40]
    page.get_by_role("button", name="Show more").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert len(shown(page)) == COUNT and page.locator(".more").is_hidden()


def test_20_000_examples_of_12_methods_stay_quick(open_examples):
    page = open_examples(LARGE)
    assert page.evaluate(INTERACTIVE) <= SECONDS_TO_LOAD
    assert found(page) == LARGE and len(shown(page)) == 40
    for name, value in (("wrong", "0"), ("agreement", "differ"), ("order", "sure"), ("order", "missed")):
        assert page.evaluate(FILTER, [name, value]) < 500, (name, value)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "light"), (390, "dark")])
def test_no_serious_barrier_and_nothing_scrolls_sideways(open_examples, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_examples(width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(page).response["violations"]
    serious = [rule for rule in violations if rule["impact"] in ("serious", "critical")]
    assert [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in serious] == []


def test_without_javascript_it_says_where_the_answers_are(open_examples):
    page = open_examples(java_script_enabled=False)
    assert "Filtering needs JavaScript" in page.inner_text("main")
