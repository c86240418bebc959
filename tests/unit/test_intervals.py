"""Intervals of scores: against other ways to compute them, and how often they hold the truth."""

import numpy
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from fineprint.scoring.calibration import calibrate, error_interval
from fineprint.scoring.intervals import find_groups, share_interval, wilson_interval
from fineprint.scoring.labels import LabelScores
from fineprint.scoring.means import average_methods
from fineprint.scoring.statistics import score_predictions
from fineprint.scoring.variance import Groups, MethodScores

LABELS = ["no", "yes"]


@pytest.mark.parametrize(("correct", "rows"), [(1, 10), (5, 10), (81, 99), (800, 810), (9014, 9815)])
def test_wilson_s_limits_are_the_shares_that_a_score_test_just_allows(correct, rows):
    share, quantile = correct / rows, norm.ppf(0.975)

    def excess(limit):
        return (share - limit) ** 2 - quantile**2 * limit * (1 - limit) / rows

    wanted = brentq(excess, 1e-12, share), brentq(excess, share, 1 - 1e-12)
    assert wilson_interval(correct, rows) == pytest.approx(wanted, abs=1e-9)


def test_wilson_holds_the_share_and_has_a_width():
    for rows in range(1, 200):
        assert wilson_interval(0, rows).low == 0.0 and wilson_interval(rows, rows).high == 1.0
        for correct in (0, rows // 2, rows):
            low, high = wilson_interval(correct, rows)
            assert low <= correct / rows <= high and high - low > 0.01
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_a_share_of_grouped_examples_is_known_as_well_as_a_method_s_mean(random):
    """What stands beside a run's score is what stands beside the mean of one seed."""
    groups = numpy.repeat(numpy.arange(100), 3)
    hits = random.random(300) < numpy.repeat(random.random(100), 3)
    of_groups = Groups.of(groups.tolist(), 300)
    (wanted,) = average_methods([MethodScores("one", hits[None])], groups.tolist())
    assert share_interval(hits, numpy.ones(300, dtype=bool), of_groups) == pytest.approx(wanted.interval)


def entry(gold, label, group=None, probabilities=None):
    return {
        "id": "x",
        "gold": gold,
        "label": label,
        "answer": "",
        "likelihood_label": None,
        "tags": {},
        "probabilities": probabilities,
        **({} if group is None else {"group": group}),
    }


def test_groups_are_found_in_predictions():
    assert find_groups([entry(0, 0), entry(0, 0)]) is None, "written without"
    assert find_groups([entry(0, 0, "a"), entry(0, 0, "b")]) is None, "each its own"
    assert find_groups([entry(0, 0, "a"), entry(0, 0, "a")]) is None, "one has no variance"
    assert find_groups([entry(0, 0, "a"), entry(0, 0, "a"), entry(0, 0, "b")]).count == 2


def test_examples_that_are_copies_of_each_other_tell_no_more_than_one(random):
    golds, labels = random.integers(0, 2, 200).tolist(), random.integers(0, 2, 200).tolist()
    probabilities = [[share, 1 - share] for share in random.random(200)]
    rows = list(zip(golds, labels, range(200), probabilities, strict=True))
    alone = score_predictions([entry(*row) for row in rows], LABELS)
    thrice = score_predictions([entry(*row) for row in rows for _ in range(3)], LABELS)
    for figure in ("accuracy", "macro_f1"):
        wanted = getattr(alone, f"{figure}_high") - getattr(alone, f"{figure}_low")
        assert getattr(thrice, f"{figure}_high") - getattr(thrice, f"{figure}_low") == pytest.approx(wanted, rel=0.02)
    for label in LABELS:
        for figure in ("precision", "recall", "f1"):
            one, other = (
                getattr(score.per_class[label], f"{figure}_high") - getattr(score.per_class[label], f"{figure}_low")
                for score in (alone, thrice)
            )
            assert other == pytest.approx(one, rel=0.03), (label, figure)
    one, other = (
        found.expected_calibration_error_high - found.expected_calibration_error_low
        for found in (alone.calibration, thrice.calibration)
    )
    assert other == pytest.approx(one, rel=0.05)


def test_a_label_s_intervals_by_hand():
    """Of 5 answers "yes" 4 are right, of 8 examples "yes" 4; 9 have the label or are given it."""
    golds, labels = [1] * 8 + [0] * 12, [1] * 4 + [0] * 4 + [1] + [0] * 11
    score = LabelScores(golds, labels, 2, None).score(1)
    assert (score.precision, score.recall, score.support) == (0.8, 0.5, 8) and score.f1 == pytest.approx(8 / 13)
    assert (score.precision_low, score.precision_high) == wilson_interval(4, 5)
    assert (score.recall_low, score.recall_high) == wilson_interval(4, 8)
    low, high = wilson_interval(4, 9)
    assert (score.f1_low, score.f1_high) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))


