"""What a report must not give away, and what it must not let in: paths, scripts, formulas, control characters."""

import base64
import csv
import hashlib
import json
import re

import pytest

from example_results import METHODS, make_results
from fineprint.core.formats import as_csv_text
from fineprint.reporting.figures.plotting import plot_all
from fineprint.results.privacy import hide_in_command, hide_paths
from test_reporting import FEW, REPORT, SMALL, render_page


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/someone/data/train.jsonl", "…/train.jsonl"),
        ("../other/secret.yaml", "…/secret.yaml"),
        ("~/models/encoder/", "…/encoder"),
        ("..", "…"),
        ("/", "…"),
        ("data/train.jsonl", "data/train.jsonl"),
        ("nyu-mll/multi_nli", "nyu-mll/multi_nli"),
        ("/ or a sentence with a slash", "/ or a sentence with a slash"),
        ("..and so on", "..and so on"),
    ],
)
def test_only_the_last_part_of_a_path_outside_is_shown(path, shown):
    assert hide_paths({"a": [path, 3, None], "b": {"c": (path,)}}) == {"a": [shown, 3, None], "b": {"c": [shown]}}


def test_a_command_keeps_what_lies_in_the_project():
    command = "snakemake --cores 1 --configfile studies/own.yaml ../home/someone/secret.yaml"
    assert hide_in_command(command) == "snakemake --cores 1 --configfile studies/own.yaml …/secret.yaml"


def test_the_page_runs_no_script_but_its_own(tmp_path):
    html = render_page(make_results(FEW, splits=SMALL, with_gaps=False), tmp_path / "figures")
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', html)[1]
    assert "default-src 'none'" in policy and "unsafe-eval" not in policy
    [script] = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert html.index("Content-Security-Policy") < html.index("<style>"), "before anything it is about"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_a_spreadsheet_would_compute_is_told_to_be_text(text):
    assert as_csv_text(text) == f"'{text}"


def test_other_values_of_a_table_stay_as_they_are():
    for value in ("a=1", "", "1-2", -0.5, 3, None, True):
        assert as_csv_text(value) is value


def test_no_cell_of_a_figure_s_data_is_a_formula(tmp_path):
    formula = "=cmd|' /C calc'!A0"
    methods = {name: (formula, *METHODS[name][1:]) for name in FEW}
    plot_all(make_results(methods, splits=SMALL, with_gaps=False), tmp_path)
    cells = [cell for file in tmp_path.glob("*.csv") for row in csv.reader(file.open()) for cell in row]
    assert f"'{formula}" in cells
    assert not [cell for cell in cells if cell[:1] in "=+@" and cell]


def test_control_characters_of_the_data_stop_no_document(tmp_path):
    results = json.loads(
        json.dumps(make_results(FEW, splits=SMALL, with_gaps=False)).replace("modifier", "mod\\u001bifier")
    )
    html = render_page(results, tmp_path / "figures")
    assert "\x1b" not in html and "mod\ufffdifier" in html
    assert not [file for file in (tmp_path / "figures").glob("*.svg") if "\x1b" in file.read_text()]
    assert REPORT.exists()
