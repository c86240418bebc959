"""The page as its readers meet it: in a browser, by keyboard and screen reader, on a phone, in the dark, on paper."""

import itertools
import re

import pytest

SORTED = "#table-parameters-nli"
SERIOUS = ("serious", "critical")


# What a column is sorted by from top to bottom, and whether the figure is missing.
COLUMN = """(rows, position) => rows.map(row => row.cells[position]).map(cell =>
  [cell.dataset.sort ?? cell.textContent.trim(), cell.classList.contains("missing")])"""
DEAD_LINKS = """links => links.filter(link =>
  !document.getElementById(decodeURIComponent(link.slice(1)))?.getClientRects().length)"""
TOO_WIDE = """(parts, width) => parts.filter(part => part.getBoundingClientRect().right > width + 1)
  .map(part => part.outerHTML.slice(0, 120))"""


def column(page, table, position):
    return page.eval_on_selector_all(f"{table} tbody tr", COLUMN, position)


def luminance(color):
    """Return the relative luminance of a color such as "rgb(1, 2, 3)"."""
    shares = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def colors(page, selector):
    style = page.eval_on_selector(
        selector, "element => { const s = getComputedStyle(element); return [s.color, s.backgroundColor] }"
    )
    return luminance(style[0]), luminance(style[1])


def test_the_browser_has_nothing_to_complain_of_and_loads_nothing(open_report):
    page = open_report()
    page.wait_for_load_state("networkidle")
    assert page.heard == []
    assert page.evaluate("Array.from(document.images).every(image => image.complete && image.naturalWidth > 100)")


def test_every_internal_link_leads_to_something_that_is_seen(open_report):
    page = open_report()
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    links = page.eval_on_selector_all("a[href^='#']", "links => links.map(link => link.getAttribute('href'))")
    assert len(set(links)) > 15
    found = page.evaluate(DEAD_LINKS, links)
    assert found == []


def test_a_click_in_the_contents_leads_to_the_section(open_report):
    page = open_report(reduced_motion="reduce")
    page.click("nav a[href='#cost']")
    top = page.eval_on_selector("#cost", "section => section.getBoundingClientRect().top")
    assert 0 <= top < 450


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_no_serious_barrier_for_readers(open_report, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_report(width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    violations = Axe().run(page).response["violations"]
    found = [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in violations if rule["impact"] in SERIOUS]
    assert found == []


def test_headings_skip_no_level_and_tables_have_heads(open_report):
    page = open_report()
    levels = page.eval_on_selector_all("h1, h2, h3, h4, h5", "heads => heads.map(head => Number(head.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.locator("main table:not(:has(thead th[scope=col]))").count() == 0
    assert page.locator("main table").count() == page.locator("main .table-box[tabindex='0'] table").count()


def test_a_click_sorts_up_and_down_and_leaves_missing_figures_last(open_report):
    page = open_report()
    head = page.locator(f"{SORTED} thead tr:last-child th").nth(2)
    before = column(page, SORTED, 2)
    for direction, falling in (("ascending", False), ("descending", True)):
        head.locator("button").click()
        cells = column(page, SORTED, 2)
        known = [float(value) for value, missing in cells if not missing]
        assert head.get_attribute("aria-sort") == direction
        assert known == sorted(known, reverse=falling)
        assert [missing for _, missing in cells] == sorted(missing for _, missing in cells)
        assert sorted(cells) == sorted(before)
    assert any(missing for _, missing in before)
    assert len({value for value, _ in before}) > 3


def test_the_keyboard_sorts_and_only_one_column_is_said_to_be_sorted(open_report):
    page = open_report()
    heads = page.locator(f"{SORTED} thead tr:last-child th")
    heads.nth(2).locator("button").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert [heads.nth(position).get_attribute("aria-sort") for position in (2, 3)] == [None, "ascending"]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    texts = [value for value, missing in column(page, SORTED, 3) if not missing]
    assert texts == sorted(texts, key=float)


def test_the_first_tab_offers_to_skip_to_the_content(open_report):
    page = open_report()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_dark_scheme_is_dark(open_report):
    light, dark = open_report(color_scheme="light"), open_report(color_scheme="dark")
    ink, paper = colors(light, "body")
    assert (paper + 0.05) / (ink + 0.05) > 7
    ink, paper = colors(dark, "body")
    assert paper < 0.03
    assert (ink + 0.05) / (paper + 0.05) > 7
    assert colors(dark, ".notice")[1] < 0.03
    assert colors(dark, "pre")[1] < 0.05


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_page_itself_never_scrolls_sideways(open_report, width):
    page = open_report(width)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = page.eval_on_selector_all("main > section > *", TOO_WIDE, width)
    assert wide == []


def test_a_phone_s_first_screen_names_the_winner(open_report):
    page = open_report(390)
    assert page.locator(".verdict strong").bounding_box()["y"] < 900
    assert page.eval_on_selector("body", "body => parseFloat(getComputedStyle(body).fontSize)") >= 15


def test_the_first_screen_says_who_won_what_it_cost_and_how_to_rerun(open_report):
    page = open_report()
    command = page.locator("#summary pre").bounding_box()
    assert (
        page.locator(".verdict").bounding_box()["y"]
        < page.locator("#table-standings-nli").bounding_box()["y"]
        < command["y"]
        < 900
    )
    assert command["y"] < page.locator("#figure-standings-nli").bounding_box()["y"] < 1300


def test_without_javascript_everything_is_there_but_sorting(open_report):
    page, active = open_report(java_script_enabled=False), open_report()
    words = re.sub(r"\W+", "", active.inner_text("main"))
    assert re.sub(r"\W+", "", page.inner_text("main")) == words
    assert page.locator("th button").count() == 0
    assert page.locator(".sort-hint").is_hidden()
    page.locator("details:has(> pre.config) summary").click()
    assert page.locator("pre.config").is_visible()


def test_on_paper_nothing_is_folded_away(open_report):
    page = open_report()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("nav.contents").is_hidden()
    assert page.locator("pre.config").is_visible()
    assert page.locator("pre.config").bounding_box()["height"] > 400
    ink, paper = colors(page, "body")
    assert ink < 0.05
    assert paper > 0.9


def test_the_data_of_each_figure_can_be_downloaded(open_report):
    page = open_report()
    figures = page.locator("main figure")
    links = page.locator("main figure figcaption a[download]")
    assert links.count() == figures.count() >= 8
    with page.expect_download() as download:
        links.first.click()
    text = download.value.path().read_text(encoding="utf-8")
    assert download.value.suggested_filename == "standings-nli.csv"
    assert text.startswith("number,method,split")
    assert "RoBERTa, LoRA" in text
