"""Figures: what is said of them follows what is drawn."""

import pytest

from example_results import METHODS, make_results
from fineprint.reporting.figures.cost import draw_cost
from fineprint.reporting.figures.drawing import place_numbers
from fineprint.reporting.figures.scores import draw_accuracy, find_mistake
from fineprint.reporting.figures.style import figure_style, plt
from fineprint.results.study import Study


def study_of(*names, with_gaps=False):
    return Study(make_results({name: METHODS[name] for name in names}, splits={"test": 90}, with_gaps=with_gaps))


@pytest.fixture(autouse=True)
def style():
    with figure_style():
        yield
    plt.close("all")


def test_a_mark_is_explained_only_where_it_is_drawn():
    with_one, without = (study_of("roberta_full", "roberta_lora", with_gaps=gaps) for gaps in (True, False))
    assert "collapsed, not ranked" in draw_accuracy(with_one, "nli").caption
    assert "collapsed" not in draw_accuracy(without, "nli").caption
    assert "hollow: collapsed" in draw_cost(with_one, "nli").caption
    assert "collapsed" not in draw_cost(without, "nli").caption


@pytest.mark.parametrize(
    ("untrained", "words"),
    [
        ((), "more accurate). Training memory: exact bytes"),
        (("llama_zero_shot",), "Method 3 is not trained (dotted line)."),
        (("llama_zero_shot", "llama_one_shot"), "Methods 3 and 4 are not trained (dotted lines)."),
    ],
)
def test_methods_that_are_not_trained_are_named_by_number(untrained, words):
    assert words in draw_cost(study_of("roberta_full", "roberta_lora", *untrained), "nli").caption


def test_the_most_frequent_mistake_is_no_right_answer():
    study = study_of("roberta_full", "roberta_lora")
    score = study.score("nli", "roberta_full", "test")
    labels = study.results.tasks["nli"].labels
    gold, predicted, times = find_mistake(score, labels)
    wrong = [count for row, line in enumerate(score.confusion) for column, count in enumerate(line) if row != column]
    assert gold != predicted and times == max(wrong)
    assert score.confusion[labels.index(gold)][[*labels, "unparseable"].index(predicted)] == times


def test_numbers_beside_points_stay_apart():
    _, axis = plt.subplots()
    axis.set(xlim=(0, 1), ylim=(0, 1))
    place_numbers(axis, [(0.5, 0.5, "1"), (0.5, 0.5, "2"), (0.51, 0.5, "3")])
    places = [text.get_position() for text in axis.texts]
    assert len(set(places)) == 3, "each has a place of its own"
    place_numbers(plt.subplots()[1], [(0.5, 0.5, "1")])
