"""Words follow the data: what is said where LoRA loses clearly, wins clearly, or ties."""

import re
from pathlib import Path

import pytest

from example_contests import FULL, LORA, make_contest, set_hits
from example_results import make_results
from example_runs import METHODS, environment
from fineprint.reporting.sections import advice, analysis, benefit
from fineprint.reporting.sections.cost_axes import SPEED, TRAINING_COSTS, find_least
from fineprint.results.study import Study
from test_reporting import text_of, without_pictures

REPORT = Path(__file__).parents[2] / "report"
PARAMETERS, TIME, MEMORY, SAVED = TRAINING_COSTS
ZERO, ONE = "llama_zero_shot", "llama_one_shot"
OUTCOMES = {
    "LoRA loses": ({FULL: range(270), LORA: range(240)}, "RoBERTa, full fine-tuning", "RoBERTa, LoRA"),
    "LoRA wins": ({FULL: range(240), LORA: range(270)}, "RoBERTa, LoRA", "RoBERTa, full fine-tuning"),
}


def find(study, situation):
    return next(entry for entry in advice.give_advice(study, "nli") if entry.situation.startswith(situation))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_clear_result_is_said_in_every_section(tmp_path, outcome):
    right, best, other = OUTCOMES[outcome]
    results = make_contest(right)
    text, study = text_of(without_pictures(results, tmp_path)), Study(results)
    assert f"{best} has the highest mean accuracy on matched" in text
    assert f"It is significantly better than {other}." in text
    assert f"{best} is better than the only other ranked method." in text
    assert "With one seed this holds for the trained models, not for the methods" in text
    assert f"10.0 percentage points behind {best}" in text
    assert f"{other} has the highest" not in text and f"behind {other}" not in text
    assert "Inconclusive against" not in text
    assert study.leaders("nli") == ([FULL] if outcome == "LoRA loses" else [LORA])
    claim = re.search(r"95–100 % with < 1 % .{0,600}?(supported|contradicted|not testable here)", text)
    assert claim and claim.group(1) == "not testable here", "the models were made here, whatever their order"


def test_what_is_undecided_is_so_in_every_section(tmp_path):
    results = make_contest({FULL: range(270), LORA: range(5, 275)})
    text, study = text_of(without_pictures(results, tmp_path)), Study(results)
    assert study.leaders("nli") == [FULL, LORA] and study.as_good("nli") == [FULL]
    assert "Inconclusive against RoBERTa, LoRA (0.0 behind, 95 % interval" in text
    assert "The comparison with RoBERTa, LoRA is inconclusive; more seeds or examples are needed." in text
    assert "RoBERTa, LoRA has the same mean." in text
    assert "It is significantly better than" not in text
    assert "0.0 percentage points behind RoBERTa, full fine-tuning, inconclusive" in text


def test_cost_decides_only_between_methods_as_good(tmp_path):
    right = {FULL: range(2700), LORA: range(4, 2704)}
    results = make_contest(right, seeds=(1, 2, 3), rows=3000)
    text, study = text_of(without_pictures(results, tmp_path)), Study(results)
    assert study.comparison("nli", FULL, LORA).verdict == "equivalent" and study.as_good("nli") == [FULL, LORA]
    assert "As good within a margin of 1 percentage point: RoBERTa, LoRA (equivalent, 0.0 behind)." in text
    assert "RoBERTa, LoRA comes within 1 percentage point of it: choose between them by cost." in text
    assert "With one seed" not in text


def test_nobody_is_first_below_the_majority_rate():
    study = Study(make_contest({ZERO: range(100), ONE: range(80)}))
    [said] = analysis.verdict_sentences(study, "nli")
    assert said.startswith("On matched no method is above the majority rate (0.33")


def test_the_cheapest_is_named_with_its_accuracy():
    study = Study(make_contest({FULL: range(270), LORA: range(240)}))
    words = find(study, "Many tasks").advice
    assert (
        "smallest checkpoint: RoBERTa, LoRA (10.0 percentage points behind RoBERTa, full fine-tuning), 104\u00a0kB."
        in words
    )
    assert "Among the methods as good as the best: RoBERTa, full fine-tuning, 1.84\u00a0MB." in words
    study = Study(make_contest({FULL: range(240), LORA: range(270)}))
    words = find(study, "Many tasks").advice
    assert "RoBERTa, LoRA (no ranked method has a higher mean accuracy), 104\u00a0kB." in words
    assert "Among the methods as good" not in words


def test_a_method_that_trains_nothing_adds_no_bytes():
    study = Study(make_contest({FULL: range(270), ZERO: range(200)}))
    assert (
        "Llama, zero-shot (23.3 percentage points behind RoBERTa, full fine-tuning) trains nothing and adds no bytes."
        in (find(study, "Many tasks").advice)
    )
    assert "Llama, zero-shot needs no training and reaches 0.67" in find(study, "Prototyping").advice


def test_a_missing_training_record_is_not_no_training():
    results = make_contest({FULL: range(270), LORA: range(240)})
    results["runs"][1]["train"] = None
    study = Study(results)
    assert find(study, "Prototyping").advice == "No method without training can be ranked in this study."
    assert "trains nothing" not in " ".join(benefit.readings(study, "nli"))


def test_equal_costs_have_no_single_winner():
    results = make_contest({ZERO: range(270), ONE: range(268)})
    study = Study(results)
    assert find_least(study, "nli", [ZERO, ONE], SPEED) == ([ZERO, ONE], 850.0)
    assert (
        "Llama, zero-shot (no ranked method has a higher mean accuracy) and Llama, one-shot"
        in find(study, "Edge").advice
    )


