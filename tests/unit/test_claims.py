"""Claims against results: each verdict worked out by hand."""

import copy
from pathlib import Path

import pytest
import yaml

from example_contests import FULL, LORA, make_contest
from example_runs import METHODS, environment
from fineprint.claims.cases import Case, Measurement, NotMeasured
from fineprint.claims.published import published_rows, read_published
from fineprint.claims.quantities import QUANTITIES
from fineprint.claims.verdicts import (
    NOT_SUPPORTED,
    NOT_TESTABLE,
    SUPPORTED,
    Claim,
    assess_claim,
    assess_range,
    read_claims,
)
from fineprint.core.settings import SettingsError
from fineprint.reporting.sections.claim_ledger import count_sentence, ledger_row
from fineprint.results.study import Study

REPORT = Path(__file__).parents[2] / "report"
CLAIMS = {claim.name: claim for claim in read_claims(REPORT / "claims.yaml")}
SIZE = {"parameters": (300e6, 420e6)}
ZERO, ONE = "llama_zero_shot", "llama_one_shot"
GENERATION, HEAD = "llama_qlora_generation", "llama_qlora_head"


def at_real_size(results, gpu=True):
    """Let the encoder have RoBERTa-large's size, and the jobs a GPU."""
    results["backbones"]["encoder"].update({"parameters": 355_000_000, "bytes": 1_420_000_000})
    for run in results["runs"]:
        for record in (run["train"], run["predict"]):
            record["environment"] = environment(gpu="Card" if gpu else None)
            for phase in record["phases"].values():
                phase["memory"]["peak_allocated_bytes"] = 6_100_000_000 if gpu else None
    return results


def contest():
    return make_contest({FULL: range(270), LORA: range(265)})


def assess(results, name):
    return assess_claim(Study(results), CLAIMS[name])


def test_every_claim_of_the_assignment_is_an_entry():
    claimed = [claim.claimed for claim in CLAIMS.values()]
    for figure in ("16 GB", "8 GB", "6 GB", "14 GB", "~2 GB", "~6 GB", "~20 MB", "~5 MB", "~50 MB", "~2 M", "~1 M"):
        assert figure in claimed
    for figure in ("~67 M", "2–3 ×", "95–100 %", "< 1 %", "~0.01 %", "~1.4 GB", "1.6 GB", "90 % less", "no reloading"):
        assert figure in claimed
    assert {"one_shot", "head", "qlora_against_prompting"} <= set(CLAIMS)


def test_a_small_model_tests_no_size_and_shows_its_own_figure():
    assessed = assess(contest(), "lora_saved")
    assert assessed.verdict == NOT_TESTABLE
    assert "About models of 300 M to 420 M parameters; “encoder” has 460 k." in assessed.sentence.replace("\u00a0", " ")
    assert ledger_row(assessed).measured == ["For information:", "No. 2, RoBERTa, LoRA: 104\u00a0kB"]


@pytest.mark.parametrize(
    ("saved", "verdict"),
    [(15_000_000, SUPPORTED), (25_000_000, SUPPORTED), (14_900_000, NOT_SUPPORTED), (26e6, NOT_SUPPORTED)],
)
def test_about_20_megabytes_is_15_to_25(saved, verdict):
    results = at_real_size(contest())
    results["runs"][1]["train"]["checkpoint_bytes"] = saved
    assert assess(results, "lora_saved").verdict == verdict


def test_gpu_memory_needs_a_gpu():
    assert assess(at_real_size(contest()), "full_training_memory").verdict == NOT_SUPPORTED  # 6.1 GB, not 12 to 20
    without = assess(at_real_size(contest(), gpu=False), "full_training_memory")
    assert without.verdict == NOT_TESTABLE
    assert "no GPU was used" in without.sentence
    assert "resident memory, no GPU" in ledger_row(without).measured[1]


def test_what_was_not_measured_is_not_testable():
    results = at_real_size(contest())
    results["runs"][0]["train"]["phases"] = {}
    assessed = assess(results, "full_training_memory")
    assert assessed.verdict == NOT_TESTABLE
    assert "was not measured" in assessed.sentence
    assert ledger_row(assessed).measured == ["not measured"]
    assert ledger_row(assessed).links == []


