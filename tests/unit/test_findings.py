"""What stands out in the answers: a planted pattern is found and nothing else, and nothing is found in chance."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact

from example_answers import ACCURACIES, Drawn, draw_answers, draw_examples, make_wrong
from example_runs import LABELS
from fineprint.core.records import HOLDS, HOLDS_NOT, HOLDS_PARTLY, TOO_FEW
from fineprint.findings.answers import UNPARSEABLE, make_answers
from fineprint.findings.chance import Measured, at_least, at_most, judge_elsewhere, more_often_inside
from fineprint.findings.rules import find_in_split, find_in_task

STUDIES = 80  # simulated, where false findings are counted
SEEDS = (1, 2, 3)


def generator(number=0):
    return np.random.default_rng([20_260_000, number])


def share_with_findings(draw, studies=STUDIES):
    """Return in which share of simulated studies something is found."""
    return sum(bool(find_in_split(draw(generator(number)).answers())) for number in range(studies)) / studies


def guess(rng, seeds):
    """Draw answers of methods that know nothing."""
    drawn = draw_examples(rng)
    for method in ACCURACIES:
        for seed in seeds:
            drawn.given[method, seed] = rng.integers(len(LABELS), size=len(drawn.golds))
    return drawn


@pytest.mark.parametrize("seeds", [(1,), SEEDS])
def test_random_answers_give_no_finding(seeds):
    assert share_with_findings(lambda rng: guess(rng, seeds)) <= 0.05


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"seeds": SEEDS},
        {"examples": 60},  # on which methods eight points apart often get about as many right
        {"examples": 3000},
        {"group_size": 6, "shared": 0.7},
        {"group_size": 3, "shared": 0.9, "seeds": SEEDS},
    ],
    ids=str,
)
def test_errors_without_a_pattern_give_no_finding(options):
    studies = 40 if "examples" in options or "seeds" in options else STUDIES
    assert share_with_findings(lambda rng: draw_answers(rng, **options), studies=studies) <= 0.05


def retrain(rng, methods, examples=600, wrong=0.2, unsteady=0.09):
    """Draw methods that are one and the same: each training of each gets the same examples wrong, give or take some."""
    drawn = draw_examples(rng, examples)
    base = rng.random(examples) < wrong
    for method in methods:
        for seed in SEEDS:
            flipped = rng.random(examples) < unsteady / 2
            drawn.given[method, seed] = np.where(base ^ flipped, (drawn.golds + 1) % len(LABELS), drawn.golds)
    return drawn


def test_methods_that_differ_no_more_than_their_seeds_are_not_said_to_disagree():
    """Two trainings answer about 9 % of the examples differently, whether of one method or of two."""
    assert share_with_findings(lambda rng: retrain(rng, ("one", "other"))) <= 0.05


def the_one(findings, kind):
    """Return the only finding."""
    assert [finding.kind for finding in findings] == [kind]
    return findings[0]


@pytest.mark.parametrize("seeds", [(1,), SEEDS])
def test_a_subset_that_holds_most_errors_is_found_alone(seeds):
    drawn = draw_answers(generator(), seeds=seeds)
    voice = drawn.has("phenomenon", "voice")
    make_wrong(drawn, "best", voice)
    finding = the_one(find_in_split(drawn.answers()), "subset")
    assert (finding.tag, finding.value, finding.methods) == ("phenomenon", "voice", ["best"])
    (counts,) = finding.counts
    wrong = [drawn.given["best", seed] != drawn.golds for seed in seeds]
    assert counts.errors == voice.sum() * len(seeds) and counts.all_errors == np.sum(wrong)
    assert counts.accuracy == 0 and counts.accuracy_elsewhere == pytest.approx(1 - np.mean(wrong, 0)[~voice].mean())
    assert finding.examples == finding.subset_examples == voice.sum() and counts.holds_most
    assert finding.best == "good" and finding.methods_compared == len(ACCURACIES)


def test_methods_that_fail_on_one_subset_share_a_finding():
    drawn = draw_answers(generator(2))
    voice = drawn.has("phenomenon", "voice")
    for method in ACCURACIES:
        make_wrong(drawn, method, voice & (generator(2).random(len(voice)) < 0.7))
    kinds = {finding.kind: finding for finding in find_in_split(drawn.answers())}
    assert set(kinds) == {"subset", "missed"}, "what all get wrong there, all miss"
    assert set(kinds["subset"].methods) == set(ACCURACIES)
    assert [(place.tag, place.value) for place in kinds["missed"].places] == [("phenomenon", "voice")]


def test_a_subset_is_not_found_because_it_overlaps_with_another():
    """Letters hold most of the negations, and only negations fail."""
    drawn = draw_answers(generator(3))
    negation = drawn.has("phenomenon", "negation")
    for tags, negated in zip(drawn.tags, negation, strict=True):
        tags["form"] = "letter" if negated and tags["genre"] != "travel" else "other"
    make_wrong(drawn, "good", negation)
    finding = the_one(find_in_split(drawn.answers()), "subset")
    assert (finding.tag, finding.value) == ("phenomenon", "negation")


def never_say(drawn, method, label):
    """Let a method give the next label wherever it gave one; return where that changed an answer, by run."""
    for (name, _), labels in drawn.given.items():
        if name == method:
            labels[labels == label] = (label + 1) % len(LABELS)


@pytest.mark.parametrize("seeds", [(1,), SEEDS])
def test_a_label_that_is_never_given_is_found_with_its_ceiling(seeds):
    drawn = draw_answers(generator(4), accuracies={"best": 0.92, "good": 0.84, "fair": 0.76}, seeds=seeds)
    never_say(drawn, "best", 1)
    never_say(drawn, "fair", 1)
    finding = the_one(find_in_split(drawn.answers()), "label")
    support = (drawn.golds == 1).sum()
    assert finding.labels == ["neutral"] and finding.methods == ["best", "fair"]
    assert finding.label_examples == finding.examples == support and finding.ceiling == 1 - support / 600
    best, fair = finding.counts
    assert best.answered == 0 and best.recall == 0 and best.accuracy <= finding.ceiling
    assert not fair.at_ceiling and best.at_ceiling == (best.accuracy >= 0.95 * finding.ceiling)


def test_a_constant_answer_is_told_as_labels_never_given():
    """A prompt that is no better than the most frequent label is looked at, too."""
    drawn = draw_answers(generator(27), accuracies={"best": 0.92, "good": 0.84, "fair": 0.76})
    drawn.given["constant", 1] = np.zeros(600, dtype=int)
    finding = the_one(find_in_split(drawn.answers()), "label")
    assert finding.methods == ["constant"] and finding.labels == ["neutral", "contradiction"]
    assert finding.counts[0].accuracy == pytest.approx(finding.ceiling) and finding.counts[0].at_ceiling


def test_a_label_that_explains_a_subset_takes_its_place():
    """All antonyms are neutral, so a method that never answers neutral fails on them: it is told once."""
    drawn = draw_answers(generator(5))
    antonym = drawn.has("phenomenon", "antonym")
    for labels in drawn.given.values():
        right = labels == drawn.golds
        labels[antonym] = np.where(right, 1, 2)[antonym]
    drawn.golds[antonym] = 1
    never_say(drawn, "best", 1)
    the_one(find_in_split(drawn.answers()), "label")


def test_unparseable_answers_are_no_neglect_of_a_label():
    drawn = draw_answers(generator(6), accuracies={"best": 0.92, "good": 0.84})
    drawn.given["best", 1][generator(7).random(600) < 0.3] = UNPARSEABLE
    assert find_in_split(drawn.answers()) == []
    never_say(drawn, "best", 1)
    finding = the_one(find_in_split(drawn.answers()), "label")
    assert finding.methods == ["best"] and finding.labels == ["neutral"]


@pytest.mark.parametrize(("lost", "gained"), [(40, 0), (100, 3)])
def test_a_method_that_another_makes_redundant_is_found(lost, gained):
    drawn = draw_answers(generator(8), accuracies={"good": 0.8, "poor": 0.6}, seeds=SEEDS, examples=1200)
    drawn.given |= {("redundant", seed): drawn.given["good", seed].copy() for seed in SEEDS}
    right = np.all([drawn.given["good", seed] == drawn.golds for seed in SEEDS], axis=0)
    make_wrong(drawn, "redundant", np.flatnonzero(right)[:lost])
    wrong = np.all([drawn.given["good", seed] != drawn.golds for seed in SEEDS], axis=0)
    for seed in SEEDS:
        drawn.given["redundant", seed][np.flatnonzero(wrong)[:gained]] = drawn.golds[np.flatnonzero(wrong)[:gained]]
    finding = the_one(find_in_split(drawn.answers()), "dominance")
    assert finding.methods == ["good", "redundant"]
    assert [(seed.first_only, seed.second_only) for seed in finding.by_seed] == [(lost, gained)] * 3
    assert finding.first_errors == sum((drawn.given["good", seed] != drawn.golds).sum() for seed in SEEDS)


def test_redundancy_is_told_seed_by_seed():
    """On one of three seeds the worse method knows as much that the better does not."""
    drawn = draw_answers(generator(8), accuracies={"good": 0.8}, seeds=SEEDS)
    drawn.given |= {("other", seed): drawn.given["good", seed].copy() for seed in SEEDS}
    for seed in SEEDS:
        right = drawn.given["good", seed] == drawn.golds
        for place in np.flatnonzero(right)[:40]:
            drawn.given["other", seed][place] = (drawn.golds[place] + 1) % 3
        if seed == 3:
            known = np.flatnonzero(~right)[:35]
            drawn.given["other", seed][known] = drawn.golds[known]
    assert "dominance" not in [finding.kind for finding in find_in_split(drawn.answers())]


def test_seventeen_to_none_is_found():
    """Of 810 examples one prompt answers 538 correctly, the other 521 of these: both near the ceiling of two labels."""
    drawn = draw_examples(generator(24), 810)
    for method, correct in (("zero-shot", 538), ("one-shot", 521)):
        drawn.given[method, 1] = np.where(np.arange(810) < correct, drawn.golds, (drawn.golds + 1) % 3)
    found = {finding.kind: finding for finding in find_in_split(drawn.answers())}
    (seed,) = found["dominance"].by_seed
    assert found["dominance"].methods == ["zero-shot", "one-shot"] and (seed.first_only, seed.second_only) == (17, 0)


def test_what_follows_from_two_redundant_methods_is_not_told():
    drawn = draw_answers(generator(9), accuracies={"first": 0.8})
    right = np.flatnonzero(drawn.given["first", 1] == drawn.golds)
    for method, lost in (("second", 60), ("third", 130)):
        drawn.given[method, 1] = drawn.given["first", 1].copy()
        make_wrong(drawn, method, right[:lost])
    pairs = [finding.methods for finding in find_in_split(drawn.answers()) if finding.kind == "dominance"]
    assert pairs == [["first", "second"], ["second", "third"]]


@pytest.mark.parametrize("seeds", [(1,), SEEDS])
def test_similar_scores_with_different_answers_are_found(seeds):
    drawn = draw_answers(
        generator(10), accuracies={"one": 0.85, "other": 0.85, "poor": 0.5}, seeds=seeds, examples=1200
    )
    finding = the_one(find_in_split(drawn.answers()), "agreement")
    assert finding.less and set(finding.methods) == {"one", "other"} and abs(finding.difference) <= 0.02
    one, other = (np.array([drawn.given[method, seed] for seed in seeds]) for method in finding.methods)
    assert finding.disagreement == pytest.approx(np.mean([[a != b for a in one] for b in other]))
    assert finding.either_wrong == ((one != drawn.golds) | (other != drawn.golds)).sum()
    assert (finding.own_disagreement is None) == (len(seeds) == 1)


@pytest.mark.parametrize(("differ", "found"), [(34, True), (8, False)])
def test_a_tenth_of_a_point_apart_and_answers_that_differ(differ, found):
    """Each of two methods gets 66 or 67 of 810 examples wrong, `differ` of them that the other answers correctly."""
    drawn = draw_examples(generator(25), 810)
    for method, first in (("full", 0), ("lora", differ)):
        wrong = (np.arange(810) >= first) & (np.arange(810) < 66 + first + (first > 0))
        drawn.given[method, 1] = np.where(generator(26).permutation(wrong), (drawn.golds + 1) % 3, drawn.golds)
    less = [finding for finding in find_in_split(drawn.answers()) if finding.kind == "agreement" and finding.less]
    assert bool(less) == found
    assert not found or less[0].disagreement == pytest.approx((2 * differ + 1) / 810)


def test_nearly_the_same_answers_are_found():
    drawn = draw_answers(generator(11), accuracies={"one": 0.7, "poor": 0.5})
    drawn.given["copy", 1] = drawn.given["one", 1].copy()
    finding = the_one(find_in_split(drawn.answers()), "agreement")
    assert not finding.less and set(finding.methods) == {"one", "copy"}
    assert (
        finding.examples == finding.either_wrong == finding.same_wrong == (drawn.given["one", 1] != drawn.golds).sum()
    )


def test_examples_that_all_methods_miss_are_found():
    drawn = draw_answers(generator(12), seeds=SEEDS)
    hard = np.flatnonzero(drawn.golds == 2)[:25]
    for method in ACCURACIES:
        make_wrong(drawn, method, hard)
    drawn.given["poor", 1][hard[:10]] = 1
    finding = the_one(find_in_split(drawn.answers()), "missed")
    assert 25 <= finding.examples <= 27 and finding.runs == 15 and finding.expected < 2
    assert 15 <= finding.same_answer <= 17 and len(finding.ids) == 5 and set(finding.methods) == set(ACCURACIES)
    assert [(place.tag, place.value, place.missed) for place in finding.places] == [("label", "contradiction", 25)]


def test_examples_that_two_methods_miss_are_not_told_as_missed_by_all():
    """Of three methods the third is a copy of the second: it is no witness of its own."""
    drawn = draw_answers(generator(13), accuracies={"one": 0.85, "other": 0.6})
    hard = np.arange(600) < 40
    for method in ("one", "other"):
        make_wrong(drawn, method, hard)
    drawn.given["copy", 1] = drawn.given["other", 1].copy()
    assert [finding.kind for finding in find_in_split(drawn.answers())] == ["agreement"]
    drawn.given["third", 1] = np.where(generator(15).random(600) < 0.75, drawn.golds, (drawn.golds + 2) % 3)
    make_wrong(drawn, "third", hard)
    found = {finding.kind: finding for finding in find_in_split(drawn.answers())}
    assert set(found) == {"agreement", "missed"}
    assert len(found["missed"].methods) == 4 and len(found["missed"].independent_methods) == 3


def test_answers_that_depend_on_the_seed_are_found():
    drawn = draw_answers(generator(14), seeds=SEEDS)
    for seed in SEEDS:
        turned = generator(seed).random(600) < 0.12
        drawn.given["fair", seed][turned] = (drawn.golds[turned] + 1) % 3
    finding = the_one(find_in_split(drawn.answers()), "seeds")
    given = np.array([drawn.given["fair", seed] for seed in SEEDS])
    (counts,) = finding.counts
    assert finding.methods == ["fair"] and counts.seeds == 3
    assert counts.examples == finding.examples == (given != given[0]).any(axis=0).sum()
    assert counts.disagreement == pytest.approx(
        np.mean([given[0] != given[1], given[0] != given[2], given[1] != given[2]])
    )


@pytest.mark.parametrize("seeds", [(1,), SEEDS])
def test_perfect_methods_give_no_finding(seeds):
    drawn = draw_examples(generator(15))
    drawn.given = {(method, seed): drawn.golds.copy() for method in ("one", "other", "third") for seed in seeds}
    assert find_in_split(drawn.answers()) == []


def test_one_method_is_looked_at_alone():
    drawn = draw_answers(generator(16), accuracies={"only": 0.9})
    assert find_in_split(drawn.answers()) == []
    make_wrong(drawn, "only", drawn.has("phenomenon", "voice"))
    assert the_one(find_in_split(drawn.answers()), "subset").best == "only"


def test_few_examples_say_nothing():
    """Patterns that are found above, on so few examples that chance may have made them."""
    for number in range(20):
        drawn = draw_answers(generator(number), accuracies={"best": 0.92, "fair": 0.72}, examples=24)
        for tags in drawn.tags[:2]:
            tags["phenomenon"] = "rare"
        make_wrong(drawn, "best", drawn.has("phenomenon", "rare"))
        never_say(drawn, "fair", 1)
        assert find_in_split(drawn.answers()) == []


def cut(drawn, part):
    """Return a part of the examples with their answers."""
    tags = [tags for tags, chosen in zip(drawn.tags, part, strict=True) if chosen]
    given = {run: labels[part] for run, labels in drawn.given.items()}
    return Drawn(drawn.golds[part], drawn.groups[part], tags, given)


def test_other_splits_are_asked():
    planted = draw_answers(generator(17), examples=1200)
    make_wrong(planted, "best", planted.has("phenomenon", "voice"))
    plain = draw_answers(generator(18))
    first, second = (cut(planted, part).answers() for part in (np.arange(1200) < 600, np.arange(1200) >= 600))
    few = cut(planted, np.arange(1200) < 40).answers("few")
    without = draw_answers(generator(19))
    for tags in without.tags:
        tags["phenomenon"] = "other"
    splits = [first, replace(second, split="like"), plain.answers("plain"), few, without.answers("without")]
    (finding,) = find_in_task(splits)
    outcomes = {other.split: other.outcome for other in finding.elsewhere}
    assert finding.split == "matched" and outcomes.pop("few") in (TOO_FEW, HOLDS, HOLDS_NOT)
    assert outcomes == {"like": HOLDS, "plain": HOLDS_NOT}, "where there is no such subset nothing is said"


def test_what_another_split_says_rests_on_size_and_chance():
    holds, small, chance = Measured(True, 0.001), Measured(False, 0.001), Measured(True, 0.2)
    assert judge_elsewhere([]) is None
    assert judge_elsewhere([holds, holds]) == HOLDS and judge_elsewhere([holds, small]) == HOLDS_PARTLY
    assert judge_elsewhere([small, small]) == HOLDS_NOT and judge_elsewhere([holds, chance]) == TOO_FEW


def test_what_concerns_most_examples_comes_first():
    drawn = draw_answers(generator(20))
    make_wrong(drawn, "best", drawn.has("phenomenon", "voice"))
    never_say(drawn, "fair", 0)
    found = find_in_task([drawn.answers()])
    assert [finding.kind for finding in found] == ["label", "subset"]
    assert found[0].examples > found[1].examples and find_in_task([]) == []


def test_tests_are_those_of_scipy():
    table = [[14, 6], [25, 55]]
    counts = np.array([14]), np.array([20]), np.array([39]), np.array([100])
    assert more_often_inside(*counts)[0] == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
    assert at_least(9, 40, 0.1) == pytest.approx(binomtest(9, 40, 0.1, alternative="greater").pvalue)
    assert at_most(2, 40, 0.2) == pytest.approx(binomtest(2, 40, 0.2, alternative="less").pvalue)


def test_an_example_is_worth_less_where_groups_answer_alike():
    drawn = draw_examples(generator(21), 600, group_size=6)
    drawn.given["one", 1] = drawn.golds.copy()
    answers = drawn.answers()
    each = generator(22).random(600) < 0.3
    assert answers.worth(each) > 0.7
    assert answers.worth(each[drawn.groups * 6]) == pytest.approx(1 / 6, abs=0.03)
    assert answers.worth(np.zeros(600)) == 1


def test_a_single_group_is_taken_as_none_and_a_single_example_as_nothing():
    drawn = draw_answers(generator(23), examples=30)
    drawn.groups[:] = 0
    assert drawn.answers().groups.count == 30
    assert make_answers("nli", "matched", LABELS, {}) is None
    assert make_answers("nli", "matched", LABELS, {run: found[:1] for run, found in drawn.entries().items()}) is None
