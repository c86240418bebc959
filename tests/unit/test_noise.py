"""What the noise of one training, one machine or a few rows allows to be said."""

import re
from dataclasses import replace

import pytest

from example_contests import FULL, LORA, make_contest, set_hits
from example_results import METHODS, as_plain, make_results, make_task
from example_runs import generation, machine, make_predict, make_train
from fineprint.core.records import Machine, TrialScore, make_record, write_json
from fineprint.jobs import environment
from fineprint.readouts import Prediction
from fineprint.reporting.sections import advice, analysis, cost, methods, seeds, setting, trials
from fineprint.reporting.sections.cost_axes import SPEED, TRAINING_COSTS, find_least, write_least
from fineprint.reporting.sections.merging import MergedModel, merge_table
from fineprint.reporting.sections.pairs import ablations_table, list_ablations
from fineprint.results.study import Study
from fineprint.runs.prediction import write_predictions
from fineprint.scoring import scoring
from fineprint.scoring.statistics import describe_correction, mcnemar_p_value, share_with_interval
from fineprint.tasks import Row
from test_reporting import text_of, without_pictures

PARAMETERS, TIME, MEMORY, SAVED = TRAINING_COSTS


def two(seeds=(1,)):
    return make_contest({FULL: range(270), LORA: range(265)}, seeds=seeds)


def two_as_good():
    return make_contest({FULL: range(2700), LORA: range(2699)}, seeds=(1, 2), rows=3000)


def set_seconds(results, full, lora):
    for run in results["runs"]:
        run["train"]["phases"]["training"]["seconds"] = full if run["method"] == FULL else lora


def test_measured_costs_that_are_about_the_same_stand_together():
    results = two()
    set_seconds(results, 38.2, 36.1)
    study = Study(results)
    least = find_least(study, "nli", [FULL, LORA], TIME)
    assert least == ([LORA, FULL], 36.1)
    assert write_least(study, "nli", TIME, least) == "36.1\u00a0s to 38.2\u00a0s, within 10\u00a0%, timed once"
    set_seconds(results, 40.2, 36.1)
    assert find_least(Study(results), "nli", [FULL, LORA], TIME) == ([LORA], 36.1)


def test_the_costs_of_the_best_name_all_that_are_about_the_same():
    results = two_as_good()
    set_seconds(results, 36.0, 36.1)
    of_full = [run for run in results["runs"] if run["method"] == FULL]
    of_full[1]["train"]["phases"]["training"]["seconds"] = 41.0
    (sentence,) = analysis.cost_sentences(Study(results), "nli")
    assert "shortest training: “RoBERTa, LoRA” and “RoBERTa, full fine-tuning” (36.1\u00a0s to 38.5\u00a0s" in sentence
    assert "within the spread over seeds)" in sentence


def test_over_seeds_times_are_medians_and_their_spread_says_what_is_about_the_same():
    results = two(seeds=(1, 2, 3))
    set_times = {FULL: (30.0, 34.0, 31.0), LORA: (29.0, 28.0, 29.5)}
    for run in results["runs"]:
        run["train"]["phases"]["training"]["seconds"] = set_times[run["method"]][run["seed"] - 1]
    study = Study(results)
    assert TIME.of(study, "nli", FULL) == 31.0 and TIME.of(study, "nli", LORA) == 29.0
    least = find_least(study, "nli", [FULL, LORA], TIME)
    assert least == ([LORA, FULL], 29.0), "2 seconds apart, and one method's seeds 4"
    assert write_least(study, "nli", TIME, least) == "29.0\u00a0s to 31.0\u00a0s, within the spread over seeds"
    set_times[FULL] = (30.9, 31.0, 31.1)
    for run in results["runs"]:
        run["train"]["phases"]["training"]["seconds"] = set_times[run["method"]][run["seed"] - 1]
    assert find_least(Study(results), "nli", [FULL, LORA], TIME) == ([LORA], 29.0), "though less than 10 % apart"


def test_on_a_cpu_memory_is_compared_by_what_the_tensors_hold():
    """The process of the smaller training may grow more, by what it had loaded and freed before."""
    results = two()
    full, lora = (run["train"] for run in results["runs"])
    full["phases"]["training"]["memory"]["peak_resident_bytes"] = 40_000_000
    lora["phases"]["training"]["memory"]["peak_resident_bytes"] = 44_000_000
    counted = [
        sum(record[f"{part}_bytes"] for part in ("weight", "gradient", "optimizer", "activation"))
        for record in (full, lora)
    ]
    assert counted[1] < counted[0]
    assert find_least(Study(results), "nli", [FULL, LORA], MEMORY) == ([LORA], counted[1])
    cells = [column.title for column in cost.cost_table(Study(results), "nli").columns]
    assert cells.count("Memory") == 1 and "Peak memory" not in cells, "of prediction nothing but its weights is counted"
    lora["activation_bytes"] = None
    assert find_least(Study(results), "nli", [LORA], MEMORY) is None, "what was not counted is not compared"


