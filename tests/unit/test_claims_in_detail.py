"""Claims in detail: which runs are compared, from which side a difference is seen, what is said where none stands."""

import copy

import pytest

from example_contests import FULL, LORA, make_contest
from fineprint.claims.cases import Case, NotMeasured
from fineprint.claims.quantities import QUANTITIES
from fineprint.claims.requirements import Requirements, find_missing
from fineprint.claims.verdicts import read_claims
from fineprint.core.settings import SettingsError
from fineprint.results.study import Study
from test_claims import at_real_size


@pytest.fixture(scope="module")
def results():
    return at_real_size(make_contest({FULL: range(270), LORA: range(260)}, seeds=(1, 2)))


def measure(results, quantity, first, second=None, seed=1):
    return QUANTITIES[quantity].measure(Case(Study(results), "nli", seed, first, second))


def test_times_of_different_machines_are_not_compared(results):
    assert measure(results, "speed_ratio", LORA, FULL).value > 0
    gpu = results["runs"][0]["train"]["environment"]["gpu"]
    for part, value in (("processor", "another"), ("gpu", {**gpu, "name": "another"}), ("gpu", None)):
        changed = copy.deepcopy(results)
        changed["runs"][0]["train"]["environment"][part] = value
        with pytest.raises(NotMeasured, match="were trained on different machines"):
            measure(changed, "speed_ratio", LORA, FULL)


def test_a_difference_is_seen_from_either_side(results):
    there, back = (measure(results, "accuracy_difference", *pair) for pair in ((FULL, LORA), (LORA, FULL)))
    assert there.value == pytest.approx(10 / 300) and there.low < there.value < there.high
    assert (back.value, back.low, back.high) == (-there.value, -there.high, -there.low)
    assert there.p_value == back.p_value and there.is_confirmed and back.is_confirmed


def test_a_ratio_is_of_right_answers(results):
    there, back = (measure(results, "accuracy_ratio", *pair) for pair in ((FULL, LORA), (LORA, FULL)))
    assert there.value == pytest.approx(270 / 260) and there.low < there.value < there.high
    assert 1 / back.value == pytest.approx(there.value) and back.low < back.value < back.high < 1


@pytest.mark.parametrize(
    ("quantity", "job", "phase", "what"),
    [
        ("training_memory", "train", "training", "memory in training"),
        ("prediction_memory", "predict", "prediction", "memory in prediction"),
    ],
)
def test_memory_that_was_not_measured_is_named(quantity, job, phase, what, results):
    assert measure(results, quantity, FULL).value == 6_100_000_000
    changed = copy.deepcopy(results)
    changed["runs"][0][job]["phases"].pop(phase)
    with pytest.raises(NotMeasured, match=rf"^The {what} of .* was not measured\.$"):
        measure(changed, quantity, FULL)


def test_a_gpu_is_looked_for_in_the_runs_of_the_seed(results):
    changed = copy.deepcopy(results)
    for run in changed["runs"]:
        if run["seed"] == 2:
            run["train"]["environment"]["gpu"] = None
    for seed, missing in ((1, []), (2, ["About GPU memory; no GPU was used."])):
        assert find_missing(Requirements(gpu=True), Case(Study(changed), "nli", seed, FULL, LORA)) == missing


def test_sizes_are_those_of_the_methods_backbones(results):
    case = Case(Study(results), "nli", 1, FULL)
    for limits, fits in (((355e6, 355e6), True), ((356e6, 1e9), False), ((1e6, 354e6), False)):
        assert (find_missing(Requirements(parameters=limits), case) == []) == fits
    assert find_missing(Requirements(pretrained=True), case) == []


def test_a_claim_without_a_name_is_told_by_its_place(tmp_path):
    (tmp_path / "claims.yaml").write_text("claims:\n  - {part: memory}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"\(without a name\)"):
        read_claims(tmp_path / "claims.yaml")
