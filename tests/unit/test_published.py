"""Published figures beside ours: whether they may be compared, and why not."""

import copy

import pytest
import yaml

from fineprint.claims.published import read_published
from fineprint.core.settings import SettingsError
from fineprint.reporting.sections.published import published_rows
from fineprint.results.study import Study
from test_claims import REPORT, at_real_size, contest


def test_published_figures_beside_made_up_ones_are_not_comparable():
    rows = published_rows(Study(contest()), read_published(REPORT / "published.yaml"))
    assert {row.figure[:5] for row in rows} >= {"0.902", "0.906", "0.835", "0.779", "0.877", "0.803", "0.588", "0.818"}
    assert {row.comparable for row in rows} == {"no"}
    lora = next(row for row in rows if row.figure == "0.906 ± 0.002")
    assert "our examples are generated" in lora.reasons.lower()
    assert "“encoder” has 460\u00a0k parameters" in lora.reasons
    assert lora.ours == ["No. 2, RoBERTa, LoRA: 0.88 (0.84–0.91) on 300 examples of “nli” (matched)"]


def test_published_figures_beside_the_same_rows_and_model():
    results = at_real_size(contest())
    results["tasks"]["nli"]["settings"]["kind"] = "multinli"
    results["study"]["tasks"]["nli"] = {"kind": "multinli", "train_fraction": 1.0}
    results["means"] += [{**mean, "split": "pooled"} for mean in results["means"]]
    rows = {row.figure: row for row in published_rows(Study(results), read_published(REPORT / "published.yaml"))}
    assert rows["0.902"].comparable == "yes"
    assert "(pooled)" in rows["0.902"].ours[0]
    partly = copy.deepcopy(results)
    partly["study"]["tasks"]["nli"]["train_fraction"] = 0.1
    rows = {row.figure: row for row in published_rows(Study(partly), read_published(REPORT / "published.yaml"))}
    assert rows["0.902"].comparable == "in part"
    assert rows["0.902"].reasons == "Ours was trained on 10.0\u00a0% of the examples."


def test_a_published_figure_that_cannot_be_used_is_refused(tmp_path):
    file = tmp_path / "published.yaml"
    file.write_text(yaml.safe_dump({"published": [{"method": "X", "figure": 90.2}]}))
    with pytest.raises(SettingsError, match=r"published.yaml, figure 1 \(X\)"):
        read_published(file)
