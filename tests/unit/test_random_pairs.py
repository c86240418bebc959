"""Rows of random words: as long as MultiNLI's, labels without meaning."""

import statistics

import pytest

from fineprint.demo.invented_words import MOST_WORDS, make_words
from fineprint.tasks._rows import prepare_splits
from fineprint.tasks.random_pairs import SPECIAL_TOKENS, Settings, interpolate


def tokens_of(rows):
    return sorted(sum(len(text.split()) for text in row.texts.values()) + SPECIAL_TOKENS for row in rows)


@pytest.mark.parametrize("count", [512, 5000])
def test_lengths_are_multinli_s(count):
    rows = Settings(kind="random_pairs", train_rows=count).load_splits(1)["train"]
    tokens = tokens_of(rows)
    assert statistics.mean(tokens) == pytest.approx(40, abs=1)
    assert statistics.median(tokens) == pytest.approx(37, abs=0.5)
    assert tokens[int(0.9 * count)] == pytest.approx(62.5, abs=1)
    assert tokens[int(0.99 * count)] == pytest.approx(97, abs=3)
    assert 0.001 <= sum(value > 128 for value in tokens) / count <= 0.005
    assert tokens[0] >= 8 and tokens[-1] <= 229


def test_premises_are_twice_as_long_as_hypotheses():
    rows = Settings(kind="random_pairs").load_splits(1)["train"]
    premises, hypotheses = ([len(row.texts[name].split()) for row in rows] for name in ("premise", "hypothesis"))
    assert sum(premises) / sum(hypotheses) == pytest.approx(2, abs=0.1)
    assert min(premises) >= 2 and min(hypotheses) >= 2


def test_labels_are_balanced_and_say_nothing_of_the_text():
    task = Settings(kind="random_pairs", train_rows=900, test_rows=30)
    splits, dropped = prepare_splits(task, seed=1)
    assert dropped == {"train": {}, "test": {}} and len(splits["test"]) == 30
    train = [*splits["train"], *splits["held_out"]]
    assert [sum(row.label == label for row in train) for label in range(3)] == [300, 300, 300]
    means = [statistics.mean(tokens_of(row for row in train if row.label == label)) for label in range(3)]
    assert max(means) - min(means) < 5
    assert not task.labels_mean_something


def test_a_seed_gives_the_same_rows():
    task = Settings(kind="random_pairs", train_rows=20, test_rows=5)
    assert task.load_splits(1) == task.load_splits(1) != task.load_splits(2)
    both = task.load_splits(1)
    assert {row.id for row in both["train"]}.isdisjoint(row.id for row in both["test"])


def test_words_are_different_and_the_same_for_all():
    assert len(set(make_words(130_000))) == 130_000
    assert make_words(500) == make_words(1000)[:500]
    with pytest.raises(ValueError, match="not"):
        make_words(MOST_WORDS + 1)


@pytest.mark.parametrize(("place", "wanted"), [(0.0, 1.0), (0.5, 2.0), (1.0, 3.0), (3.0, 7.0), (4.0, 9.0)])
def test_between_points_the_value_lies_on_the_line(place, wanted):
    assert interpolate(((0.0, 1.0), (1.0, 3.0), (3.0, 7.0)), place) == wanted