def test_parameters_and_share():
    results = at_real_size(contest())
    results["runs"][1]["train"]["parameters"] = {
        "adapter": 1_580_000,
        "head": 1_050_000,
        "total": 357_000_000,
        "share": 2_630_000 / 357_000_000,
    }
    assert assess(results, "lora_parameters").verdict == NOT_SUPPORTED  # 2.63 M, not 1.5 to 2.5
    assert assess(results, "lora_share").verdict == SUPPORTED  # 0.74 %


def test_speed_is_of_rows_per_second_and_says_the_total_time():
    results = at_real_size(contest())
    results["runs"][0]["train"]["examples_per_second"] = 100.0
    for speed, verdict in ((95.0, NOT_SUPPORTED), (250.0, SUPPORTED), (301.0, NOT_SUPPORTED)):
        results["runs"][1]["train"]["examples_per_second"] = speed
        assessed = assess(results, "lora_speed")
        assert assessed.verdict == verdict
    assert "above what was claimed" in assessed.sentence.lower()
    line = ledger_row(assessed).measured[0]
    assert line.startswith("No. 2 against No. 1: 3.01\u00a0×; by rows per second; in all 12.5\u00a0s for 4 epochs")


def test_times_of_two_machines_are_not_compared():
    results = at_real_size(contest())
    results["runs"][1]["train"]["environment"] = environment("another")
    assert "different machines" in assess(results, "lora_speed").sentence


@pytest.mark.parametrize(
    ("lora", "verdict", "words"),
    [
        (range(270), SUPPORTED, "At least what was claimed."),  # the ratio is 1
        (range(290), SUPPORTED, "At least what was claimed."),  # more than full fine-tuning
        (range(258), NOT_SUPPORTED, "leaves it open"),  # 0.956 (0.931 to 0.980)
        (range(230), NOT_SUPPORTED, "Below"),  # 0.852 (0.803 to 0.903)
    ],
)
def test_share_of_the_accuracy_kept(lora, verdict, words):
    assessed = assess(make_contest({FULL: range(270), LORA: lora}), "lora_accuracy")
    assert assessed.verdict == verdict
    assert words in assessed.sentence
    assert "made by this workflow, on generated rows of “nli”" in assessed.sentence


@pytest.mark.parametrize(
    ("zero", "one", "verdict", "words"),
    [
        (range(200), range(230), SUPPORTED, "the paired test confirms it"),
        (range(230), range(200), NOT_SUPPORTED, "confirms the opposite"),
        (range(200), range(5, 206), NOT_SUPPORTED, "cannot be told apart"),
    ],
)
def test_beating_needs_the_paired_test(zero, one, verdict, words):
    assessed = assess(make_contest({ZERO: zero, ONE: one}), "one_shot")
    assert assessed.verdict == verdict
    assert words in assessed.sentence.replace("The", "the")


def test_a_higher_accuracy_alone_is_not_support():
    results = make_contest({ZERO: range(200), ONE: range(230)})
    results["comparisons"][0]["p_value_holm"] = 0.05
    assert assess(results, "one_shot").verdict == NOT_SUPPORTED


def test_a_collapsed_run_decides_nothing():
    assessed = assess(make_contest({FULL: range(290), LORA: range(100)}), "lora_accuracy")
    assert assessed.verdict == NOT_TESTABLE
    assert "RoBERTa, LoRA collapsed" in assessed.sentence


def test_every_pair_must_support():
    right = {ZERO: range(150), ONE: range(200), GENERATION: range(240), HEAD: range(240)}
    assessed = assess(make_contest(right), "qlora_against_prompting")
    assert (assessed.verdict, len(assessed.findings)) == (SUPPORTED, 4)
    right[HEAD] = range(190)
    assessed = assess(make_contest(right), "qlora_against_prompting")
    assert assessed.verdict == NOT_SUPPORTED
    assert "3 of 4 cases: the paired test confirms it; 1 of 4 cases: the paired test confirms the opposite." in (
        assessed.sentence
    )


def test_methods_that_differ_in_more_are_not_paired():
    results = make_contest({GENERATION: range(200), HEAD: range(240)})
    assert assess(results, "head").verdict == SUPPORTED
    results["study"]["methods"][HEAD]["adapter"] = {**METHODS[HEAD][3], "rank": 64}
    assessed = assess(results, "head")
    assert assessed.verdict == NOT_TESTABLE
    assert "No pair of methods of these choices" in assessed.sentence


