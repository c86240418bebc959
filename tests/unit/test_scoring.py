"""Scores of a run, every number of them by hand: what is counted, where intervals end, what is compared with what."""

import json

import pytest
from scipy.stats import binomtest

from example_results import METHODS, make_task
from example_runs import make_predict, make_train
from fineprint.core.records import PairedTest, ReliabilityBin, write_json
from fineprint.scoring import scoring
from fineprint.scoring.calibration import BINS, calibrate, describe_bin
from fineprint.scoring.labels import LabelScores
from fineprint.scoring.means import find_collapse
from fineprint.scoring.statistics import (
    compare_pair,
    count_confusion,
    describe_correction,
    holm,
    mcnemar_p_value,
    natural_order,
    paired_difference,
    score_predictions,
    score_tags,
    share_with_interval,
    wilson_interval,
)

LABELS = ["no", "yes"]


def entry(number, gold, label, answer="", likelihood=None, words=3, probabilities=None, **tags):
    return {
        "id": f"row {number}",
        "gold": gold,
        "label": label,
        "answer": answer,
        "likelihood_label": likelihood,
        "words": words,
        "probabilities": probabilities,
        "tags": tags,
    }


def wilson(correct, rows):
    found = binomtest(correct, rows).proportion_ci(0.95, method="wilson")
    return pytest.approx(found.low, abs=1e-12), pytest.approx(found.high, abs=1e-12)


def test_of_no_rows_nothing_is_known():
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_a_score_by_hand():
    """Ten rows: of six "no" four are right, one is called "yes", one names nothing; of four "yes" three are right."""
    pairs = [(0, 0)] * 4 + [(0, 1), (0, None)] + [(1, 1)] * 3 + [(1, 0)]
    entries = [entry(n, *pair, answer=f"said {n % 2}", likelihood=pair[0] if n else 1) for n, pair in enumerate(pairs)]
    score = score_predictions(entries, LABELS)
    assert (score.rows, score.correct, score.accuracy, score.majority_rate) == (10, 7, 0.7, 0.6)
    assert (score.accuracy_low, score.accuracy_high) == wilson(7, 10)
    assert score.confusion == [[4, 1, 1], [1, 3, 0]]
    figures = {
        name: (found.precision, found.recall, found.f1, found.support) for name, found in score.per_class.items()
    }
    assert figures == {"no": (4 / 5, 4 / 6, 8 / 11, 6), "yes": (3 / 4, 3 / 4, 6 / 8, 4)}
    assert score.macro_f1 == pytest.approx((8 / 11 + 6 / 8) / 2)
    assert 0 < score.macro_f1_low < score.macro_f1 < score.macro_f1_high <= 1
    assert (score.unparseable, score.unparseable_share, score.unparseable_examples) == (1, 0.1, ["said 1"])
    assert score.likelihood_accuracy == 0.9 and score.by_tag == {} and score.calibration is None


def test_a_likelihood_is_told_only_where_every_row_has_one():
    entries = [entry(0, 0, 0, likelihood=0), entry(1, 1, 1)]
    assert score_predictions(entries, LABELS).likelihood_accuracy is None
    assert score_predictions(entries[:1], LABELS).likelihood_accuracy == 1.0


def test_five_different_unparseable_answers_are_shown_as_they_came():
    entries = [entry(n, 0, None, answer=said) for n, said in enumerate(["b", "a", "b", None, "c", "d", "e", "f"])]
    assert score_predictions(entries, LABELS).unparseable_examples == ["b", "a", "", "c", "d"]


def test_of_what_never_occurs_every_share_is_zero():
    for answers, named in (([0, 0], 0), ([1, 1], 2)):
        score = LabelScores([0, 0], answers, 2, None).score(1)
        assert (score.precision, score.recall, score.f1, score.support) == (0.0, 0.0, 0.0, 0)
        assert (score.precision_low, score.precision_high) == wilson_interval(0, named), "of nothing it may be anything"
        assert (score.recall_low, score.recall_high) == (0.0, 1.0)
    assert count_confusion([0, 1, 1], [1, None, 1], 2) == [[0, 1, 0], [0, 1, 1]]


def test_scores_by_tag_have_intervals_of_their_own_rows():
    entries = [entry(n, 0, n % 3 and 1, size=f"{9 + n % 2} words", genre="a") for n in range(12)]
    entries += [entry(12, 0, 0, genre="b")]
    tags = score_tags(entries)
    assert list(tags) == ["genre", "size"] and list(tags["size"]) == ["9 words", "10 words"], "9 before 10"
    assert tags["genre"]["a"].rows == 12 and tags["genre"]["b"].rows == 1
    for part, rows in (("9 words", 6), ("10 words", 6)):
        found = tags["size"][part]
        assert (found.rows, found.accuracy) == (rows, 2 / 6)
        assert (found.accuracy_low, found.accuracy_high) == wilson(2, 6)


