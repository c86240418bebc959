"""Mean scores with intervals, collapsed seeds, and ranks."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.stats import binomtest

from fineprint.core.records import Scope, Verdict
from fineprint.scoring.inference import compare_methods
from fineprint.scoring.means import average_methods, effective_wilson_interval
from fineprint.scoring.ranking import rank_methods
from fineprint.scoring.variance import MethodScores


@pytest.fixture
def random():
    return np.random.default_rng(11)


def trained(random, name, accuracy, seeds=3, examples=900):
    return MethodScores(name, random.uniform(size=(seeds, examples)) < np.reshape(accuracy, (-1, 1)))


def test_one_model_on_ungrouped_examples_has_wilsons_interval(random):
    method = trained(random, "a", 0.9, seeds=1)
    [found] = average_methods([method], None)
    wanted = binomtest(int(method.scores.sum()), 900).proportion_ci(0.95, method="wilson")
    assert found.interval == pytest.approx((wanted.low, wanted.high))
    assert (found.scope, found.seed_deviation, found.by_seed) == (Scope.TRAINED_MODEL, None, (found.mean,))


@pytest.mark.parametrize("correct", [1, 40, 80, 99])
def test_the_variance_of_so_many_examples_gives_their_interval(correct):
    share = correct / 100
    wanted = binomtest(correct, 100).proportion_ci(0.95, method="wilson")
    found = effective_wilson_interval(share, share * (1 - share) / 100, 1e9, scores=500, groups=100)
    assert found == pytest.approx((wanted.low, wanted.high))
    most = effective_wilson_interval(share, 0.0, 1e9, scores=100, groups=50)  # never worth more than there are
    assert most == pytest.approx((wanted.low, wanted.high))


@pytest.mark.parametrize("right", [0, 1])
def test_all_alike_is_worth_as_many_examples_as_there_are_groups(right):
    method = MethodScores("a", np.full((3, 90), right))
    [found] = average_methods([method], np.repeat(np.arange(30), 3))
    wanted = binomtest(30 * right, 30).proportion_ci(0.95, method="wilson")
    assert found.interval == pytest.approx((wanted.low, wanted.high), abs=0.01)  # Student's t for the normal
    assert found.mean == right and found.interval.low < found.interval.high


def test_groups_widen_and_seeds_widen_the_interval(random):
    copied = MethodScores("a", np.repeat(random.uniform(size=(1, 300)) < 0.8, 3, axis=1))
    [alone], [grouped] = (average_methods([copied], groups) for groups in (None, np.repeat(np.arange(300), 3)))
    assert width(grouped) == pytest.approx(3**0.5 * width(alone), rel=0.02)
    [steady] = average_methods([trained(random, "a", [0.8, 0.8, 0.8])], None)
    [unsteady] = average_methods([trained(random, "a", [0.7, 0.8, 0.9])], None)
    assert width(unsteady) > 3 * width(steady) and unsteady.scope is Scope.METHOD
    assert unsteady.seed_deviation == pytest.approx(np.std(unsteady.by_seed, ddof=1)) == pytest.approx(0.1, abs=0.02)


def width(score):
    return score.interval.high - score.interval.low


def test_collapsed_seeds_stay_in_the_mean(random):
    constant = np.arange(900) % 3 == 0
    good = random.uniform(size=(2, 900)) < 0.9
    method = MethodScores("a", np.vstack([good[:1], constant, good[1:]]))
    [mean] = average_methods([method], None)
    assert mean.mean == pytest.approx(method.scores.mean()) and mean.by_seed[1] == pytest.approx(1 / 3)


def test_ranks_follow_what_is_significantly_better(random):
    accuracies = {"low": 0.5, "best": 0.9, "next": 0.897}
    methods = [trained(random, name, accuracy) for name, accuracy in accuracies.items()]
    means = {found.method: found.mean for found in average_methods(methods, None)}
    comparisons = compare_methods(methods, None, margin=0.05)
    standings = {found.method: found for found in rank_methods(means, comparisons)}
    leader, other = list(standings)[:2]
    assert {leader, other} == {"best", "next"} and means[leader] >= means[other]
    assert [found.rank for found in standings.values()] == [1, 1, 3]
    assert [found.is_in_best_group for found in standings.values()] == [True, True, False]
    assert standings[leader].gap is None and standings[other].gap.verdict is Verdict.EQUIVALENT
    last = standings["low"].gap
    assert (last.first, last.second, last.verdict) == ("low", leader, Verdict.WORSE)
    assert last.difference == pytest.approx(means["low"] - means[leader])


def test_a_ranking_of_trained_models_says_so(random):
    methods = [trained(random, name, accuracy, seeds=1) for name, accuracy in {"a": 0.9, "b": 0.5}.items()]
    means = {found.method: found.mean for found in average_methods(methods, None)}
    first, second = rank_methods(means, compare_methods(methods, None, 0.01))
    assert (second.rank, second.scope, second.gap.model_verdict) == (2, Scope.TRAINED_MODEL, Verdict.WORSE)
    assert first.rank == 1


def test_a_ranking_needs_every_pair(random):
    methods = [trained(random, name, 0.9) for name in "abc"]
    means = {method.method: 0.9 for method in methods}
    some = compare_methods(methods, None, 0.01, pairs=[("a", "b"), ("a", "c")])
    with pytest.raises(ValueError, match="b and c were not compared"):
        rank_methods(means, some)
    assert [found.method for found in rank_methods({"a": 0.9, "c": 0.9}, some)] == ["a", "c"]


def test_comparisons_are_written_as_json(random):
    [found] = compare_methods([trained(random, name, 0.9) for name in "ab"], None, 0.01)
    record = json.loads(json.dumps(asdict(found)))
    assert record["scope"] == "method" and record["interval"] == [found.interval.low, found.interval.high]