def test_on_a_gpu_memory_is_the_allocator_s_peak_and_never_set_beside_a_count():
    results = two()
    full, lora = (run["train"] for run in results["runs"])
    full["phases"]["training"]["memory"]["peak_allocated_bytes"] = 8_000_000
    assert find_least(Study(results), "nli", [FULL], MEMORY) == ([FULL], 8_000_000)
    assert find_least(Study(results), "nli", [FULL, LORA], MEMORY) is None
    lora["phases"]["training"]["memory"]["peak_allocated_bytes"] = 7_900_000
    assert find_least(Study(results), "nli", [FULL, LORA], MEMORY) == ([LORA, FULL], 7_900_000)


def test_faster_by_less_than_the_noise_is_not_fastest():
    results = two()
    results["runs"][0]["predict"]["rows_per_second"], results["runs"][1]["predict"]["rows_per_second"] = 95.0, 100.0
    assert find_least(Study(results), "nli", [FULL, LORA], SPEED) == ([LORA, FULL], 100.0)


def test_counts_are_exact_and_have_one_least():
    results = two()
    results["runs"][0]["train"]["checkpoint_bytes"], results["runs"][1]["train"]["checkpoint_bytes"] = 1001, 1000
    assert find_least(Study(results), "nli", [FULL, LORA], SAVED) == ([LORA], 1000)


def test_a_single_seed_is_said_where_verdicts_stand(tmp_path):
    html = without_pictures(two(), tmp_path)
    for section in ("summary", "claims"):
        part = text_of(re.search(rf'<section id="{section}">.*?</section>', html, re.DOTALL)[0])
        assert "cover the sampling of test examples, not training variance: one seed was run (1)" in part


def test_of_several_seeds_the_spread_is_said():
    right = {FULL: range(270), LORA: range(265)}
    results = set_hits(two(seeds=(1, 2)), {1: right, 2: {FULL: range(240), LORA: range(264)}})
    words = seeds.caution(Study(results))
    assert "over seeds was at most 7.1 percentage points (RoBERTa, full fine-tuning)." in words
    assert "(2 were run)" in words and "one seed" not in words


