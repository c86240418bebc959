"""The report says what got an adapter and how a head began, as recorded in training, whatever the config asked for."""

from dataclasses import replace
from pathlib import Path

from example_results import METHODS, make_results
from fineprint.core.records import Fitted, MatchedWeights
from fineprint.reporting.methods_text.methods import method_sentences
from fineprint.reporting.methods_text.references import Library
from fineprint.reporting.sections.methods import methods_table
from fineprint.reporting.sections.setting import facts_table
from fineprint.results.study import Study

LIBRARY = Library(Path(__file__).parents[2] / "report/references.yaml")
COLUMNS = [
    "No.",
    "Method",
    "Backbone",
    "Adapter: how it is changed",
    "Readout: how the answer is read",
    "Precision",
    "Input",
]


def make_study(fitted=None, **choices):
    """Return a study of LoRA whose config asks for [query, value] and whose training recorded `fitted`."""
    study = Study(make_results({"roberta_lora": METHODS["roberta_lora"]}, with_gaps=False))
    study.settings("roberta_lora")["readout"].update(choices)
    for key, run in study.runs.items():
        study.runs[key] = replace(run, train=replace(run.train, fitted=fitted))
    return study


def cells(study):
    table = methods_table(study)
    assert [column.title for column in table.columns] == COLUMNS
    return [cell.text for cell in table.rows[0][3:5]]


def test_modules_that_got_an_adapter_stand_in_the_table_and_in_the_text():
    fitted = Fitted(adapted_modules={"key": 24, "query": 24}, weights=9, loaded=7, random_modules=[], head="fresh")
    adapter, _ = cells(make_study(fitted))
    assert adapter == "LoRA (rank 16, alpha 32, dropout 0.1, modules key (24), query (24))"
    assert f"with {adapter}" in method_sentences(make_study(fitted), LIBRARY)[1]


def test_without_a_record_the_config_is_quoted():
    assert cells(make_study())[0] == "LoRA (rank 16, alpha 32, dropout 0.1, target modules query, value)"


def test_how_a_head_began_is_said_where_it_is_a_choice():
    for began, words in (("fresh", "head from a random start"), ("kept", "head kept from the backbone's folder")):
        fitted = Fitted(adapted_modules={}, weights=9, loaded=7, random_modules=[], head=began)
        study = make_study(fitted, head="fresh")
        assert cells(study)[1].endswith(f"({words})"), "what was recorded, not what the config says"
        assert words in method_sentences(study, LIBRARY)[1]
        assert "head" not in cells(make_study(fitted))[1].partition("(")[2], "not every readout has such a choice"


def test_how_a_backbone_s_files_fit_stands_among_its_facts():
    study = make_study()
    assert not facts_table(study) or "weights in the files" not in {row[1].text for row in facts_table(study).rows}
    matched = MatchedWeights(
        expected=39, loaded=37, random=["pooler.dense.bias", "pooler.dense.weight"], unused=5, layers=2,
        vocabulary=50_265, embedding_rows=50_265, pad_token="<pad>",
    )  # fmt: skip
    backbones = study.results.backbones
    backbones["encoder"] = replace(backbones["encoder"], matched=matched)
    told = {row[1].text: row[2].text for row in facts_table(study).rows}
    assert told["weights in the files"] == "37 of 39 tensors of the base model"
    assert told["weights not in the files"] == "pooler.dense.bias, pooler.dense.weight"
    assert told["layers"] == "2"
