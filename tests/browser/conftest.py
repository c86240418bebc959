"""A browser and a page to look at: the system's Chromium, and the report of made-up results, rendered once."""

import os
import shutil
from pathlib import Path

import pytest

from example_serving import make_long_results
from fineprint.reporting.figures.plotting import plot_all
from fineprint.reporting.html import render

REPORT = Path(__file__).parents[2] / "report"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = (
    "No Chromium was found: install it (Debian and Ubuntu: apt-get install chromium) to test the page in a browser."
)
SOME = ("roberta_full", "roberta_lora", "llama_zero_shot", "llama_qlora_generation")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses to run as root
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"] if root else [])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    results = make_long_results(SOME, {"matched": 240, "mismatched": 240})
    plot_all(results, folder / "figures")
    file = folder / "report.html"
    file.write_text(render(results, folder / "figures", REPORT, "page"), encoding="utf-8")
    return file


@pytest.fixture
def open_report(chromium, report_file):
    """Open the report in a fresh window; `page.heard` holds what the console said and what was asked of the network."""
    contexts = []

    def open_page(width=1280, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on(
            "request",
            lambda asked: page.heard.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None,
        )
        page.goto(report_file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
