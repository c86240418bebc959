"""Inference over seeds and examples against SciPy and formulas written out by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from fineprint.core.records import Scope, Verdict
from fineprint.scoring.inference import compare_methods
from fineprint.scoring.paired import bonett_price_interval
from fineprint.scoring.variance import (
    FLOOR,
    Groups,
    MethodScores,
    SeedVariance,
    cluster_covariance,
    combine,
    estimate_seed_variances,
    measure_seed_variance,
    shared_floor,
)
from fineprint.scoring.verdicts import Estimate, decide

MARGIN = 0.01
SIZES = (1, 2, 3, 5)  # of groups


def make_groups(count):
    return [number for number in range(count) for _ in range(SIZES[number % len(SIZES)])]


def make_methods(random, seeds, groups, accuracies=(0.9, 0.85, 0.8), deviation=0.02):
    """Return methods whose answers go together within a group and whose seeds differ."""
    shared = random.uniform(size=max(groups) + 1)[groups]
    methods = []
    for number, accuracy in enumerate(accuracies):
        chances = accuracy + deviation * random.standard_normal((seeds, 1))
        own = 0.5 * shared + 0.5 * random.uniform(size=(seeds, len(groups)))
        methods.append(MethodScores(f"method {number}", own < chances))
    return methods


def fixed(name, scores):
    return MethodScores(name, np.atleast_2d(np.asarray(scores, dtype=float)), varies_by_seed=False)


@pytest.fixture
def random():
    return np.random.default_rng(7)


def test_each_its_own_group_gives_the_covariance_of_means(random):
    scores = random.uniform(size=(3, 40))
    assert cluster_covariance(scores, Groups.of(None, 40)) == pytest.approx(np.cov(scores) / 40)


def test_grouped_variance_is_the_sum_of_squared_group_residuals(random):
    labels = make_groups(30)
    order = random.permutation(len(labels))
    scores, shuffled = random.uniform(size=len(labels)), [labels[place] for place in order]
    mean, total = scores.mean(), 0.0
    for label in set(shuffled):
        total += sum(score - mean for score, other in zip(scores, shuffled, strict=True) if other == label) ** 2
    wanted = total / len(labels) ** 2 * 30 / 29
    assert cluster_covariance(scores[None], Groups.of(shuffled, len(labels)))[0, 0] == pytest.approx(wanted)


def test_grouped_variance_agrees_with_resampled_groups(random):
    labels = np.array(make_groups(400))
    first, second, _ = make_methods(random, 3, labels)
    difference = first.averaged() - second.averaged()
    sums, sizes = np.bincount(labels, difference), np.bincount(labels)
    drawn = random.integers(0, 400, (4000, 400))
    resampled = (sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)).std()
    found = math.sqrt(cluster_covariance(difference[None], Groups.of(labels, len(labels)))[0, 0])
    assert found == pytest.approx(resampled, rel=0.05)  # 4,000 draws know a standard deviation to 1.1 %


def test_fixed_methods_on_ungrouped_examples_are_a_paired_t_test(random):
    first, second = random.uniform(size=(2, 50))
    [found] = compare_methods([fixed("a", first), fixed("b", second)], None, MARGIN)
    t = stats.ttest_rel(first, second)
    spread = found.difference / t.statistic
    wanted = math.sqrt(50**2 * spread**2 + 2 * (1 + found.difference**2)) / 52  # two examples more
    assert found.difference == pytest.approx(first.mean() - second.mean())
    assert (found.standard_error, found.degrees_of_freedom) == (pytest.approx(wanted), t.df)
    assert found.scope is Scope.METHOD and found.p_value_holm == found.p_value


def test_intervals_and_p_value_agree_with_scipy(random):
    differences = random.normal(0.1, 1, 25)
    test, alone = stats.ttest_1samp(differences, 0), Estimate(differences.mean(), stats.sem(differences), 24)
    assert alone.p_value() == pytest.approx(test.pvalue)
    for alpha in (0.05, 0.1, 0.05 / 28):
        wanted = test.confidence_interval(1 - alpha)
        assert alone.interval(alpha) == pytest.approx((wanted.low, wanted.high))


@pytest.mark.parametrize("margin", [0.1, 0.3, 0.6])
def test_equivalence_is_two_one_sided_tests(random, margin):
    for mean in (-0.4, 0.0, 0.2, 0.5):
        differences = random.normal(mean, 0.5, 30)
        above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
        below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
        found = Estimate(differences.mean(), stats.sem(differences), 29)
        assert found.p_value_equivalence(margin) == pytest.approx(max(above, below))
        low, high = found.interval(0.1)
        assert (found.p_value_equivalence(margin) < 0.05) == (-margin < low and high < margin)


@pytest.mark.parametrize("degrees_of_freedom", [5, 20, 500])
def test_the_detectable_difference_is_found_in_four_of_five_studies(degrees_of_freedom):
    estimate = Estimate(0.0, 2.0, degrees_of_freedom)
    limit = stats.t.isf(0.025, degrees_of_freedom)
    power = stats.nct.sf(limit, degrees_of_freedom, estimate.detectable_difference() / 2.0)
    assert power == pytest.approx(0.8, abs=0.02)


def test_seed_noise_is_the_residual_of_a_two_way_analysis_of_variance(random):
    scores = random.uniform(size=(4, 60)) < 0.8
    residuals = scores - scores.mean(0) - scores.mean(1, keepdims=True) + scores.mean()
    found = measure_seed_variance(scores, Groups.of(None, 60))
    assert found.noise == pytest.approx((residuals**2).sum() / (3 * 59) / 60)
    assert found.total == pytest.approx(scores.mean(1).var(ddof=1)) and found.degrees_of_freedom == 3


def test_grouped_seed_noise_adds_up_within_groups(random):
    """Three copies of each example say no more than one."""
    scores = random.uniform(size=(3, 50)) < 0.7
    single = measure_seed_variance(scores, Groups.of(None, 50))
    copied = measure_seed_variance(np.repeat(scores, 3, axis=1), Groups.of(np.repeat(np.arange(50), 3), 150))
    assert (copied.noise, copied.total) == pytest.approx((single.noise, single.total))


def test_different_numbers_of_seeds_are_weighted_as_welch_does(random):
    first, second = random.normal(size=3), random.normal(size=7)
    terms = [(SeedVariance(values.var(ddof=1), 0.0, len(values) - 1), len(values)) for values in (first, second)]
    variance, degrees_of_freedom = combine(1e-12, 10, terms)
    welch = stats.ttest_ind(first, second, equal_var=False)
    assert (first.mean() - second.mean()) / math.sqrt(variance) == pytest.approx(welch.statistic)
    assert degrees_of_freedom == pytest.approx(welch.df)


def test_a_shared_floor_is_one_estimate():
    """Two halves of one estimate have the degrees of freedom of the whole."""
    term = SeedVariance(0.5, 0.0, 9.0, is_floor=True)
    assert combine(1e-12, 100, [(term, 3), (term, 3)]) == pytest.approx((1 / 3, 9.0))


def test_noise_above_the_seed_variance_leaves_the_examples_alone():
    assert combine(0.2, 40, [(SeedVariance(0.1, 0.3, 2), 3), (None, 1)]) == (0.2, 40)
    # Cut off at 0 once: too much noise in one method makes up for too little in the other.
    mixed = [(SeedVariance(0.1, 0.3, 2), 2), (SeedVariance(0.5, 0.1, 2), 2)]
    assert combine(0.2, 40, mixed)[0] == pytest.approx(0.2 + 0.1)


def test_the_floor_is_about_its_share_of_a_common_variance(random):
    drawn = random.chisquare(2, (3000, 8)) / 2
    floors = [shared_floor([SeedVariance(value, 0.0, 2) for value in study])[0] for study in drawn]
    assert np.exp(np.mean(np.log(floors))) == pytest.approx(FLOOR, rel=0.03)
    degrees = shared_floor([SeedVariance(1.0, 0.0, 2)] * 8)[1]
    assert np.var(np.log(floors)) == pytest.approx(2 / degrees, rel=0.1)


def test_one_unsteady_method_keeps_its_variance_and_lends_little(random):
    groups = Groups.of(None, 2000)
    steady = [MethodScores(str(n), random.uniform(size=(3, 2000)) < 0.8) for n in range(5)]
    chances = np.array([[0.5], [0.6], [0.7]])
    unsteady = MethodScores("unsteady", random.uniform(size=(3, 2000)) < chances)
    found = estimate_seed_variances([*steady, unsteady], groups)
    assert found["unsteady"] == measure_seed_variance(unsteady.scores, groups)
    assert all(found[method.method].total < 0.03 * found["unsteady"].total for method in steady)
    floors = {variance.total for variance in found.values() if variance.is_floor}
    assert len(floors) == 1 and floors.pop() == min(variance.total for variance in found.values())
    _, degrees = shared_floor([measure_seed_variance(method.scores, groups) for method in [*steady, unsteady]])
    assert {variance.degrees_of_freedom for variance in found.values() if variance.is_floor} == {degrees}


def test_means_equal_by_chance_have_a_logarithm(random):
    chance, usual = SeedVariance(0.0, 1.0, 2), SeedVariance(1.0, 1.0, 2)
    assert shared_floor([chance, usual]) == shared_floor([SeedVariance(0.05, 1.0, 2), usual])
    constant = MethodScores("constant", np.repeat(random.uniform(size=(1, 90)) < 0.5, 3, axis=0))
    others = [MethodScores(str(number), random.uniform(size=(3, 90)) < 0.8) for number in range(2)]
    assert set(estimate_seed_variances([constant, *others], Groups.of(None, 90))) == {"0", "1"}


def test_a_lone_trained_method_has_its_own_seed_variance(random):
    method = make_methods(random, 3, make_groups(60))[0]
    groups = Groups.of(None, method.scores.shape[1])
    found = estimate_seed_variances([method, fixed("prompt", method.scores[0])], groups)
    assert found == {method.method: measure_seed_variance(method.scores, groups)}


def test_the_same_answers_on_every_seed_are_no_chance(random):
    trained, other, _ = make_methods(random, 3, make_groups(60))
    once = fixed("prompt", other.scores[0])
    repeated = MethodScores("prompt", np.repeat(other.scores[:1], 3, axis=0))
    [single], [several] = (compare_methods([trained, second], None, MARGIN) for second in (once, repeated))
    assert (single.standard_error, single.degrees_of_freedom) == (several.standard_error, several.degrees_of_freedom)
    assert single.scope is several.scope is Scope.METHOD


def test_bonett_price_agrees_with_the_published_example():
    """Airway hyper-responsiveness before and after transplantation: Fagerland et al. 2014, doi 10.1002/sim.6148."""
    assert bonett_price_interval(1, 7, 21) == pytest.approx((-0.508, -0.013), abs=0.0005)
    assert bonett_price_interval(0, 5, 5).low == -1 and bonett_price_interval(5, 0, 5).high == 1


def test_no_discordant_examples_leave_a_width(random):
    low, high = bonett_price_interval(0, 0, 600)
    assert -low == high == pytest.approx(0.0046, abs=0.0001)
    scores = random.uniform(size=600) < 0.8
    [found] = compare_methods([fixed("a", scores), fixed("b", scores)], make_groups(240)[:600], MARGIN)
    assert found.difference == 0 and found.interval.low < 0 < found.interval.high
    assert found.verdict is Verdict.EQUIVALENT and found.p_value == 1.0
    [few] = compare_methods([fixed("a", scores[:60]), fixed("b", scores[:60])], None, MARGIN)
    assert (
        few.verdict is Verdict.INCONCLUSIVE
    )  # sixty examples do not show that two methods differ by less than a point


def test_a_single_pair_has_the_width_of_bonett_price(random):
    first, second = random.uniform(size=(2, 900)) < [[0.9], [0.85]]
    [found] = compare_methods([fixed("a", first), fixed("b", second)], None, MARGIN)
    low, high = bonett_price_interval(int((first & ~second).sum()), int((second & ~first).sum()), 900)
    assert found.interval.high - found.interval.low == pytest.approx(high - low, rel=0.003)  # t against normal


def test_one_seed_speaks_of_the_trained_models_alone(random):
    labels = make_groups(300)
    one, other, _ = make_methods(random, 1, labels, accuracies=(0.9, 0.6, 0.5))
    [found] = compare_methods([one, other], labels, MARGIN)
    assert found.scope is Scope.TRAINED_MODEL and found.p_value_holm < 0.001
    assert (found.verdict, found.model_verdict) == (Verdict.INCONCLUSIVE, Verdict.BETTER)
    [fixed_pair] = compare_methods([fixed("a", one.scores), fixed("b", other.scores)], labels, MARGIN)
    assert (fixed_pair.verdict, fixed_pair.model_verdict) == (Verdict.BETTER, None)
    assert fixed_pair.interval == found.interval  # the same examples, another reach


def test_a_method_with_one_seed_makes_every_comparison_with_it_one_of_models(random):
    labels = make_groups(300)
    three, _, _ = make_methods(random, 3, labels)
    single = MethodScores("single", three.scores[:1] & (random.uniform(size=len(labels)) < 0.7))
    [found] = compare_methods([three, single], labels, MARGIN)
    assert (found.scope, found.seeds, found.verdict) == (Scope.TRAINED_MODEL, (3, 1), Verdict.INCONCLUSIVE)
    [alone] = compare_methods([fixed("a", three.averaged()), fixed("b", single.scores)], labels, MARGIN)
    assert alone.interval == pytest.approx(found.interval)


def test_holm_and_simultaneous_intervals_over_the_family(random):
    labels = make_groups(150)
    for _ in range(20):
        methods = make_methods(random, 3, labels, accuracies=(0.9, 0.88, 0.86, 0.84, 0.8))
        found = compare_methods(methods, labels, MARGIN)
        assert [(pair.first, pair.second) for pair in found] == list(
            itertools.combinations([method.method for method in methods], 2)
        )
        largest = 0.0
        for rank, pair in enumerate(sorted(found, key=lambda pair: pair.p_value)):
            largest = max(largest, min(1.0, pair.p_value * (10 - rank)))
            assert pair.p_value_holm == pytest.approx(largest)
        for pair in found:
            wanted = stats.t.interval(1 - 0.05 / 10, pair.degrees_of_freedom, pair.difference, pair.standard_error)
            assert pair.simultaneous_interval == pytest.approx(wanted)
            wanted = stats.t.interval(0.9, pair.degrees_of_freedom, pair.difference, pair.standard_error)
            assert pair.equivalence_interval == pytest.approx(wanted)
            is_better = pair.verdict in (Verdict.BETTER, Verdict.WORSE)
            assert is_better == pair.is_significant
            assert is_better or pair.simultaneous_interval.low <= 0 <= pair.simultaneous_interval.high
            assert not is_better or not pair.interval.low <= 0 <= pair.interval.high


def test_some_pairs_are_a_smaller_family(random):
    labels = make_groups(150)
    methods = make_methods(random, 3, labels)
    whole = {(pair.first, pair.second): pair for pair in compare_methods(methods, labels, MARGIN)}
    [alone] = compare_methods(methods, labels, MARGIN, pairs=[("method 2", "method 0")])
    seen = whole["method 0", "method 2"].seen_from("method 2")
    assert (alone.difference, alone.standard_error) == pytest.approx((seen.difference, seen.standard_error))
    assert alone.p_value_holm == alone.p_value and alone.simultaneous_interval == alone.interval
    assert alone.detectable_difference < seen.detectable_difference


def test_a_comparison_turned_round_is_that_of_the_other_method(random):
    labels = make_groups(150)
    first, second, _ = make_methods(random, 3, labels)
    [pair] = compare_methods([first, second], labels, MARGIN)
    [other] = compare_methods([second, first], labels, MARGIN)
    turned = pair.seen_from("method 1")
    assert turned.verdict is other.verdict and turned.seeds == other.seeds
    for name in ("interval", "simultaneous_interval", "equivalence_interval"):
        assert getattr(turned, name) == pytest.approx(getattr(other, name))
    assert pair.seen_from("method 0") is pair and turned.seen_from("method 0") == pair


@pytest.mark.parametrize(
    ("difference", "error", "p_value", "wanted"),
    [
        (0.02, 0.005, 0.001, Verdict.BETTER),
        (-0.02, 0.005, 0.001, Verdict.WORSE),
        (0.004, 0.001, 0.001, Verdict.BETTER),  # by less than the margin
        (0.001, 0.002, 0.6, Verdict.EQUIVALENT),
        (0.0, 0.0055, 1.0, Verdict.EQUIVALENT),  # within the margin at 90 %, not at 95 %
        (0.01, 0.008, 0.2, Verdict.NOT_INFERIOR),
        (-0.01, 0.008, 0.2, Verdict.NOT_SUPERIOR),
        (0.0, 0.02, 1.0, Verdict.INCONCLUSIVE),
    ],
)
def test_verdicts(difference, error, p_value, wanted):
    assert decide(Estimate(difference, error, 1000), p_value, MARGIN) is wanted
    assert decide(Estimate(-difference, error, 1000), p_value, MARGIN) is wanted.opposite


def test_what_cannot_be_compared_is_refused(random):
    with pytest.raises(ValueError, match="same examples"):
        compare_methods([fixed("a", [1, 0, 1]), fixed("b", [1, 0])], None, MARGIN)
    with pytest.raises(ValueError, match="2 labels of groups for 3 examples"):
        compare_methods([fixed("a", [1, 0, 1]), fixed("b", [1, 0, 0])], ["x", "y"], MARGIN)
    with pytest.raises(ValueError, match="two groups"):
        compare_methods([fixed("a", [1, 0, 1]), fixed("b", [1, 0, 0])], ["x", "x", "x"], MARGIN)
