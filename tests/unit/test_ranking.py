"""Ranks: 1 + the number of methods that are better; and what is told of seeds."""

import copy

import pytest

from example_contests import FULL, LORA, make_contest, set_hits
from example_results import METHODS, make_results
from fineprint.reporting.sections.scores import scores_tables
from fineprint.reporting.sections.seeds import seed_sentences, seeds_table
from fineprint.results.study import Study

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
        pair["verdict"] = ("better" if pair["difference"] > 0 else "worse") if real else "inconclusive"
        pair["model_verdict"] = None
    return Study(changed)


def ordered(results):
    return [method for method, _ in Study(results).ranked("nli")]


def ranks(study):
    return [found.rank for found in study.standings("nli")]


def test_all_told_apart_gives_a_rank_each(results):
    pairs = [{a, b} for a in NAMES for b in NAMES if a != b]
    study = with_verdicts(results, pairs)
    assert ranks(study) == [1, 2, 3, 4] and study.leaders("nli") == study.as_good("nli") == ordered(results)[:1]


def test_none_told_apart_gives_one_rank_but_none_is_as_good_for_that(results):
    study = with_verdicts(results, [])
    assert ranks(study) == [1, 1, 1, 1] and study.leaders("nli") == ordered(results)
    assert study.as_good("nli") == ordered(results)[:1]


def test_a_rank_counts_the_methods_that_are_better(results):
    first, second, third, fourth = ordered(results)
    study = with_verdicts(results, [{first, third}, {first, fourth}, {third, fourth}])
    assert ranks(study) == [1, 1, 2, 3] and study.rank("nli", third) == 2
    assert study.leaders("nli") == [first, second]


def test_collapsed_runs_have_no_rank():
    study = Study(make_results(METHODS))
    assert study.status("nli", "roberta_random") == "collapsed" and study.rank("nli", "roberta_random") is None


def test_a_seed_that_collapsed_is_counted_and_stays_in_the_mean():
    good = {FULL: range(270), LORA: range(264)}
    results = set_hits(make_contest(good, seeds=(1, 2, 3)), {1: good, 2: {**good, FULL: range(100)}, 3: good})
    study = Study(results)
    assert study.status("nli", FULL) == "ok" and study.collapsed_seeds("nli", FULL) == [2]
    assert study.mean("nli", FULL).mean == pytest.approx((0.9 + 1 / 3 + 0.9) / 3)
    assert ordered(results) == [LORA, FULL]
    assert "RoBERTa, full fine-tuning on 1 of 3 seeds, which are in its mean" in " ".join(seed_sentences(study, "nli"))
    cells = {row[1].text: row for row in seeds_table(study, "nli").rows}["RoBERTa, full fine-tuning"]
    assert cells[3].text == "1 of 3" and cells[5].text == ".900  .333  .900"
    status = scores_tables(study, "nli")[0].rows[0][-1]
    assert (status.text, status.style) == ("1 of 3 seeds collapsed", "flag")


def test_seeds_are_told():
    study = Study(make_results({name: METHODS[name] for name in NAMES}, seeds=(1, 2, 3), with_gaps=False))
    table = seeds_table(study, "nli")
    scores = [study.score("nli", "roberta_full", "matched", seed).accuracy for seed in (1, 2, 3)]
    mean = sum(scores) / 3
    spread = (sum((value - mean) ** 2 for value in scores) / 2) ** 0.5
    cells = next(row for row in table.rows if row[1].text == METHODS["roberta_full"][0])
    assert cells[2].text == "new weights, batches" and cells[3].text == "0 of 3"
    assert cells[4].text == f"{mean:.3f} ± {spread:.3f}"
    assert cells[5].text == "  ".join(f"{score:.3f}"[1:] for score in scores)
    [said] = seed_sentences(study, "nli")
    assert said.startswith("Over 3 seeds the accuracy of ") and "standard deviation" in said
    one = next(row for row in table.rows if row[1].text == METHODS["llama_one_shot"][0])
    assert one[2].text == "worked examples"
    assert seeds_table(Study(make_results({"roberta_full": METHODS["roberta_full"]})), "nli") is None
