"""Why a run has no scores is told by its jobs' logs."""

import pytest

from example_contests import FULL, LORA, make_contest
from fineprint.core.records import FAILED, NOT_RUN
from fineprint.reporting.sections.analysis import verdict_sentences
from fineprint.reporting.sections.scores import flags, scores_tables
from fineprint.results.failures import explain_missing
from fineprint.results.study import Study
from test_reporting import text_of, without_pictures


@pytest.mark.parametrize(
    ("logs", "status", "reason"),
    [
        ({}, NOT_RUN, "it was not started"),
        ({"train_method": "12:00:01 step 3\n"}, NOT_RUN, "training has not come to its end"),
        (
            {"train_method": "12:00:01 step 3\n12:00:02 Error: the loss is nan at step 4:\n  lower the rate.\n"},
            FAILED,
            "training failed: the loss is nan at step 4: lower the rate.",
        ),
        (
            {"train_method": "12:00:01 done\n", "predict_labels": "12:00:02 Error: too many shots.\n"},
            FAILED,
            "prediction failed: too many shots.",
        ),
    ],
)
def test_a_run_without_scores_says_why(tmp_path, logs, status, reason):
    for rule, said in logs.items():
        place = tmp_path / rule / "nli" / "lora"
        place.mkdir(parents=True)
        (place / "1.log").write_text(said)
    assert explain_missing(tmp_path, "nli", "lora", 1) == (status, reason)
    assert explain_missing(tmp_path, "nli", "other", 1) == (NOT_RUN, "it was not started")


def test_a_traceback_is_told_by_its_last_line_and_the_log(tmp_path):
    place = tmp_path / "train_method" / "nli" / "lora"
    place.mkdir(parents=True)
    (place / "1.log").write_text("Traceback (most recent call last):\n  File …\nValueError: no such thing\n")
    status, reason = explain_missing(tmp_path, "nli", "lora", 1)
    assert status == FAILED and reason.startswith("training failed: ValueError: no such thing (see ")


def test_a_failed_method_is_a_row_with_its_sentence(tmp_path):
    results = make_contest({FULL: range(270), LORA: range(240)})
    results["runs"][1].update({"status": FAILED, "reason": "training failed: the loss is nan", "scores": None})
    results["means"] = [mean for mean in results["means"] if mean["method"] == FULL]
    results["comparisons"] = []
    study = Study(results)
    assert study.status("nli", LORA) == FAILED and study.rank("nli", LORA) is None
    [flag] = flags(study, "nli")
    assert (flag["status"], "training failed: the loss is nan." in flag["reason"]) == (FAILED, True)
    cell = scores_tables(study, "nli")[0].rows[1][-1]
    assert (cell.text, cell.style) == (FAILED, "flag")
    assert verdict_sentences(study, "nli")[0].startswith("RoBERTa, full fine-tuning has the highest mean accuracy")
    assert "1 run failed." in text_of(without_pictures(results, tmp_path))