def test_storage_is_arithmetic_on_measured_bytes():
    results = at_real_size(contest())
    full, lora = (run["train"] for run in results["runs"])
    full["checkpoint_bytes"], lora["checkpoint_bytes"] = 1_430_000_000, 18_000_000
    study = Study(results)
    case = Case(study, "nli", 1, LORA, FULL)
    assert QUANTITIES["storage"].measure(case, tasks=10).value == 1_420_000_000 + 10 * 18_000_000
    saving = QUANTITIES["storage_saving"].measure(case, tasks=10).value
    assert saving == pytest.approx(1 - 1_600_000_000 / 14_300_000_000)  # 88.8 %
    for name in ("full_saved", "ten_tasks_lora", "ten_tasks_full", "ten_tasks_saving"):
        assert assess_claim(study, CLAIMS[name]).verdict == SUPPORTED


def serving(switch, reload, after="aa"):
    row = {"tasks": 3, "trained": True, "switch_seconds_median": switch}
    rows = [{**row, "way": "switched", "method": LORA}]
    rows += [{**row, "way": "reloaded", "method": FULL, "switch_seconds_median": reload}]
    kept = [{"way": "switched", "method": LORA, "before": "aa", "after": after}]
    absent = {"seed": 1, "tasks": {}, "runs": [], "combining": None, "forgetting": None, "real_size": None}
    return {"ways": {"settings": {}, "rows": rows, "backbone": kept}, "means": [], "comparisons": [], **absent}


def test_switching_adapters():
    results = contest()
    assert assess(results, "switching").verdict == NOT_TESTABLE
    results["serving"] = serving(0.002, 0.5)
    assessed = assess(results, "switching")
    assert assessed.verdict == SUPPORTED
    assert "median 2.00\u00a0ms against 500\u00a0ms for loading another whole model" in ledger_row(assessed).measured[0]
    results["serving"] = serving(0.7, 0.5)
    assert assess(results, "switching").verdict == NOT_SUPPORTED
    results["serving"] = serving(0.002, 0.5, after="bb")
    assert assess(results, "switching").verdict == NOT_SUPPORTED


def test_random_weights_test_no_accuracy():
    results = contest()
    results["kinds"]["backbones"]["demo_encoder"]["pretrained"] = False
    assessed = assess(results, "lora_accuracy")
    assert assessed.verdict == NOT_TESTABLE
    assert "those of “encoder” are random" in assessed.sentence


@pytest.mark.parametrize(
    ("low", "value", "high", "outcome"),
    [(0.9, 0.95, 1.0, "within"), (0.8, 0.9, 0.96, "open"), (0.7, 0.8, 0.89, "below"), (1.11, 1.2, 1.3, "above")],
)
def test_an_interval_lies_inside_outside_or_across(low, value, high, outcome):
    assert assess_range(Measurement(value, low, high), 0.9, 1.1) == outcome


def test_one_claim_over_many_methods_shows_a_range():
    from example_results import make_results

    results = make_results(with_gaps=False, splits={"matched": 90})
    row = ledger_row(assess(results, "decoder_prediction_memory"))
    assert row.measured == ["For information (resident memory, no GPU):", "12.0\u00a0MB to 12.0\u00a0MB (5 cases)"]


def entry(**changes):
    found = {
        "name": "made_up",
        "part": "1",
        "claim": "it is so",
        "claimed": "so",
        "quantity": "checkpoint_bytes",
        "match": {"adapter.kind": "lora"},
        "expected": {"about": 5.0},
    }
    return {key: value for key, value in {**found, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quantity": "speeed"}, "quantity 'speeed' is unknown; accepted: accuracy_difference, accuracy_ratio,"),
        ({"color": "red"}, "(made_up).color: this key is unknown; accepted here: against, arguments,"),
        ({"expected": {}}, "one is wanted of `about`"),
        ({"expected": {"about": 1, "at_most": 2}}, "one is wanted of `about`"),
        ({"expected": {"beats": True}}, "needs a paired test"),
        ({"quantity": "storage"}, "takes the arguments tasks"),
        ({"arguments": {"tasks": 3}}, "takes the arguments none"),
        ({"against": {"adapter.kind": "full"}}, "is of one method"),
        ({"quantity": "speed_ratio"}, "compares two methods"),
        ({"part": None}, "(made_up).part: this key is missing"),
        ({"match": {}}, "(made_up).match"),
    ],
)
def test_a_claim_that_cannot_be_used_is_refused(tmp_path, changes, words):
    file = tmp_path / "claims.yaml"
    file.write_text(yaml.safe_dump({"claims": [entry(**changes)]}))
    with pytest.raises(SettingsError) as error:
        read_claims(file)
    assert "claims.yaml, claim 1" in str(error.value)
    assert words in str(error.value)