def test_numbers_in_names_are_sorted_as_numbers():
    names = ["10–12 words", "9 words", "a2b10", "a2b9", "a10"]
    assert sorted((("length", name) for name in names), key=natural_order) == [
        ("length", name) for name in ("9 words", "10–12 words", "a2b9", "a2b10", "a10")
    ]
    assert natural_order(("x", "7")) == [(1, 0, "x|"), (0, 7, "")]


@pytest.mark.parametrize(("correct", "collapsed"), [(34, True), (42, True), (44, False), (90, False)])
def test_a_training_that_may_be_a_constant_answer_has_collapsed(correct, collapsed):
    """A third of 100 held-out examples: 43 right ones are the most whose interval reaches down to it."""
    said = find_collapse(correct / 100, 100, {"a": 34, "b": 33, "c": 33})
    if not collapsed:
        assert said is None
        return
    low, high = binomtest(correct, 100).proportion_ci(0.95, method="wilson")
    assert said == (
        f"accuracy {correct / 100:.3f} on the 100 held-out examples (95 % interval {low:.3f} to {high:.3f}) is no "
        "better than always giving their most frequent label (0.340)"
    )


def test_a_pair_is_counted_by_hand():
    """Of eight rows a is right alone on three, b on one."""
    hits = {"a": [1, 1, 1, 0, 1, 1, 0, 0], "b": [0, 0, 0, 1, 1, 1, 0, 0]}
    found = compare_pair("a", "b", {name: [bool(one) for one in part] for name, part in hits.items()})
    assert (found.rows, found.first_only, found.second_only, found.difference) == (8, 3, 1, 0.25)
    assert found.difference_low < 0.25 < found.difference_high
    assert found.p_value == found.p_value_holm == mcnemar_p_value(3, 1) == pytest.approx(2 * (4 + 1) / 16)
    with pytest.raises(ValueError):
        compare_pair("a", "b", {"a": [True], "b": [True, False]})


def test_holm_multiplies_the_smallest_by_all_and_never_falls():
    assert holm([0.01]) == [0.01] and holm([]) == []
    assert holm([0.02, 0.001, 0.02, 0.5]) == pytest.approx([0.06, 0.004, 0.06, 0.5])


def test_a_correction_is_said_in_words():
    assert [describe_correction(tests) for tests in (1, 2, 3)] == [
        "uncorrected",
        "corrected by Holm's procedure for both pairs",
        "corrected by Holm's procedure for all 3 pairs",
    ]
    assert describe_correction(2, "choices") == "corrected by Holm's procedure for both choices"


def test_an_accuracy_is_written_with_its_interval():
    low, high = wilson_interval(46, 50)
    assert share_with_interval(0.92, 50) == f"0.92 ({low:.2f}–{high:.2f})"
    assert share_with_interval(0.5, 10_000) == "0.500 (0.490–0.510)"


def test_an_answer_s_confidence_falls_into_the_bin_that_ends_with_it():
    values = [0.1, 0.10001, 0.2, 1.0]
    bins = [describe_bin(number, values, [True, False, True, True]) for number in range(BINS)]
    assert [part and part.rows for part in bins] == [1, 2, *[None] * 7, 1]
    assert bins[1] == ReliabilityBin(low=0.1, high=0.2, rows=2, confidence=bins[1].confidence, accuracy=0.5)
    assert bins[1].confidence == pytest.approx(0.150005)


def test_calibration_judges_by_the_likeliest_label():
    """Also where a text was read as another label."""
    entries = [entry(n, gold, None, probabilities=[0.2, 0.8]) for n, gold in enumerate((1, 1, 1, 0))]
    found = calibrate(entries)
    assert found.accuracy == 0.75 and found.mean_confidence == pytest.approx(0.8)
    assert found.expected_calibration_error == pytest.approx(0.05)
    assert [(part.low, part.rows, part.accuracy) for part in found.bins] == [(0.7, 4, 0.75)]