def test_memory_of_two_kinds_and_times_of_two_machines_are_not_compared():
    results = make_contest({FULL: range(270), LORA: range(268)})
    results["runs"][1]["train"]["phases"]["training"]["memory"]["peak_allocated_bytes"] = 5
    results["runs"][1]["train"]["environment"] = environment("another")
    study = Study(results)
    for axis in (MEMORY, TIME):
        assert find_least(study, "nli", [FULL, LORA], axis) is None
        assert benefit.Challenger(study, "nli", LORA, FULL).ratio(axis) is None
    assert find(study, "Little memory").advice.startswith("No advice")
    assert "least memory" not in " ".join(analysis.cost_sentences(study, "nli"))
    assert find_least(study, "nli", [FULL, LORA], SAVED) == ([LORA], 104_332)


def test_seeds_are_taken_together():
    right = {FULL: range(270), LORA: range(269)}
    results = set_hits(make_contest(right, seeds=(1, 2)), {1: right, 2: {FULL: range(268), LORA: range(275)}})
    study = Study(results)
    said = " ".join(analysis.verdict_sentences(study, "nli"))
    assert said.startswith("RoBERTa, LoRA has the highest mean accuracy on matched: 0.91")
    assert "2 seeds on 300 examples" in said and "Inconclusive against RoBERTa, full fine-tuning" in said


def test_a_collapsed_run_is_not_advised(tmp_path):
    results = make_contest({FULL: range(100), LORA: range(240), "roberta_prefix": range(235)})
    text, study = text_of(without_pictures(results, tmp_path)), Study(results)
    assert all(METHODS[FULL][0] not in entry.advice for entry in advice.give_advice(study, "nli"))
    assert all(METHODS[FULL][0] not in line for line in benefit.readings(study, "nli"))
    assert "RoBERTa, full fine-tuning collapsed, so its accuracy is not compared." in text


def test_ratios_by_hand():
    study = Study(make_contest({FULL: range(270), LORA: range(240)}))
    table = benefit.benefit_table(study, "nli")
    lora = table.rows[1]
    assert [cell.text for cell in lora[2:6]] == ["2", "10.0*", "0.05\u00a0×", "0.88\u00a0×"]
    assert lora[7].text == "0.06\u00a0×"  # 104,332 of 1,843,220 bytes
    assert table.rows[0][3].text == "0.0"
    reading = benefit.readings(study, "nli")[0]
    assert reading.startswith(
        "RoBERTa, LoRA: 10.0 percentage points behind RoBERTa, full fine-tuning; in its favor: trainable para"
    )
    assert "against it: weights at inference (1.04\u00a0×)." in reading, "a count is exact"


def test_a_best_method_that_trains_nothing_gives_no_training_ratios():
    study = Study(make_contest({ZERO: range(280), FULL: range(240)}))
    table = benefit.benefit_table(study, "nli")
    assert [cell.text for cell in table.rows[1][4:8]] == ["–"] * 4
    assert "trainable parameters: nothing is trained" in table.caption


def test_large_models_are_scaled_up_only_from_large_ones():
    results = make_results(with_gaps=False, splits={"matched": 300})
    assert "model too small to extrapolate from" in find(Study(results), "Models of 70 B").advice
    assert "for 70 B" not in find(Study(results), "Models of 70 B").advice
    for run in results["runs"]:
        run["train"]["parameters"] = None
        run["predict"]["parameters"]["total"] = 8_000_000_000
        run["predict"]["weight_bytes"] = 5_600_000_000
    words = find(Study(results), "Models of 70 B").advice
    assert (
        "stored as nf4, 0.70 bytes per parameter at inference (5.60\u00a0GB for 8.00\u00a0B parameters), by "
        "arithmetic 49.0\u00a0GB for 70 B" in words
    )


def test_every_link_of_the_advice_resolves(tmp_path):
    results = make_results(splits={"my test / split": 150})
    html = without_pictures(results, tmp_path)
    ids = set(re.findall(r'id="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= ids


def test_section_numbers_are_computed(tmp_path):
    html = without_pictures(make_contest({FULL: range(270), LORA: range(240)}), tmp_path)
    heads = dict(re.findall(r'<section id="([\w-]+)">\s*<h2>(\d+|[A-Z])', html))
    named = re.findall(r'href="#([\w-]+)">(?:section|appendix) (\d+|[A-Z])<', html)
    assert len(named) > 3
    for target, number in named:
        assert heads[target] == number
    assert not re.search(r"section \d|, section:", "".join(file.read_text() for file in REPORT.rglob("*.j2")))


def test_runs_of_further_seeds_are_counted(tmp_path):
    results = make_contest({FULL: range(270), LORA: range(240)}, seeds=(1, 2))
    assert "2 seeds; no run collapsed." in text_of(without_pictures(results, tmp_path))
    right = {FULL: range(270), LORA: range(240)}
    set_hits(results, {1: right, 2: {**right, FULL: range(100)}})
    assert "2 seeds; 1 run collapsed." in text_of(without_pictures(results, tmp_path))


def test_more_rows_per_second_speak_for_a_method_more_seconds_against_it():
    results = make_contest({FULL: range(270), LORA: range(240)})
    full, lora = results["runs"]
    full["predict"]["rows_per_second"], lora["predict"]["rows_per_second"] = 100.0, 200.0
    lora["train"]["phases"]["training"]["seconds"] = 2 * full["train"]["phases"]["training"]["seconds"]
    favor, against = benefit.readings(Study(results), "nli")[0].split("against it")
    assert "prediction speed (2.00\u00a0×)" in favor
    assert "training time (2.00\u00a0×)" in against