def test_names_are_used_once_and_a_list_is_wanted(tmp_path):
    file = tmp_path / "claims.yaml"
    file.write_text(yaml.safe_dump({"claims": [entry(), entry()]}))
    with pytest.raises(SettingsError, match="the name 'made_up' is used twice"):
        read_claims(file)
    file.write_text("claims: 3")
    with pytest.raises(SettingsError, match="a list of claims"):
        read_claims(file)


def test_an_added_claim_needs_no_code():
    added = Claim(**entry(expected={"about": 104_332.0}))
    assert assess_claim(Study(contest()), added).verdict == SUPPORTED


def test_a_number_and_its_unit_stay_on_one_line():
    row = ledger_row(assess(contest(), "lora_share"))
    assert row.claim.startswith("LoRA trains less than 1\u00a0% of")
    assert (row.claimed, row.met) == ("<\u00a01\u00a0%", "accepted: up to 1.0\u00a0%")


def test_counts_add_up():
    study = Study(contest())
    assessments = [assess_claim(study, claim) for claim in CLAIMS.values()]
    counts = [int(part.split()[0]) for part in count_sentence(assessments).split(", ")]
    assert sum(counts) == len(CLAIMS)
    assert counts[2] == len(CLAIMS) - 1  # of two encoder methods of the demo's size only accuracy can be tested


def test_a_quantity_refuses_a_method_that_was_not_run():
    results = contest()
    results["runs"][1].update({"status": "not run", "reason": "the model is gated", "scores": None})
    with pytest.raises(NotMeasured, match="was not run: the model is gated"):
        QUANTITIES["checkpoint_bytes"].measure(Case(Study(results), "nli", 1, LORA))


def test_published_figures_beside_made_up_ones_are_not_comparable():
    rows = published_rows(Study(contest()), read_published(REPORT / "published.yaml"))
    assert {row.figure[:5] for row in rows} >= {"0.902", "0.906", "0.835", "0.779", "0.877", "0.803", "0.588", "0.818"}
    assert {row.comparable for row in rows} == {"no"}
    lora = next(row for row in rows if row.figure == "0.906 ± 0.002")
    assert "our rows are generated" in lora.reasons.lower()
    assert "“encoder” has 460\u00a0k parameters" in lora.reasons
    assert lora.ours == ["No. 2, RoBERTa, LoRA: 0.88 (0.84–0.91) on 300 rows of “nli” (matched)"]


def test_published_figures_beside_the_same_rows_and_model():
    results = at_real_size(contest())
    results["tasks"]["nli"]["settings"]["kind"] = "multinli"
    results["study"]["tasks"]["nli"] = {"kind": "multinli", "train_fraction": 1.0}
    for run in results["runs"]:
        run["scores"]["splits"]["pooled"] = run["scores"]["splits"]["matched"]
    rows = {row.figure: row for row in published_rows(Study(results), read_published(REPORT / "published.yaml"))}
    assert rows["0.902"].comparable == "yes"
    assert "(pooled)" in rows["0.902"].ours[0]
    partly = copy.deepcopy(results)
    partly["study"]["tasks"]["nli"]["train_fraction"] = 0.1
    rows = {row.figure: row for row in published_rows(Study(partly), read_published(REPORT / "published.yaml"))}
    assert rows["0.902"].comparable == "in part"
    assert rows["0.902"].reasons == "Ours was trained on 10.0\u00a0% of the rows."


def test_a_published_figure_that_cannot_be_used_is_refused(tmp_path):
    file = tmp_path / "published.yaml"
    file.write_text(yaml.safe_dump({"published": [{"method": "X", "figure": 90.2}]}))
    with pytest.raises(SettingsError, match=r"published.yaml, figure 1 \(X\)"):
        read_published(file)
