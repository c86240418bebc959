"""One method fails for good: everything else is reported, and the failure with its sentence."""

import re

import pytest

pytestmark = pytest.mark.workflow

STUDY = """\
study: broken
run: {methods: [roberta_full, llama_one_shot, roberta_probe], seeds: [1]}
tasks:
  nli: {train_rows: 90, matched_rows: 30, mismatched_rows: 30, unlabeled_rows: 2}
backbones:
  encoder: {steps: 10}
  decoder: {steps: 10}
defaults: {max_length: 120}
methods:
  roberta_full: {training: {epochs: 1}}
  roberta_probe: {training: {epochs: 1}}
  llama_one_shot: {max_length: 60, readout: {shots: 900, trials: null}}  # more than there are examples
serving: null
"""


def test_a_method_that_fails_for_good_costs_no_report(make_copy):
    copy = make_copy("so_far")
    (copy.folder / "broken.yaml").write_text(STUDY)
    done = copy.run("--keep-going", study="broken.yaml")
    assert done.returncode == 1
    assert re.search(r"A report of what there is: snakemake .*broken.yaml report_so_far", done.stderr)
    place = copy.folder / "results" / "broken"
    assert not (place / "report.html").exists()
    again = copy.run("report_so_far", study="broken.yaml")
    assert again.returncode == 0, again.stdout + again.stderr
    html = (place / "so_far" / "report.html").read_text()
    assert (place / "so_far" / "report.pdf").stat().st_size > 10_000
    assert "prediction failed" in html and "RoBERTa, full fine-tuning" in html
    table = (place / "so_far" / "results.csv").read_text().splitlines()
    assert [line.rsplit(",", 1)[1] for line in table if "llama_one_shot" in line] == ["failed"]
    assert copy.planned("report_so_far", study="broken.yaml") == {}, "nothing new, nothing to do"
