"""The page on a replication: its first two sentences for every outcome, its tables, its words."""

import json
import re

import pytest

from example_contests import FULL, LORA, make_contest
from example_results import make_results
from fineprint.reporting.replication.page import build_view, render_replication
from fineprint.reporting.replication.summary import say_kind, say_more, say_verdict
from fineprint.reporting.words import FOLDER
from fineprint.results.replication.comparison import compare_studies

SEEDS = (1, 2, 3)
AHEAD = {FULL: range(280), LORA: range(220)}
BEHIND = {FULL: range(220), LORA: range(280)}
REPORT = FOLDER.parent


@pytest.fixture
def compare(tmp_path):
    def run(first, second):
        for name, results in (("a", first), ("b", second)):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "results.json").write_text(json.dumps(results), encoding="utf-8")
        return compare_studies(tmp_path / "a", tmp_path / "b")

    return run


def move(results, seed=11):
    """Return results as another seed, on other examples, would have them: no run is the same."""
    results["study"]["run"]["seeds"] = [seed + number for number in results["study"]["run"]["seeds"]]
    for run in results["runs"]:
        run["seed"] += seed
    return results


def test_the_same_twice(compare):
    results = make_contest(AHEAD, SEEDS)
    found = compare(results, results)
    held, failed = say_verdict(found)
    assert held == (
        "Everything held: all 6 runs that the studies share have identical confusion matrices on every test split, and "
        "every trained run saved identical weights."
    )
    assert failed == "Nothing was contradicted, and no score differs by more than chance explains."
    assert say_kind(found)[-1] == "This is the same study run twice: the scores should be identical."


def test_changed_sides(compare):
    held, failed = say_verdict(compare(make_contest(AHEAD, SEEDS), make_contest(BEHIND, SEEDS)))
    assert held == (
        "Of 1 conclusion that the first study draws about pairs of methods, none held in the second, and 0 of 2 mean "
        "scores differ by no more than the intervals allow."
    )
    assert failed == (
        "1 conclusion changed sides: RoBERTa, full fine-tuning vs RoBERTa, LoRA on matched (better → worse)."
    )


def test_a_conclusion_that_is_only_weaker_is_no_contradiction(compare):
    """What is better is not inferior, too."""
    results = make_contest(AHEAD, SEEDS)
    weaker = make_contest(AHEAD, SEEDS)
    weaker["comparisons"][0]["verdict"] = "not inferior"
    assert say_verdict(compare(results, move(weaker)))[1] == (
        "Nothing is contradicted, but 1 conclusion is weaker or different now: RoBERTa, full fine-tuning vs RoBERTa, "
        "LoRA on matched (better → not inferior)."
    )


def test_equivalent_and_far_better_contradict_each_other(compare):
    results, other = make_contest(AHEAD, SEEDS), make_contest(AHEAD, SEEDS)
    other["comparisons"][0]["verdict"] = "equivalent"
    assert say_verdict(compare(other, results))[1] == (
        "No conclusion changed sides, but 1 verdict is contradicted: RoBERTa, full fine-tuning vs RoBERTa, LoRA on "
        "matched (equivalent → better)."
    )


def test_scores_that_moved_are_named(compare):
    first, second = make_contest(AHEAD, SEEDS), make_contest({FULL: range(280), LORA: range(180)}, SEEDS)
    assert say_verdict(compare(first, second))[1] == (
        "No verdict is contradicted, but 1 mean score differs by more than chance explains: RoBERTa, LoRA on matched "
        "(−13.3 percentage points)."
    )


def test_one_seed_draws_no_conclusion(compare):
    found = compare(make_contest(AHEAD), make_contest(BEHIND))
    held, failed = say_verdict(found)
    assert held.startswith("The first study draws no conclusion about a pair of methods")
    assert "by more than other test examples explain (how much another training would change is not known" in failed
    assert not found.reversed and any("One seed says nothing about the methods" in said for said in say_more(found))