def test_rows_are_cut_into_quarters_by_length():
    entries = [entry(n, 0, 0, words=words) for n, words in enumerate([1, 2, 3, 4, 5, 6, 7, 20])]
    ranges = scoring.length_ranges(entries)
    assert ranges == [(1, 2), (3, 4), (5, 6), (7, 20)]
    tagged = scoring.tag_length(entry(0, 0, 0, words=7, genre="a"), ranges)
    assert tagged["tags"] == {"length": "7–20 words", "genre": "a"}
    assert scoring.tag_length(entry(0, 0, 0, words=5), [(5, 5)])["tags"] == {"length": "5 words"}
    own = scoring.tag_length(entry(0, 0, 0, words=5, length="a task's own"), [(5, 5)])
    assert own["tags"] == {"length": "a task's own"}


def test_agreement_is_of_labels_none_included():
    own = [entry(0, 0, 0), entry(1, 0, None), entry(2, 0, 1), entry(3, 0, 1)]
    other = [entry(0, 1, 0), entry(1, 1, None), entry(2, 1, 0), entry(3, 1, None)]
    assert scoring.share_agreeing(own, other) == 0.5
    assert scoring.share_agreeing(own, [entry(9, 0, one["label"]) for one in own]) == 0.0, "of the same rows"
    assert scoring.count_discordant(own, other) == (1, 0)


@pytest.fixture
def scored(tmp_path):
    """A run with two test splits, a merged model, and four trials of two choices, laid out and scored."""

    def write(place, labels, count):
        entries = [
            entry(n, n % 2, (n + (n >= right)) % 2 if right >= 0 else None)
            for n, right in [(n, labels) for n in range(count)]
        ]
        file = tmp_path / "predictions" / f"{place}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(one) + "\n" for one in entries), encoding="utf-8")

    for split, right, merged in (("a", 18, 15), ("b", 16, 16)):
        write(split, right, 20)
        write(f"merged_into_float32/{split}", merged, 20)
    trials = [
        ("temperature", "0", True, 18),
        ("temperature", "1", False, 8),
        ("temperature", "2", False, 4),
        ("draws", "1", False, 18),
    ]
    told = []
    for number, (choice, value, own, right) in enumerate(trials):
        write(f"trials/{number}", right, 20)
        told.append({"choice": choice, "value": value, "own": own, "shots": []})
    write_json(tmp_path / "task.json", make_task("nli", {"a": 20, "b": 20}) | {"labels": LABELS})
    predicted = make_predict(METHODS["llama_zero_shot"]) | {"run_config": {"why_no_accuracy": None}, "trials": told}
    write_json(tmp_path / "predict.json", predicted)
    write_json(tmp_path / "train.json", make_train(METHODS["llama_zero_shot"]))
    names = ("task.json", "predictions", "predict.json", "train.json")
    return scoring.score_run(*(tmp_path / name for name in names))


def test_every_split_is_scored_and_all_of_them_together(scored):
    assert {split: (score.correct, score.rows) for split, score in scored.splits.items()} == {
        "a": (18, 20),
        "b": (16, 20),
        "pooled": (34, 40),
    }
    assert scored.status == "ok" and scored.reason is None
    assert list(scored.splits["pooled"].by_tag) == ["length"]


def test_a_merged_model_is_held_against_the_method_itself(scored):
    assert list(scored.variants) == list(scored.agreement) == list(scored.merging) == ["merged_into_float32"]
    assert scored.variants["merged_into_float32"]["a"].correct == 15
    assert scored.agreement["merged_into_float32"] == {"a": 0.85, "b": 1.0, "pooled": 0.925}
    difference, low, high = paired_difference(0, 3, 20)
    wanted = PairedTest(difference=difference, difference_low=low, difference_high=high, p_value=0.25)
    assert scored.merging["merged_into_float32"]["a"] == wanted and difference == -0.15
    assert scored.merging["merged_into_float32"]["pooled"].difference == -0.075


def test_trials_are_tested_against_the_method_s_own_choice(scored):
    trials = scored.trials
    assert [(trial.choice, trial.value, trial.accuracy, trial.rows) for trial in trials] == [
        ("temperature", "0", 0.9, 20),
        ("temperature", "1", 0.4, 20),
        ("temperature", "2", 0.2, 20),
        ("draws", "1", 0.9, 20),
    ]
    assert (trials[1].accuracy_low, trials[1].accuracy_high) == wilson(8, 20)
    assert [trial.p_value_holm for trial in trials] == [
        None,
        pytest.approx(mcnemar_p_value(0, 10)),
        pytest.approx(2 * mcnemar_p_value(0, 14)),
        None,
    ]
    assert all(trial.unparseable_share == 0.0 for trial in trials)
