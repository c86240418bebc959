"""`snakemake --report` in the finished tiny study: documents, figures and table are in it, each with its caption."""

import json
import re
import zipfile

import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def page(finished):
    done = finished.run("--report", "collected.html")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return (finished.folder / "collected.html").read_text(encoding="utf-8")


def read_variable(page, name):
    """Return a variable that the page's script is given as JSON."""
    block = page.split(f"var {name} = ")
    return json.JSONDecoder().raw_decode(next(part for part in block[1:] if part.lstrip()[0] in '{"'))[0]


def test_everything_is_in_its_category(finished, page):
    folder = finished.folder / "results/tiny"
    entries = json.loads((folder / "figures/figures.json").read_text(encoding="utf-8"))
    found = {category: sorted(*parts.values()) for category, parts in read_variable(page, "categories").items()}
    assert found == {
        "Documents": [f"results/tiny/{name}" for name in ("examples.html", "report.html", "report.pdf", "summary.pdf")],
        "Figures": sorted(f"results/tiny/figures/{entry['name']}.svg" for entry in entries),
        "Tables": ["results/tiny/results.csv"],
    }
    assert len(entries) >= 8


def test_every_result_has_a_caption_and_labels(finished, page):
    titles = {
        entry["name"]: entry["title"]
        for entry in json.loads((finished.folder / "results/tiny/figures/figures.json").read_text(encoding="utf-8"))
    }
    for path, result in read_variable(page, "results").items():
        assert "tiny" in result["caption"] and "{{" not in result["caption"], path
        assert "system-message" not in result["caption"], "docutils could not read the caption"
        assert result["data_uri"].startswith("data:")
        if path.endswith(".svg"):
            name = path.removeprefix("results/tiny/figures/").removesuffix(".svg")
            assert result["labels"]["Figure"] == titles[name] and f"{name}.csv" in result["caption"]


def test_the_workflow_is_described_and_nothing_is_loaded_from_elsewhere(page):
    words = read_variable(page, "workflow_desc")
    assert "Fineprint fine-tunes" in words and "results/tiny/runs/" in words and "system-message" not in words
    assert not re.search(r"<(script|img|link|iframe)[^>]+(src|href)=[\"']https?:", page)


def test_as_an_archive(finished):
    done = finished.run("--report", "collected.zip")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    names = zipfile.ZipFile(finished.folder / "collected.zip").namelist()
    assert {"report.html", "report.pdf", "summary.pdf", "results.csv"} <= {name.rsplit("/", 1)[1] for name in names}
    assert sum(name.endswith(".svg") for name in names) >= 8
