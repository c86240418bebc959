"""Statistics against hand-computed cases and scipy."""

import numpy
import pytest
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from fineprint.scoring.calibration import calibrate
from fineprint.scoring.scoring import score_splits
from fineprint.scoring.statistics import (
    holm,
    mcnemar_p_value,
    paired_difference,
    score_predictions,
)

LABELS = ["entailment", "neutral", "contradiction"]


def entry(gold, label, answer=None, likelihood=None, **tags):
    return {
        "id": "x",
        "gold": gold,
        "label": label,
        "answer": answer,
        "likelihood_label": likelihood,
        "tags": tags,
        "probabilities": None,
    }


def test_scores_agree_with_scikit_learn():
    random = numpy.random.default_rng(0)
    golds, labels = random.integers(0, 3, 200).tolist(), random.integers(0, 3, 200).tolist()
    score = score_predictions([entry(g, p) for g, p in zip(golds, labels, strict=True)], LABELS)
    assert score.macro_f1 == pytest.approx(f1_score(golds, labels, average="macro"))
    precision, recall, f1, support = precision_recall_fscore_support(golds, labels)
    for number, label in enumerate(LABELS):
        found = score.per_class[label]
        wanted = (precision[number], recall[number], f1[number], support[number])
        assert (found.precision, found.recall, found.f1, found.support) == pytest.approx(wanted)
    assert [row[:3] for row in score.confusion] == confusion_matrix(golds, labels).tolist()


def test_unparseable_answers_are_wrong_and_shown():
    entries = [entry(0, 0, "yes", 0), entry(0, None, "hm", 0), entry(1, None, "<b>", 1), entry(2, 1, "maybe", 2)]
    score = score_predictions(entries, LABELS)
    assert (score.correct, score.rows, score.unparseable) == (1, 4, 2)
    assert score.unparseable_examples == ["hm", "<b>"]
    assert score.confusion == [[1, 0, 0, 1], [0, 0, 0, 1], [0, 1, 0, 0]]
    assert score.likelihood_accuracy == 1.0


def test_scores_by_tag():
    entries = [entry(0, 0, genre="a"), entry(0, 1, genre="a"), entry(1, 1, genre="b")]
    scores = score_predictions(entries, LABELS).by_tag["genre"]
    assert scores["a"].accuracy == 0.5 and scores["b"].rows == 1


def test_mcnemar_by_hand():
    # 8 rows on which they differ, 7 for the first: 2 × (C(8,7) + C(8,8)) / 2^8
    assert mcnemar_p_value(7, 1) == pytest.approx(2 * 9 / 256)
    assert mcnemar_p_value(0, 0) == 1.0 and mcnemar_p_value(4, 4) == 1.0


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_paired_difference_agrees_with_the_bootstrap():
    random = numpy.random.default_rng(1)
    first, second = random.random(800) < 0.85, random.random(800) < 0.80
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    difference, low, high = paired_difference(only_first, only_second, 800)
    draws = random.integers(0, 800, (4000, 800))
    wanted = numpy.quantile(first[draws].mean(1) - second[draws].mean(1), [0.025, 0.975])
    assert difference == pytest.approx(first.mean() - second.mean())
    assert (low, high) == pytest.approx(tuple(wanted), abs=0.004)


def macro_f1_of(golds, labels):
    """What `f1_score(golds, labels, average="macro")` gives of three labels, a hundred times as fast."""
    table = numpy.bincount(3 * golds + labels, minlength=9).reshape(3, 3)
    return float(numpy.mean(2 * numpy.diagonal(table) / (table.sum(axis=0) + table.sum(axis=1))))


def test_macro_f1_s_interval_agrees_with_resampled_rows():
    random = numpy.random.default_rng(2)
    golds = random.integers(0, 3, 300)
    labels = numpy.where(random.random(300) < 0.7, golds, random.integers(0, 3, 300))
    score = score_predictions([entry(int(g), int(p)) for g, p in zip(golds, labels, strict=True)], LABELS)
    draws = [random.integers(0, 300, 300) for _ in range(1000)]
    assert macro_f1_of(golds, labels) == pytest.approx(f1_score(golds, labels, average="macro"), abs=1e-12)
    wanted = numpy.quantile([macro_f1_of(golds[d], labels[d]) for d in draws], [0.025, 0.975])
    assert (score.macro_f1_low, score.macro_f1_high) == pytest.approx(tuple(wanted), abs=0.01)
    assert score.macro_f1_low < score.macro_f1 < score.macro_f1_high


def test_no_disagreement_is_no_proof_of_equality():
    value, low, high = paired_difference(0, 0, 300)
    assert value == 0.0 and low == -high and 0.005 < high < 0.015
    assert paired_difference(10, 0, 10)[0] == paired_difference(10, 0, 10)[2] == 1.0


def test_calibration_by_hand():
    sure = [{**entry(0, 0), "probabilities": [0.95, 0.03, 0.02]}] * 3
    wrong = [{**entry(1, 0), "probabilities": [0.95, 0.03, 0.02]}]
    unsure = [{**entry(2, 2), "probabilities": [0.2, 0.2, 0.6]}] * 4
    found = calibrate([*sure, *wrong, *unsure])
    assert found.expected_calibration_error == pytest.approx((4 * abs(0.75 - 0.95) + 4 * abs(1.0 - 0.6)) / 8)
    assert found.mean_confidence == pytest.approx((4 * 0.95 + 4 * 0.6) / 8) and found.accuracy == 7 / 8
    assert [(part.rows, part.low) for part in found.bins] == [(4, 0.5), (4, 0.9)]
    assert calibrate([*sure, entry(0, 0)]) is None


def test_splits_are_pooled_and_rows_tagged_by_length():
    short = [{**entry(0, 0, genre="a"), "words": n % 8 + 1} for n in range(80)]
    long = [{**entry(1, 0, genre="b"), "words": 30} for _ in range(20)]
    scores = score_splits({"one": short, "two": long}, LABELS)
    assert list(scores) == ["one", "two", "pooled"]
    assert scores["pooled"].rows == 100 and scores["pooled"].accuracy == 0.8
    ranges = scores["pooled"].by_tag["length"]
    assert list(ranges) == ["1–3 words", "4–5 words", "6–8 words", "9–30 words"]
    assert sum(part.rows for part in ranges.values()) == 100 and ranges["9–30 words"].accuracy == 0.0
    assert list(score_splits({"one": short}, LABELS)) == ["one"], "one split is not pooled"


def test_lengths_that_are_all_alike_make_one_range():
    scores = score_splits({"one": [{**entry(0, 0), "words": 5}] * 10}, LABELS)
    assert list(scores["one"].by_tag["length"]) == ["5 words"]


def test_answers_are_scored_at_each_level_of_strictness():
    read = [(0, 0, 0), (None, 1, 1), (None, None, 2), (None, 0, 1)]
    entries = [
        entry(gold, standard, "…") | {"readings": {"exact": exact, "standard": standard, "lenient": lenient}}
        for gold, (exact, standard, lenient) in zip((0, 1, 2, 0), read, strict=True)
    ]
    scored = score_predictions(entries, LABELS)
    assert scored.accuracy_by_strictness == {"exact": 0.25, "standard": 0.75, "lenient": 0.75}
    assert scored.accuracy_by_strictness["standard"] == scored.accuracy
    assert score_predictions([entry(0, 0), entry(1, 1)], LABELS).accuracy_by_strictness is None
