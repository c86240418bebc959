"""A study's results, asked: which split decides, who stands on which rank, who differs from whom, what follows what."""

import pytest

from example_contests import FULL, LORA, make_contest
from example_results import METHODS, make_results
from fineprint.core.records import Step
from fineprint.results.comparing import Answered, compare_answers
from fineprint.results.matching import describe, find, matches
from fineprint.results.steps import direct_arrows, followers, place_steps
from fineprint.results.study import Study

PREFIX = "roberta_prefix"


@pytest.fixture(scope="module")
def contest():
    """Of 300 rows LoRA answers 270 rightly, full fine-tuning 265 of these, prefix tuning 180."""
    return Study(make_contest({FULL: range(265), LORA: range(270), PREFIX: range(180)}))


def test_the_most_accurate_come_first_and_ranks_count_what_is_better(contest):
    assert [(method, mean.mean) for method, mean in contest.ranked("nli")] == [
        (LORA, 0.9),
        (FULL, pytest.approx(265 / 300)),
        (PREFIX, 0.6),
    ]
    assert contest.leaders("nli") == [LORA, FULL] and contest.as_good("nli") == [LORA]
    assert [contest.rank("nli", method) for method in (FULL, LORA, PREFIX, "nobody")] == [1, 1, 3, None]
    assert [method for method, _ in contest.scored("nli")] == [FULL, LORA, PREFIX], "in the config's order"
    assert contest.majority_rate("nli", "matched") == pytest.approx(1 / 3)


def test_a_comparison_is_signed_from_the_first_to_the_second(contest):
    there, back = contest.comparison("nli", LORA, FULL), contest.comparison("nli", FULL, LORA)
    assert there.difference == pytest.approx(5 / 300) == -back.difference
    assert there.interval == back.interval.mirrored and there.interval.low < 5 / 300 < there.interval.high
    assert there.p_value_holm == back.p_value_holm and (there.first, back.first) == (LORA, FULL)
    assert not there.is_significant and contest.comparison("nli", FULL, PREFIX).is_significant
    assert contest.comparison("nli", FULL, "nobody") is None


def test_one_seed_concludes_about_trained_models_only(contest):
    found = contest.comparison("nli", FULL, PREFIX)
    assert (found.scope, found.verdict, found.model_verdict) == ("trained model", "inconclusive", "better")
    three = Study(make_contest({FULL: range(265), PREFIX: range(180)}, seeds=(1, 2, 3)))
    found = three.comparison("nli", FULL, PREFIX)
    assert (found.scope, found.verdict, found.model_verdict) == ("method", "better", None)


def test_groups_of_examples_widen_intervals():
    answers = {
        name: [{"a": [Answered(str(row // 30), row < right) for row in range(300)]}]
        for name, right in ((FULL, 270), (LORA, 240))
    }
    single = {
        name: [{"a": [Answered(str(row), one.is_right) for row, one in enumerate(seeds[0]["a"])]}]
        for name, seeds in answers.items()
    }
    grouped, alone = (compare_answers("nli", part, [], 1.0).comparisons[0] for part in (answers, single))
    assert (grouped.groups, alone.groups) == (10, 300)
    assert grouped.standard_error > 3 * alone.standard_error


def test_few_examples_and_a_single_group_cost_no_report():
    """Everything was trained by then: a split of one example is left out, one group is taken for none."""
    one = {FULL: [{"a": [Answered("g", True)], "b": [Answered("g", True), Answered("g", False)]}]}
    found = compare_answers("nli", one, [FULL], 1.0)
    assert [(mean.split, mean.groups) for mean in found.means] == [("b", 2)] and found.comparisons == []


def test_the_first_test_split_decides_and_all_together_are_counted():
    study = Study(make_results({FULL: METHODS[FULL]}, splits={"matched": 90, "mismatched": 60}, with_gaps=False))
    assert study.splits("nli") == ["matched", "mismatched"] and study.headline("nli") == "matched"
    assert study.splits_and_pooled("nli") == ["matched", "mismatched", "pooled"]
    assert [study.split_rows("nli", split) for split in study.splits_and_pooled("nli")] == [90, 60, 150]
    one = Study(make_contest({FULL: range(9)}))
    assert one.splits_and_pooled("nli") == ["matched"] and one.split_rows("nli", "matched") == 300


def test_further_seeds_are_asked_by_number():
    study = Study(make_contest({FULL: range(270)}, seeds=(4, 7)))
    assert study.seed == 4 and study.seeds == [4, 7] and study.mean("nli", FULL).by_seed == (0.9, 0.9)
    assert study.run("nli", FULL).seed == 4 and study.run("nli", FULL, 7).seed == 7
    assert study.run("nli", FULL, 5) is None and study.run("other", FULL) is None
    assert study.score("nli", FULL, "matched", 7).correct == 270 and study.score("nli", FULL, "none") is None


def test_what_did_not_run_or_collapsed_is_told_and_not_ranked():
    results = make_contest({FULL: range(270), LORA: range(100)})
    study = Study(results)
    assert [study.status("nli", method) for method in (FULL, LORA, "nobody")] == ["ok", "collapsed", "not run"]
    assert [method for method, _ in study.ranked("nli")] == [FULL] and study.mean("nli", LORA).mean == pytest.approx(
        1 / 3
    )
    assert len(study.reasons("nli", "collapsed")) == 1 and study.reasons("nli", "ok") == []
    assert study.measures_accuracy("nli")
    for run in results["runs"]:
        run["status"] = "cost only"
    assert not Study(results).measures_accuracy("nli")
    results["runs"][0]["status"] = "ok"
    assert Study(results).measures_accuracy("nli")


def test_methods_are_numbered_and_called_as_the_config_says(contest):
    assert contest.numbers == {FULL: 1, LORA: 2, PREFIX: 3} and contest.title(LORA) == METHODS[LORA][0]
    assert contest.tasks == ["nli"] and contest.methods == [FULL, LORA, PREFIX] and contest.left_out == []


def test_a_method_is_found_by_what_it_and_its_backbone_are_set_to(contest):
    described = describe(contest, LORA)
    assert described["backbone"]["entry"] == contest.settings(LORA)["backbone"]
    assert find(described, "adapter.kind") == "lora" and find(described, "adapter.kind.deeper") is None
    assert find(described, "nothing") is None
    assert matches(contest, LORA, {"adapter.kind": "lora", "backbone.entry": described["backbone"]["entry"]})
    assert matches(contest, LORA, {"adapter.kind": ["full", "lora"]}) and matches(contest, LORA, {})
    assert not matches(contest, LORA, {"adapter.kind": "lora", "backbone.entry": "another"})
    assert not matches(contest, FULL, {"adapter.kind": ["lora"]})


def make_step(rule, *after):
    return Step(rule=rule, leaves="x", writes=[], after=list(after))


def test_steps_are_drawn_below_what_they_wait_for():
    """a and b lead to c, and with it to d; d waits for a, too, which the arrows through c say already."""
    steps = [
        make_step("a"),
        make_step("b", "a"),
        make_step("e"),
        make_step("c", "b", "e"),
        make_step("d", "c", "a"),
    ]
    assert followers("a", steps) == {"b", "c", "d"} and followers("e", steps) == {"c", "d"}
    assert followers("d", steps) == set()
    assert direct_arrows(steps) == [("a", "b"), ("b", "c"), ("e", "c"), ("c", "d")]
    assert place_steps(steps) == {"a": 0, "b": 1, "e": 1, "c": 2, "d": 3}, "right above the first that waits for it"
    assert place_steps(steps[1:]) == {"b": 0, "e": 0, "c": 1, "d": 2}