def test_a_processor_is_told_by_its_model_s_numbers(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("model name\t: AMD EPYC\ncpu family\t: 25\nmodel\t\t: 1\nstepping\t: 1\n\nmodel name\t: other\n")
    facts = environment.read_processor(file)
    assert facts["model name"] == "AMD EPYC" and facts["cpu family"] == "25"
    for model, name in (("family 25, model 1", "AMD EPYC, family 25, model 1"), (None, "AMD EPYC")):
        record = {**machine(), "processor": "AMD EPYC", "processor_model": model}
        assert setting.name_processor(make_record(record, Machine, "machine")) == name
    assert environment.read_processor(tmp_path / "none") == {}


def test_what_is_tried_on_held_out_rows_is_no_choice_of_the_method():
    tried = {**generation(0), "trials": {"temperatures": [0.0, 0.1], "draws": 0, "rows": 200}}
    chosen = {name: METHODS[name] for name in ("llama_zero_shot", "llama_qlora_generation")}
    chosen["llama_zero_shot"] = (*METHODS["llama_zero_shot"][:4], tried, *METHODS["llama_zero_shot"][5:])
    study = Study(make_results(chosen, splits={"test": 150}, with_gaps=False))
    found = [(pair.before, pair.after, pair.axis) for pair in list_ablations(study, "nli")]
    assert found == [("llama_zero_shot", "llama_qlora_generation", "adapter")]


def test_a_correction_is_named():
    assert describe_correction(1) == "uncorrected"
    assert describe_correction(2, "methods").endswith("for both methods")
    assert "p (Holm): uncorrected" in ablations_table(Study(two()), "nli").caption
    three = Study(make_contest({FULL: range(270), LORA: range(265), "roberta_prefix": range(200)}))
    assert "corrected by Holm's procedure for all 3 pairs" in ablations_table(three, "nli").caption


def test_held_out_accuracies_have_intervals():
    cell = methods.epochs_table(Study(two()), "nli").rows[0][7]
    share = Study(two()).run("nli", FULL).train.epochs[2].held_out_accuracy
    assert cell.text == share_with_interval(share, 300) and re.fullmatch(r"0\.\d\d \(0\.\d\d–\d\.\d\d\)", cell.text)


def write_answers(folder, labels):
    rows = [Row(f"row-{n}", {"text": "a"}, 0, "g", {}) for n in range(len(labels))]
    write_predictions(folder, rows, [Prediction(label=label) for label in labels])


@pytest.fixture
def scored(tmp_path):
    """A run scored from files: a merged model and a second temperature that each lose eight answers."""
    own, worse = [0] * 30 + [1] * 10, [0] * 22 + [1] * 18
    place = tmp_path / "predictions"
    write_answers(place / "test.jsonl", own)
    write_answers(place / "merged_into_nf4" / "test.jsonl", worse)
    tried = [("temperature", "0.1", True, own), ("temperature", "0.7", False, worse), ("temperature", "0", False, own)]
    noted = [{"choice": choice, "value": value, "own": used, "shots": []} for choice, value, used, _ in tried]
    for number, (*_, labels) in enumerate(tried):
        write_answers(place / "trials" / f"{number}.jsonl", labels)
    write_json(tmp_path / "task.json", make_task("two", {"test": 40}) | {"labels": ["a", "b"]})
    write_json(tmp_path / "predict.json", make_predict(METHODS[LORA]) | {"trials": noted})
    write_json(tmp_path / "train.json", make_train(METHODS["llama_zero_shot"]))
    record = scoring.score_run(tmp_path / "task.json", place, tmp_path / "predict.json", tmp_path / "train.json")
    return as_plain(record)


def test_a_merged_model_is_tested_against_its_adapter(scored):
    test = scored["merging"]["merged_into_nf4"]["test"]
    assert test["difference"] == pytest.approx(-0.2) and test["difference_high"] < 0
    assert test["p_value"] == pytest.approx(mcnemar_p_value(0, 8)) == pytest.approx(2 / 2**8)
    results = make_results({LORA: METHODS[LORA]}, splits={"test": 40}, with_gaps=False)
    results["runs"][0]["scores"] = {**scored, "status": "ok", "reason": None}
    cells = [cell.text for cell in merge_table(Study(results), "nli").rows[0]]
    assert cells[2:4] == ["original weights, the sum quantized to nf4", "test"] and cells[4].startswith(
        "0.75 (0.60–0.86)"
    )
    assert cells[6].startswith("−20.0* (−3") and cells[7:] == ["0.008", "80.0\u00a0%"]


@pytest.mark.parametrize(
    ("variant", "weights"),
    [
        ("merged_into_dequantized_bfloat16", "quantized weights, dequantized to bfloat16"),
        ("merged_into_bfloat16", "original weights, bfloat16"),
    ],
)
def test_a_merged_model_names_the_weights_that_the_adapter_was_added_to(variant, weights):
    assert MergedModel(None, "nli", LORA, None, variant, "test").weights == weights


def test_trials_are_evaluated_by_the_test_on_their_rows(scored):
    assert [trial.get("p_value_holm") for trial in scored["trials"]] == [None, pytest.approx(4 / 2**8), 1.0]
    tried = [TrialScore(**trial) for trial in scored["trials"]]
    assert trials.describe_trials("Llama, zero-shot", tried) == (
        "Llama, zero-shot, temperature: 0.750 with 0.1, as used, on 40 held-out examples; compared with it: "
        "temperature 0.7, −20.0 percentage points (p = 0.016); temperature 0, 0.0 percentage points (p = 1.000); "
        "significant for 0.7."
    )
    untested = [replace(trial, p_value_holm=None) for trial in tried]
    words = trials.describe_trials("Llama, zero-shot", untested)
    assert "0.7 0.550" in words and "no test" in words


def test_the_choice_of_prompt_and_temperature_is_explained():
    results = make_results(splits={"test": 90})
    words = " ".join(trials.choice_sentences(Study(results), "nli"))
    assert "without the list of answers (“yes”, “maybe” and “no”)" in words
    assert "A temperature of 0.1 nearly always takes the most likely token" in words and "drawn by the seed" in words
    results["tasks"]["nli"]["prompt"] += " Choose one: yes, maybe, no."
    words = " ".join(trials.choice_sentences(Study(results), "nli"))
    assert "ends with the closed list of answers, “yes”, “maybe” and “no”" in words
    few = make_results({FULL: METHODS[FULL]}, splits={"test": 90}, with_gaps=False)
    assert "temperature" not in " ".join(trials.choice_sentences(Study(few), "nli"))


def test_figures_of_the_advice_stand_in_the_tables_it_names(tmp_path):
    results = make_results(splits={"matched": 150})
    study = Study(results)
    html = without_pictures(results, tmp_path)
    for entry in advice.give_advice(study, "nli"):
        tables = "".join(
            text_of(re.search(rf'id="table-{link}".*?</table>', html, re.DOTALL)[0]) for _, link in entry.rests_on
        )
        for size in re.findall(r"[\d.]+\u00a0[kMG]?B(?! for 70)", entry.advice):
            assert size.replace("\u00a0", " ") in tables, (entry.situation, size)
