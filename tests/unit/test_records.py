"""Records: written and read back by one definition; what another version wrote is refused in a sentence."""

import json
from dataclasses import fields

import pytest

from example_results import METHODS, make_results
from example_serving import make_serving_results
from fineprint.core.records import Kinds, Phase, Results, make_record, read_record, write_json
from fineprint.core.settings import SettingsError, find_settings
from fineprint.results.study import Study
from fineprint.study.kinds import describe_kinds
from fineprint.study.reading import read_study
from test_config import DEMO


@pytest.fixture
def results():
    return make_results({name: METHODS[name] for name in ("roberta_full", "roberta_lora")}, splits={"test": 90})


def test_what_is_written_is_read_back(tmp_path):
    study = Study(make_serving_results())
    write_json(tmp_path / "results.json", study.results)
    assert read_record(tmp_path / "results.json", Results) == study.results
    assert Study(tmp_path / "results.json").results == study.results
    written = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert set(written) == {field.name for field in fields(Results)}
    assert written["serving"]["ways"]["rows"][0]["way"] == "resident", "records inside records are mappings"


def test_a_study_takes_records_as_they_are(results):
    first = Study(results)
    assert Study(first.results).results is first.results


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda run: run["train"].pop("trained"), "runs.0.train.trained is missing"),
        (lambda run: run["train"].update(tokens=3), "runs.0.train.tokens is unknown"),
        (lambda run: run["predict"].update(weight_bytes="many"), "runs.0.predict.weight_bytes cannot be 'many'"),
        (lambda run: run["scores"]["splits"]["test"].pop("correct"), "runs.0.scores.splits.test.correct is missing"),
    ],
)
def test_what_another_version_wrote_is_refused(results, tmp_path, change, words):
    change(results["runs"][0])
    (tmp_path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        Study(tmp_path / "results.json")
    assert f"{tmp_path / 'results.json'} was made by another version of Fineprint ({words})" in str(error.value)
    assert "`snakemake --forcerun collect_results` rebuilds it" in str(error.value)


def test_a_figure_that_no_rule_writes_alone_names_no_rule():
    with pytest.raises(SettingsError) as error:
        make_record({"seconds": 1.0}, Phase, "a phase")
    assert "memory is missing" in str(error.value) and "forcerun" not in str(error.value)


def test_a_pair_is_signed_from_either_side(results):
    study = Study(results)
    there = study.comparison("nli", "roberta_full", "roberta_lora")
    back = study.comparison("nli", "roberta_lora", "roberta_full")
    assert there.difference == -back.difference and there.interval == back.interval.mirrored
    assert there.p_value_holm == back.p_value_holm and back.seen_from("roberta_full") == there
    rights = [study.score("nli", name, "test").accuracy for name in ("roberta_full", "roberta_lora")]
    assert there.difference == pytest.approx(rights[0] - rights[1])
    assert study.comparison("nli", "roberta_full", "nobody") is None


def test_memory_is_the_gpu_s_where_there_is_one(results):
    for run in results["runs"][:2]:
        run["train"]["phases"]["training"]["memory"] |= {"peak_resident_bytes": 5, "peak_allocated_bytes": None}
    results["runs"][0]["train"]["phases"]["training"]["memory"]["peak_allocated_bytes"] = 7
    study = Study(results)
    assert study.run("nli", "roberta_full").peak_memory("training") == (7, "allocated")
    assert study.run("nli", "roberta_lora").peak_memory("training") == (5, "resident")
    assert study.run("nli", "roberta_lora").peak_memory("pretraining") == (None, "resident"), "no such phase"


def test_the_kinds_of_a_study_say_what_their_files_say():
    kinds = describe_kinds(read_study(DEMO))
    assert isinstance(kinds, Kinds) and set(kinds.adapters) >= {"full", "lora", "none"}
    assert kinds.adapters["lora"].explanation == find_settings("adapters", "lora").explanation
    assert kinds.readouts["generation"].writes_answer and not kinds.readouts["classifier"].writes_answer
    assert kinds.backbones["demo_encoder"].pretrained
    assert kinds.tasks["demo_nli"].origin == find_settings("tasks", "demo_nli").origin
