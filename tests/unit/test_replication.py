"""Two studies compared: intervals that hold what they promise, verdicts, what is alike, what is refused."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from example_contests import FULL, LORA, make_contest
from example_results import METHODS, make_results
from fineprint.core.records import (
    Basis,
    Interval,
    MeanScore,
    Outcome,
    Replication,
    Scope,
    Shift,
    Verdict,
    make_record,
    read_record,
    write_json,
)
from fineprint.core.settings import SettingsError
from fineprint.results.replication.comparison import compare_studies
from fineprint.results.replication.table import COLUMNS, write_table
from fineprint.results.study import Study
from fineprint.scoring.means import average_methods
from fineprint.scoring.replication import compare_means, compare_verdicts, has_turned
from fineprint.scoring.statistics import wilson_interval
from fineprint.scoring.variance import MethodScores

SEEDS = (1, 2, 3)
AHEAD = {FULL: range(280), LORA: range(220)}
BEHIND = {FULL: range(220), LORA: range(280)}


@pytest.fixture
def compare(tmp_path):
    """Compare two studies given as plain data, each in a folder of its own."""

    def run(first, second):
        for name, results in (("a", first), ("b", second)):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "results.json").write_text(json.dumps(results), encoding="utf-8")
        return compare_studies(tmp_path / "a", tmp_path / "b")

    return run


def mean_of(correct, examples, by_seed=None, scope=Scope.METHOD):
    interval = Interval(*wilson_interval(correct, examples))
    share = correct / examples
    shares = by_seed or (share,)
    return MeanScore(
        method="m",
        scope=scope,
        mean=float(np.mean(shares)),
        interval=interval,
        by_seed=tuple(shares),
        seed_deviation=None,
        examples=examples,
        groups=examples,
    )


def test_two_intervals_are_combined_as_newcombe_does():
    """His example: 56 of 70 against 48 of 80 (1998, table II, row a, method 10)."""
    found = compare_means(mean_of(48, 80), mean_of(56, 70), same_examples=False)
    assert found.basis == Basis.INTERVALS and found.value == pytest.approx(0.2)
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_on_the_same_examples_the_seeds_decide():
    first, second = (0.90, 0.92, 0.91), (0.87, 0.88, 0.86)
    found = compare_means(mean_of(91, 100, first), mean_of(87, 100, second), same_examples=True)
    assert found.basis == Basis.SEEDS
    many = compare_means(mean_of(91 * 10**6, 10**8, first), mean_of(87 * 10**6, 10**8, second), same_examples=True)
    expected = stats.ttest_ind(second, first).confidence_interval()
    assert many.interval == pytest.approx((expected.low, expected.high), abs=1e-5)
    assert found.interval.high - found.interval.low > many.interval.high - many.interval.low


def test_one_seed_each_says_nothing_of_seeds():
    first, second = (mean_of(right, 300, scope=Scope.TRAINED_MODEL) for right in (270, 255))
    assert compare_means(first, second, same_examples=True).basis == Basis.INTERVALS
    greedy = compare_means(mean_of(270, 300), mean_of(255, 300), same_examples=True)
    assert greedy.basis == Basis.SEEDS and greedy.shift(0.01) == Shift.OUTSIDE
    one_more = compare_means(mean_of(270, 300), mean_of(271, 300), same_examples=True)
    assert one_more.shift(0.01) == Shift.WITHIN


def test_a_difference_below_the_margin_is_small():
    found = compare_means(mean_of(9000, 10000), mean_of(9050, 10000), same_examples=True)
    assert found.interval.low > 0 and found.value == pytest.approx(0.005)
    assert (found.shift(0.01), found.shift(0.004)) == (Shift.SMALL, Shift.OUTSIDE)


@pytest.mark.parametrize("same_examples", [True, False])
def test_intervals_hold_in_95_of_100_replications(same_examples):
    """Three seeds, whose true accuracies differ by about a percentage point."""
    random = np.random.default_rng(7)

    def draw_study(hardness):
        scores = [random.random(hardness.size) < 1 / (1 + np.exp(-hardness - random.normal(0, 0.15))) for _ in range(3)]
        return average_methods([MethodScores("m", np.array(scores))], None)[0]

    held = []
    for _ in range(400):
        first = random.normal(2.5, 3, 500)
        second = first if same_examples else random.normal(2.5, 3, 500)
        low, high = compare_means(draw_study(first), draw_study(second), same_examples).interval
        held.append(low <= 0 <= high)
    assert 0.925 <= np.mean(held) <= 0.995


def comparison(verdict, difference=0.0, margin=0.01, model=None):
    pattern = Study(make_contest(AHEAD, SEEDS)).comparison("nli", FULL, LORA)
    return replace(pattern, verdict=verdict, difference=difference, margin=margin, model_verdict=model)


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (("better", 0.03), ("better", 0.01), Outcome.HELD),
        (("inconclusive", 0.03), ("inconclusive", -0.03), Outcome.HELD),
        (("better", 0.03), ("inconclusive", -0.01), Outcome.CHANGED),
        (("inconclusive", 0.0), ("worse", -0.02), Outcome.CHANGED),
        (("better", 0.03), ("not inferior", 0.01), Outcome.CHANGED),
        (("equivalent", 0.0), ("not superior", 0.0), Outcome.CHANGED),
        (("equivalent", 0.002), ("better", 0.006), Outcome.CHANGED),
        (("equivalent", 0.002), ("better", 0.02), Outcome.CONTRADICTED),
        (("worse", -0.02), ("equivalent", -0.002), Outcome.CONTRADICTED),
        (("worse", -0.02), ("not inferior", 0.01), Outcome.CONTRADICTED),
        (("better", 0.02), ("not superior", -0.01), Outcome.CONTRADICTED),
        (("worse", -0.02), ("not superior", -0.01), Outcome.CHANGED),
        (("better", 0.02), ("worse", -0.004), Outcome.REVERSED),
        (("worse", -0.02), ("better", 0.02), Outcome.REVERSED),
    ],
)
def test_what_becomes_of_a_verdict(first, second, outcome):
    one, other = (comparison(Verdict(verdict), difference) for verdict, difference in (first, second))
    assert compare_verdicts(one, other) == compare_verdicts(other, one) == outcome


def test_trained_models_that_change_sides_contradict_nothing():
    ends = [comparison(Verdict.INCONCLUSIVE, model=model) for model in (Verdict.BETTER, Verdict.WORSE)]
    assert compare_verdicts(*ends) == Outcome.HELD and has_turned(*ends)
    assert has_turned(comparison(Verdict.BETTER), ends[1]) and not has_turned(comparison(Verdict.BETTER), ends[0])
    assert not has_turned(comparison(Verdict.BETTER), comparison(Verdict.WORSE)), "that is a verdict reversed"


def test_the_same_study_twice_is_identical(compare):
    results = make_results(seeds=SEEDS)
    found = compare(results, results)
    assert found.identical.runs == found.identical.same_scores == len(METHODS) * 3 + 3
    assert found.identical.trained == found.identical.same_weights > 0
    assert {mean.shift for mean in found.means} == {Shift.WITHIN}
    assert all(mean.same_examples and mean.same_settings and mean.difference == 0 for mean in found.means)
    assert {verdict.outcome for verdict in found.verdicts} == {Outcome.HELD} and not found.reversed
    assert {verdict.first.verdict for verdict in found.verdicts} >= {Verdict.BETTER, Verdict.INCONCLUSIVE}
    assert found.versions == found.code == found.config == []
    assert {aspect.name for aspect in found.aspects if aspect.same is not True} == set()
    assert all(cost.ratio == 1 for cost in found.costs) and all(rank.first == rank.second for rank in found.ranks)


def test_a_better_that_changes_sides_is_found(compare):
    found = compare(make_contest(AHEAD, SEEDS), make_contest(BEHIND, SEEDS))
    (verdict,) = found.reversed
    assert (verdict.first.verdict, verdict.second.verdict) == (Verdict.BETTER, Verdict.WORSE)
    assert {mean.shift for mean in found.means} == {Shift.OUTSIDE}
    (lead,) = found.leads
    assert (lead.first, lead.second, lead.same_best) == ([FULL], [LORA], False)
    assert {rank.method: (rank.first, rank.second) for rank in found.ranks} == {FULL: (1, 2), LORA: (2, 1)}


def test_methods_in_common_are_compared_and_the_others_named(compare):
    three = {**AHEAD, "roberta_prefix": range(150)}
    found = compare(make_contest(three, SEEDS), make_contest({LORA: range(220), FULL: range(280)}, SEEDS))
    assert set(found.methods) == {FULL, LORA} and found.first.methods_alone == ["roberta_prefix"]
    (verdict,) = found.verdicts
    assert verdict.outcome == Outcome.HELD, "the order of the methods in the config makes no difference"
    assert {rank.method: (rank.first, rank.second) for rank in found.ranks} == {FULL: (1, 1), LORA: (2, 2)}


def test_a_pair_is_seen_from_the_method_that_is_ahead(compare):
    """Whatever the order in the config, and in the second study where the first is inconclusive."""
    behind, level = make_contest(BEHIND, SEEDS), make_contest({FULL: range(280), LORA: range(20, 300)}, SEEDS)
    (held,), (gained,) = compare(behind, behind).verdicts, compare(level, behind).verdicts
    assert (held.first.first, held.first.verdict, held.second.verdict) == (LORA, Verdict.BETTER, Verdict.BETTER)
    assert (gained.first.verdict, gained.second.first, gained.second.verdict) == (
        Verdict.INCONCLUSIVE,
        LORA,
        Verdict.BETTER,
    )


def test_what_differs_is_told(compare):
    first, second = (make_contest(AHEAD, SEEDS) for _ in range(2))
    second["study"]["methods"][LORA]["adapter"]["rank"] = 4
    second["study"]["methods"][LORA]["title"] = "LoRA of rank 4"
    second["study"]["methods"][FULL]["new_key"] = None
    second["provenance"]["hardware"][0]["versions"]["torch"] = "2.10.0"
    second["provenance"]["hardware"][0]["processor"] = "Another CPU"
    second["tasks"]["nli"]["splits"]["matched"]["sha256"] = "cd" * 32
    found = compare(first, second)
    assert [(entry.path, entry.first, entry.second) for entry in found.config] == [
        (f"methods.{FULL}.new_key", None, "null"),
        (f"methods.{LORA}.title", "RoBERTa, LoRA", "LoRA of rank 4"),
        (f"methods.{LORA}.adapter.rank", "16", "4"),
    ]
    assert [(entry.package, entry.first, entry.second) for entry in found.versions] == [
        ("torch", ["2.9.0"], ["2.10.0"])
    ]
    different = {aspect.name for aspect in found.aspects if aspect.same is False}
    assert different == {"test examples", "settings", "versions", "hardware"}
    assert {mean.first.method: mean.same_settings for mean in found.means} == {FULL: False, LORA: False}
    assert {mean.basis for mean in found.means} == {Basis.INTERVALS}, "other examples"


def test_a_title_alone_changes_no_setting(compare):
    first, second = (make_contest(AHEAD, SEEDS) for _ in range(2))
    second["study"]["methods"][LORA]["title"] = "Low-rank adaptation"
    assert all(mean.same_settings for mean in compare(first, second).means)


def test_code_is_compared_by_the_notes_beside_the_records(compare, tmp_path):
    results = make_contest(AHEAD, SEEDS)

    def note(study, record, rule, **hashes):
        files = {
            file.replace("__", "/") + ".py": {"sha256": "0", "code_sha256": value} for file, value in hashes.items()
        }
        write_json(tmp_path / study / record, {})
        write_json((tmp_path / study / record).with_suffix(".code.json"), {"rule": rule, "files": files})

    train, scores = (f"runs/nli/{LORA}/1/{name}.json" for name in ("train", "scores"))
    for study, loop in (("a", "1"), ("b", "2")):
        note(study, train, "train_method", training__loop=loop, core__formats="3")
        note(study, scores, "score_predictions", core__formats="3")
    found = compare(results, results)
    assert [(entry.rule, entry.files) for entry in found.code] == [("train_method", ["training/loop.py"])]
    note("b", train, "train_method", training__loop="1", core__formats="3")
    found = compare(results, results)
    assert found.code == [] and next(one for one in found.aspects if one.name == "code").same is True


def test_without_notes_a_clean_commit_tells_the_code(compare):
    first, second = (make_contest(AHEAD, SEEDS) for _ in range(2))

    def same_code():
        return next(aspect.same for aspect in compare(first, second).aspects if aspect.name == "code")

    assert same_code() is True
    second["provenance"]["commits"][0]["uncommitted_changes"] = True
    assert same_code() is None
    second["provenance"]["commits"][0].update(uncommitted_changes=False, commit="ab" * 20)
    assert same_code() is None, "another commit may change no code that ran"


def test_cost_is_a_median_with_a_ratio_where_it_is_one_of_the_same(compare):
    first, second = (make_contest(AHEAD, SEEDS) for _ in range(2))
    for run in second["runs"]:
        run["train"]["phases"]["training"]["seconds"] *= 2 if run["seed"] < 3 else 50
        run["predict"]["phases"]["prediction"]["memory"]["peak_allocated_bytes"] = 10**9
    costs = {cost.quantity: cost for cost in compare(first, second).costs if cost.method == LORA}
    assert costs["training time"].ratio == pytest.approx(2)
    memory = costs["prediction memory"]
    assert memory.first and memory.second == 10**9 and memory.ratio is None, "a process and a GPU"


def test_collapsed_seeds_and_missing_runs_are_no_ranks(compare):
    results = make_results(seeds=SEEDS)
    found = compare(results, results)
    ranks = {rank.method: rank.first for rank in found.ranks}
    assert ranks["roberta_random"] is None and ranks["llama_large"] is None and ranks[FULL] == 1
    (collapsed,) = {mean.first_collapsed for mean in found.means if mean.first.method == "roberta_random"}
    assert collapsed == 3


def test_what_was_found_is_read_back_and_stands_in_the_table(compare, tmp_path):
    found = compare(make_contest(AHEAD, SEEDS), make_contest(BEHIND, SEEDS))
    write_json(tmp_path / "replication.json", found)
    assert read_record(tmp_path / "replication.json", Replication) == found
    write_table(tmp_path / "replication.csv", found)
    rows = list(csv.DictReader((tmp_path / "replication.csv").open(encoding="utf-8")))
    assert list(rows[0]) == COLUMNS and {row["compared"] for row in rows} >= {
        "score",
        "verdict",
        "rank",
        "training time",
    }
    (verdict,) = [row for row in rows if row["compared"] == "verdict"]
    assert (verdict["first_says"], verdict["second_says"], verdict["outcome"]) == ("better", "worse", "reversed")
    score = next(row for row in rows if row["compared"] == "score" and row["method"] == FULL)
    assert float(score["difference"]) == pytest.approx(float(score["second"]) - float(score["first"])) == -0.2


def test_studies_that_cannot_be_compared_are_told_so(compare, tmp_path):
    first = make_contest(AHEAD, SEEDS)
    with pytest.raises(SettingsError, match=r"no method in common: the first has roberta_full, roberta_lora; .* has r"):
        compare(first, make_contest({"roberta_prefix": range(280), "roberta_p_tuning": range(220)}, SEEDS))
    other = json.loads(json.dumps(first).replace('"nli"', '"sentiment"'))
    with pytest.raises(SettingsError, match="no task in common: the first has nli; the second has sentiment"):
        compare(first, other)
    old = make_contest(AHEAD, SEEDS)
    del old["comparisons"][0]["verdict"]
    with pytest.raises(SettingsError, match=r"b/results\.json was made by another version .*verdict is missing"):
        compare(first, old)
    (tmp_path / "b/results.json").write_text("{", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"b/results\.json is damaged"):
        compare_studies(tmp_path / "a", tmp_path / "b")
    with pytest.raises(SettingsError, match=r"nowhere has no results\.json: name the results folder"):
        compare_studies(tmp_path / "a", tmp_path / "nowhere")


def test_a_record_says_which_rule_makes_it_anew():
    with pytest.raises(SettingsError, match="forcerun compare_studies"):
        make_record({}, Replication, "replication.json")