def test_a_method_that_one_study_has_not_scored_is_named(compare):
    first, second = make_contest(AHEAD, SEEDS), make_contest(AHEAD, SEEDS)
    second["means"] = [mean for mean in second["means"] if mean["method"] != LORA]
    second["comparisons"] = []
    for run in second["runs"]:
        if run["method"] == LORA:
            run.update(status="not run", scores=None)
    found = compare(first, second)
    assert "The second study has no score of RoBERTa, LoRA." in say_more(found)
    assert not say_verdict(found)[0].startswith("Everything held")


def test_cost_alone(compare):
    results = make_contest(AHEAD, SEEDS)
    results["means"] = results["comparisons"] = []
    for run in results["runs"]:
        run["status"] = run["scores"]["status"] = "cost only"
        run["scores"]["splits"] = {}
    found = compare(results, results)
    assert say_verdict(found) == [
        "No score was measured in both studies, so there is nothing to hold or fail; time, memory and size are "
        "compared below."
    ]
    page = render_replication(found, REPORT)
    assert "No score was measured in both studies." in page and "Training time" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda results: move(results), "other training seeds"),
        (lambda results: results["study"].update(data_seed=1), "on other data"),
        (
            lambda results: results["study"]["methods"][LORA].update(precision="nf4"),
            "Methods of the same name have different settings",
        ),
        (lambda results: results["study"]["hardware"].update(threads_per_run=2), "on another machine"),
        (lambda results: results["provenance"]["commits"].clear(), "As far as recorded"),
    ],
)
def test_the_kind_of_replication_is_told(compare, change, words):
    second = make_contest(AHEAD, SEEDS)
    change(second)
    assert words in say_kind(compare(make_contest(AHEAD, SEEDS), second))[-1]


def test_the_page_is_whole_and_escapes_what_it_quotes(compare):
    first, second = make_results(seeds=SEEDS, tasks=("nli", "other")), make_results(seeds=SEEDS, tasks=("nli", "other"))
    second["study"]["title"] = second["study"]["methods"][LORA]["title"] = "<script>alert(1)</script>"
    second["provenance"]["hardware"][0]["versions"]["torch"] = "2.10.0"
    page = render_replication(compare(first, second), REPORT)
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert not re.search(r"<(script|img|link|iframe)[^>]+(src|href)=[\"']https?:", page)
    assert "{{" not in re.sub(r"<style>.*?</style>|<script>.*?</script>", "", page, flags=re.S)
    identifiers = re.findall(r' id="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers)) > 12
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= set(identifiers)


def test_every_table_of_the_page_is_numbered_once(compare):
    page = render_replication(compare(make_contest(AHEAD, SEEDS), make_contest(BEHIND, SEEDS)), REPORT)
    numbers = [int(number) for number in re.findall(r"<strong>Table (\d+)\.</strong>", page)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) == page.count("<caption>")


def test_every_task_has_a_figure_that_tells_what_lies_outside(compare):
    figures = build_view(compare(make_contest(AHEAD, SEEDS), make_contest(BEHIND, SEEDS)))["figures"]
    (figure,) = figures
    assert figure.source.startswith("data:image/svg+xml") and figure.file == "replication-nli.csv"
    assert "Outside: RoBERTa, full fine-tuning on matched, −20.0; RoBERTa, LoRA on matched, +20.0." in figure.entry.alt
    assert [row[:2] for row in figure.rows] == [["RoBERTa, full fine-tuning", "matched"], ["RoBERTa, LoRA", "matched"]]
    held = make_contest(AHEAD, SEEDS)
    assert "None lies outside." in build_view(compare(held, held))["figures"][0].entry.alt


def test_the_tiles_count_what_the_sentences_say(compare):
    view = build_view(compare(make_contest(AHEAD, SEEDS), make_contest(BEHIND, SEEDS)))
    values = {tile.label: (tile.value, tile.note) for tile in view["tiles"]}
    assert values["Conclusions that held"][0] == "0 / 1"
    assert values["Verdicts contradicted"] == ("1", "1 changed sides")
    assert values["Scores within the intervals"] == ("0 / 2", "about 0.1 expected outside by chance")
    assert values["Same best method"][0] == "0 / 1"
