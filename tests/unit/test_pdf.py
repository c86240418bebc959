"""The PDF as a product: paper, tags, words for readers who do not see it, every cell of every table, no empty box."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typst
from pypdf import PdfReader

from example_results import METHODS, make_results
from example_serving import make_long_results
from example_steps import STEPS
from fineprint.core.records import read_json
from fineprint.reporting import pdf
from fineprint.reporting.figures import fonts, workflow
from fineprint.reporting.figures.plotting import plot_all
from fineprint.reporting.html import render
from fineprint.reporting.pdf import write_pdf
from fineprint.reporting.view import SECTIONS
from fineprint.results.study import Study

REPORT = Path(__file__).parents[2] / "report"
SOME = ("roberta_full", "roberta_lora", "llama_zero_shot", "llama_qlora_generation")
A4_POINTS = (595.3, 841.9)
MARGIN_POINTS = 59.5
FOOT_POINTS = 62.4


class Cells(HTMLParser):
    """The text of each cell of each table."""

    def __init__(self, html):
        super().__init__()
        self.cells, self.open = [], False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag in ("td", "th"):
            self.cells.append("")
            self.open = True

    def handle_endtag(self, tag):
        self.open = self.open and tag not in ("td", "th")

    def handle_data(self, data):
        if self.open:
            self.cells[-1] += data


def squeeze(text):
    return re.sub(r"\s+", "", text)


def write(results, folder):
    if not (folder / "figures").exists():
        plot_all(results, folder / "figures")
    write_pdf(results, folder / "figures", REPORT, folder / "report.pdf")
    return folder / "report.pdf"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pdf")
    results = make_long_results(SOME, {"matched": 240, "mismatched": 240})
    results["backbones"]["encoder"]["facts"] = {f"fact {n:03}": n for n in range(90)}
    reader = PdfReader(write(results, folder))
    return {"folder": folder, "results": results, "reader": reader, "pages": [p.extract_text() for p in reader.pages]}


def elements(node, kind):
    """Return the elements of the structure tree of one kind, such as "/Figure"."""
    node = node.get_object()
    children = node.get("/K", []) if isinstance(node, dict) else []
    children = children if isinstance(children, list) else [children]
    own = [node] if node.get("/S") == kind else []
    below = [child for child in children if isinstance(child.get_object(), dict)]
    return own + [found for child in below for found in elements(child, kind)]


def test_it_is_a4_of_a_sensible_length(made):
    assert 8 <= len(made["reader"].pages) <= 40
    for page in made["reader"].pages:
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(A4_POINTS, abs=0.5)


def test_it_says_that_it_is_tagged_and_accessible(made):
    catalogue = made["reader"].trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/Lang"].startswith("en")
    assert catalogue["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "<pdfuaid:part>1</pdfuaid:part>" in catalogue["/Metadata"].get_data().decode()
    assert made["reader"].metadata.title == made["results"]["study"]["title"]
    assert made["reader"].metadata.author == "Fineprint"
    assert made["reader"].metadata.creation_date.year == 2026


def test_pictures_and_formulas_are_read_out_and_tables_have_heads(made):
    tree = made["reader"].trailer["/Root"]["/StructTreeRoot"]
    alternatives = {str(element.get("/Alt")) for element in elements(tree, "/Figure")}
    for entry in read_json(made["folder"] / "figures" / "figures.json"):
        assert entry["alt"] in alternatives
    assert any("W prime equals" in str(element.get("/Alt")) for element in elements(tree, "/Formula"))
    tables = elements(tree, "/Table")
    assert len(tables) > 20
    assert all(elements(table, "/TH") for table in tables)


def test_the_outline_has_every_section_and_the_contents_their_pages(made):
    titles = [item.title for item in made["reader"].outline if not isinstance(item, list)]
    assert [squeeze(title) for title in titles] == [f"{part.number}{squeeze(part.title)}" for part in SECTIONS]
    lines = [squeeze(line) for page in made["pages"][:2] for line in page.splitlines()]
    for item in made["reader"].outline:
        if not isinstance(item, list):
            page = made["reader"].get_destination_page_number(item) + 1
            entry = re.compile(re.escape(squeeze(item.title)) + rf"\W+{page}")
            assert any(entry.fullmatch(line) for line in lines), item.title


def test_pages_are_numbered_and_headed(made):
    total = len(made["pages"])
    for number, text in enumerate(made["pages"], start=1):
        assert f"{number}/{total}" in squeeze(text)
        assert squeeze(made["results"]["study"]["title"]) in squeeze(text)


def test_every_cell_of_every_table_is_in_the_text(made):
    cells = Cells(render(made["results"], made["folder"] / "figures", REPORT, "page")).cells
    # Heads and feet come between the halves of a cell that a page's end cuts.
    text = squeeze("".join(made["pages"]))
    shown = Cells(render(made["results"], made["folder"] / "figures", REPORT, "print")).cells
    assert len(shown) > 900
    assert {squeeze(cell) for cell in shown} <= {squeeze(cell) for cell in cells}
    assert [cell for cell in shown if squeeze(cell) not in text] == []


def test_a_long_table_repeats_its_heads(made):
    assert sum("BackboneFactValue" in squeeze(text) for text in made["pages"]) >= 2


def test_letters_are_embedded_and_figures_are_drawn_not_photographed(made):
    names = set()
    for page in made["reader"].pages:
        resources = page["/Resources"]
        for font in resources.get("/Font", {}).values():
            descendant = font["/DescendantFonts"][0]
            names.add(str(descendant["/BaseFont"]))
            assert any(key in descendant["/FontDescriptor"] for key in ("/FontFile2", "/FontFile3"))
        assert all(thing.get_object()["/Subtype"] != "/Image" for thing in resources.get("/XObject", {}).values())
    assert any("Libertinus" in name for name in names)
    assert not any("LastResort" in name for name in names)
    assert "\ufffd" not in "".join(made["pages"])


def test_no_heading_stands_alone_at_the_foot_of_a_page(made):
    def walk(items):
        for item in items:
            if isinstance(item, list):
                yield from walk(item)
            else:
                yield item

    for item in walk(made["reader"].outline):
        assert float(item.top) > FOOT_POINTS + 40, item.title


def test_a_line_that_announces_a_command_is_on_its_page(made):
    for announced in ("The first prompt:", "To rerun a single run:", "To reproduce this report:"):
        for text in made["pages"]:
            _, found, tail = text.partition(announced)
            assert not found or len(tail.strip().splitlines()) > 1, announced


def test_no_word_reaches_into_the_margin(made):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (Debian and Ubuntu: apt-get install poppler-utils)")
    command = ["pdftotext", "-bbox", str(made["folder"] / "report.pdf"), "-"]
    written = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    words = ElementTree.fromstring(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", written)).iter("{*}word")
    beyond = [word.text for word in words if float(word.get("xMax")) > A4_POINTS[0] - MARGIN_POINTS + 1]
    assert beyond == []


def test_equal_results_give_equal_bytes(made, tmp_path):
    write_pdf(made["results"], made["folder"] / "figures", REPORT, tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == (made["folder"] / "report.pdf").read_bytes()


def test_the_file_of_a_figures_data_is_named(made):
    text = squeeze("".join(made["pages"]))
    for entry in read_json(made["folder"] / "figures" / "figures.json"):
        assert f"figures/{entry['name']}.csv" in text


def test_letters_without_a_font_are_named_not_drawn_as_boxes(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "system_letters", lambda: frozenset())
    results = make_results({name: METHODS[name] for name in SOME[:2]}, splits={"test": 60}, with_gaps=False)
    results["study"]["title"] = "Reports in 中文"
    rows = results["tasks"]["nli"]["splits"]["test"]["examples"]
    rows[1]["texts"] = {"premise": "两只狗在公园里跑。", "hypothesis": "שלום \x07 مرحبا"}
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "figures.json").write_text("[]")
    text = "".join(page.extract_text() for page in PdfReader(write(results, tmp_path)).pages)
    assert "⟨U+4E24U+53EAU+72D7U+5728U+516CU+56EDU+91CCU+8DD1and1lettermore⟩" in squeeze(text)
    assert "Reportsin⟨U+4E2DU+6587⟩" in squeeze(text)
    assert "两" not in text
    assert "שלום" in text or "םולש" in text


@pytest.mark.parametrize("has_marks", [False, True])
def test_no_character_costs_a_study_its_report(tmp_path, monkeypatch, has_marks):
    """Random answers of Llama 3 hold letters of every script. A font may have a mark and not the letter before it."""
    system = frozenset(map(ord, "\u0e35\u0e4d\u0e31")) if has_marks else frozenset()
    monkeypatch.setattr(fonts, "system_letters", lambda: system)
    monkeypatch.setattr(pdf, "needs_system_fonts", lambda text: False)
    results = make_results({name: METHODS[name] for name in SOME[:2]}, splits={"test": 60}, with_gaps=False)
    results["study"]["title"] = "a\u0e35"
    rows = results["tasks"]["nli"]["splits"]["test"]["examples"]
    rows[1]["texts"] = {"premise": "สวัสดี a\u0e35b\u0e4d नमस्ते ✌\ufe0f", "hypothesis": "한국 x\u034f \u200b e\u0301"}
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "figures.json").write_text("[]")
    text = squeeze("".join(page.extract_text() for page in PdfReader(write(results, tmp_path)).pages))
    assert "U+0E35" in text and "U+0E4D" in text and "U+D55C" in text and "U+0E2A" in text
    assert "✌" in text and "U+FE0F" not in text, "a selector has no shape of its own"


def test_an_error_that_is_not_about_a_character_is_told(tmp_path):
    assert pdf.find_refused('PDF/UA-1 error: the text `"e\\u{e35}\\u{e4d}"` could not be displayed with font') == set(
        "\u0e35\u0e4d"
    )
    assert pdf.find_refused("unknown variable: table") == set()
    (tmp_path / pdf.BODY).write_text("#nothing-of-this-name", encoding="utf-8")
    study = Study(make_results({SOME[0]: METHODS[SOME[0]]}, splits={"test": 60}, with_gaps=False))
    with pytest.raises(typst.TypstError, match="unknown variable"):
        pdf.compile_typst(tmp_path, study, "")


def test_letters_are_looked_for_in_the_bundled_fonts_first():
    assert not fonts.needs_system_fonts("Zwölf Größen, ≥ 95 %, Ελληνικά, русский, العربية, \u202f\u200b")
    assert fonts.needs_system_fonts("中")
    assert fonts.name_missing_letters("plain text") == "plain text"


def test_what_the_page_folds_away_has_its_title_in_print(made):
    text = squeeze("".join(made["pages"]))
    for title in ("Peak memory by phase", "Backbone metadata"):
        assert squeeze(title) in text
    assert text.index(squeeze("Peak memory by phase")) < text.index(squeeze("Peak memory by phase on"))


def test_a_long_name_of_a_rule_is_broken_to_fit_its_box():
    assert workflow.break_name("write_backbone_settings") == "write_backbone_\nsettings"
    assert workflow.break_name("train_method") == "train_method"
    lines = [line for step in STEPS for line in workflow.break_name(step.rule).splitlines()]
    assert max(map(len, lines)) <= workflow.NAME_LENGTH


def test_the_summary_alone_is_one_page_and_says_what_the_first_page_says(made):
    file = made["folder"] / "summary.pdf"
    write_pdf(made["results"], made["folder"] / "figures", REPORT, file, only="summary")
    (page,) = PdfReader(file).pages
    text, first = squeeze(page.extract_text()), squeeze(made["pages"][0])
    study = Study(made["results"])
    best = squeeze(study.title(study.ranked("nli")[0][0]))
    for words in (best, "Trainableparameters", "Toreproducethisreport:", "pipinstall-rrequirements.lock"):
        assert words in text and words in first
    html = render(made["results"], made["folder"] / "figures", REPORT, "page", only="summary")
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(re.findall(r' id="([^"]+)"', html))