def test_a_perfect_score_is_not_certain():
    score = score_predictions([entry(number % 2, number % 2) for number in range(50)], LABELS)
    assert score.macro_f1 == score.macro_f1_high == 1.0 and 0.85 < score.macro_f1_low < 0.99
    assert 0.8 < score.per_class["yes"].f1_low < 0.99


@pytest.mark.parametrize("per_group", [1, 3])
def test_intervals_of_f1_hold_the_truth(random, per_group):
    """95 % of 300 samples: between 92 and 98 %. A label of which few are found is the hard case."""
    shares = numpy.array([[0.5, 0.1], [0.25, 0.15]])  # of gold label (row) and answer
    truth = [2 * shares[k, k] / (shares[k].sum() + shares[:, k].sum()) for k in (0, 1)]
    held = numpy.zeros(3)
    for _ in range(300):
        # Every second group answers alike.
        cells = random.choice(4, size=240, p=shares.ravel())
        first = numpy.repeat(cells[::per_group], per_group)
        cells = numpy.where(numpy.repeat(random.random(240 // per_group) < 0.5, per_group), first, cells)
        groups = Groups.of(numpy.repeat(numpy.arange(240 // per_group), per_group).tolist(), 240)
        scores = LabelScores(cells // 2, (cells % 2).tolist(), 2, groups if per_group > 1 else None)
        value, (low, high) = scores.macro_f1()
        assert low <= value <= high
        held += [
            *(score.f1_low <= truth[k] <= score.f1_high for k, score in enumerate(map(scores.score, (0, 1)))),
            low <= numpy.mean(truth) <= high,
        ]
    assert (held / 300 >= 0.92).all() and (held / 300 <= 0.985).all(), held / 300


@pytest.mark.parametrize("excess", [0.0, 0.02, 0.05, 0.15])
@pytest.mark.parametrize("per_group", [1, 3])
def test_the_calibration_error_s_interval_holds_the_truth(random, excess, per_group):
    """Also where the truth is 0, which the percentiles of resampled errors never hold: they held it in 0 of 300."""

    def draw(examples):
        confidences = 1 / 3 + 2 / 3 * random.beta(6, 2, size=examples // per_group)
        return numpy.repeat(confidences, per_group)

    many = draw(600_000)
    places = numpy.ceil(10 * many).astype(int)
    truth = sum(abs(numpy.minimum(many, excess)[places == place].sum()) for place in range(1, 11)) / len(many)
    groups = Groups.of(numpy.repeat(numpy.arange(600 // per_group), per_group).tolist(), 600)
    held = 0
    for _ in range(150):
        confidences = draw(600)
        chances = numpy.where(
            numpy.repeat(random.random(600 // per_group) < 0.5, per_group),
            numpy.repeat(random.random(600 // per_group), per_group),
            random.random(600),
        )
        hits = chances < confidences - excess
        low, high = error_interval(confidences, hits, groups if per_group > 1 else None)
        held += low <= truth <= high
    assert held >= 0.9 * 150, held / 150


def test_the_calibration_error_lies_in_its_interval():
    sure = [entry(0, 0, probabilities=[0.95, 0.05])] * 30 + [entry(1, 0, probabilities=[0.95, 0.05])] * 30
    found = calibrate(sure)
    assert found.expected_calibration_error == pytest.approx(0.45)
    assert 0.3 < found.expected_calibration_error_low < 0.45 < found.expected_calibration_error_high < 0.6
    again = calibrate(sure)
    assert again == found, "the draws are seeded"
    assert calibrate(sure[:1]).expected_calibration_error_high == 1.0


@pytest.fixture
def random():
    return numpy.random.default_rng(5)
