"""Tables as columns, and texts as data: what is filled in, what is escaped, what is missing."""

import jinja2
import pytest
from markupsafe import Markup

from fineprint.core import formats
from fineprint.reporting import words
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.table import text

TEXTS = """
plain: "{{ task }} takes {{ bytes | size }}."
marked: "Set {{ key | code }} of {{ task }}."
outcome: {won: "{{ name }} won.", lost: "{{ name }} lost."}
"""


@pytest.fixture
def say(tmp_path, monkeypatch):
    (tmp_path / "tried.yaml").write_text(TEXTS, encoding="utf-8")
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    words.read_texts.cache_clear()
    yield words.Words("tried")
    words.read_texts.cache_clear()


def test_a_text_is_filled_and_left_to_the_template_to_escape(say):
    assert say("plain", task="a<b", bytes=4_500_000) == "a<b takes 4.50\u00a0MB."
    assert not isinstance(say("plain", task="x", bytes=0), Markup)


def test_a_text_with_code_is_markup_with_its_values_escaped(say):
    found = say("marked", key="a<b", task="c&d")
    assert isinstance(found, Markup) and found == "Set <code>a&lt;b</code> of c&amp;d."


def test_an_outcome_chooses_the_form(say):
    assert (say("outcome", "won", name="LoRA"), say("outcome", "lost", name="LoRA")) == ("LoRA won.", "LoRA lost.")


@pytest.mark.parametrize("asked", [("none",), ("outcome",), ("outcome", "tied"), ("plain", "won")])
def test_a_text_that_is_not_there_is_an_error(say, asked):
    with pytest.raises(LookupError, match=r"report/words/tried\.yaml"):
        say(*asked, name="LoRA")


def test_a_name_that_was_not_given_is_an_error(say):
    with pytest.raises(jinja2.UndefinedError):
        say("plain", task="nli")


def test_every_text_of_the_report_compiles_and_does_no_arithmetic():
    for file in sorted(words.FOLDER.glob("*.yaml")):
        for key, found in words.read_texts(file.stem).items():
            for form in found.values() if isinstance(found, dict) else [found]:
                assert isinstance(form, str), f"{file.name}: {key}"
                words.compile_text(form, "| code" in form)
                tree = jinja2.Environment().parse(form)
                arithmetic = (jinja2.nodes.Add, jinja2.nodes.Sub, jinja2.nodes.Mul, jinja2.nodes.Div)
                assert not list(tree.find_all(arithmetic)), f"{file.name}: {key}"


def test_a_table_is_a_list_of_columns():
    columns = [
        Column("Name", lambda subject: subject["name"]),
        Column("Bytes", lambda subject: subject["bytes"], formats.size, group="Cost"),
        Column(
            "Rate", lambda subject: 2.5, formats.rate, group="Cost", lacks=lambda s: "not run" if s["off"] else None
        ),
        Column("Made", lambda subject: text("own", style="flag")),
    ]
    subjects = [{"name": "one", "bytes": 1000, "off": None}, {"name": "two", "bytes": None, "off": "not run"}]
    table = build_table("tried-1", "A caption.", columns, subjects, style="compact")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["one", "1.00\u00a0kB", "2.50", "own"],
        ["two", "not measured", "–", "own"],
    ]
    assert table.groups == [("", 1), ("Cost", 2), ("", 1)] and table.widths == []
    assert [head.numeric for head in table.columns] == [False, True, True, False]
    assert table.rows[1][2].note == "not run" and table.rows[0][3].style == "flag"
