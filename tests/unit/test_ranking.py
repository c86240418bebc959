"""Ranks: methods that the test cannot tell apart share one."""

import copy

import pytest

from example_results import METHODS, make_results
from fineprint.reporting.sections.seeds import seed_sentences, seeds_table
from fineprint.results.lookup import Study

NAMES = ("roberta_full", "roberta_lora", "roberta_p_tuning", "llama_one_shot")


@pytest.fixture(scope="module")
def results():
    return make_results({name: METHODS[name] for name in NAMES}, with_gaps=False)


def with_verdicts(results, told_apart):
    """Return the results with exactly these pairs told apart."""
    changed = copy.deepcopy(results)
    for pair in changed["comparisons"]:
        real = {pair["first"], pair["second"]} in told_apart
        pair["p_value_holm"] = 0.001 if real else 0.9
    return Study(changed)


def ordered(results):
    return [method for method, _ in Study(results).ranked("nli")]


def test_all_told_apart_gives_a_rank_each(results):
    first, second, third, fourth = ordered(results)
    pairs = [{a, b} for a in NAMES for b in NAMES if a != b]
    assert with_verdicts(results, pairs).ranking("nli") == [[first], [second], [third], [fourth]]


def test_none_told_apart_gives_one_rank(results):
    study = with_verdicts(results, [])
    assert study.ranking("nli") == [ordered(results)] and study.leaders("nli") == ordered(results)
    assert {study.rank("nli", method) for method in NAMES} == {1}


def test_a_rank_is_opened_by_its_most_accurate_method(results):
    first, second, third, fourth = ordered(results)
    study = with_verdicts(results, [{first, third}, {first, fourth}, {third, fourth}])
    assert study.ranking("nli") == [[first, second], [third], [fourth]]
    assert study.rank("nli", third) == 2


def test_collapsed_runs_have_no_rank():
    study = Study(make_results(METHODS))
    assert study.status("nli", "roberta_random") == "collapsed" and study.rank("nli", "roberta_random") is None


def test_seeds_are_told_beside_rows():
    study = Study(make_results({name: METHODS[name] for name in NAMES}, seeds=(1, 2, 3), with_gaps=False))
    table = seeds_table(study, "nli")
    scores = study.seed_scores("nli", "roberta_full", "matched")
    mean = sum(scores) / 3
    spread = (sum((value - mean) ** 2 for value in scores) / 2) ** 0.5
    cells = next(row for row in table.rows if row[1].text == METHODS["roberta_full"][0])
    assert cells[2].text == "new weights, batches" and cells[3].text == f"{mean:.3f} ± {spread:.3f}"
    assert cells[4].text == "3"
    assert "of seeds, not of examples" in seed_sentences(study, "nli")[0]
    one = next(row for row in table.rows if row[1].text == METHODS["llama_one_shot"][0])
    assert one[2].text == "worked examples"
    assert seeds_table(Study(make_results({"roberta_full": METHODS["roberta_full"]})), "nli") is None
