"""What methods' errors have in common: counted, collected from files, and shown."""

import json
from dataclasses import replace

import numpy as np
import pytest

from example_answers import draw_answers, make_wrong
from example_results import METHODS, as_plain, make_results
from fineprint.core.records import COLLAPSED, Examples, write_json
from fineprint.core.records.files import make_record
from fineprint.findings.overlap import FEWEST, find_commonest_answer, find_hardest, measure_pairs
from fineprint.reporting.figures.plotting import plot_all
from fineprint.reporting.sections.errors import describe_errors
from fineprint.results.collecting_errors import collect_errors, collect_examples
from fineprint.results.study import Study
from fineprint.tasks import Row
from fineprint.tasks._rows import write_rows
from test_findings import generator
from test_findings_collected import ACCURACIES, NAMES, write_study
from test_reporting import text_of, without_pictures

FULL, LORA, PROMPT, PROBE = NAMES


@pytest.fixture
def study():
    return Study(make_results({name: METHODS[name] for name in NAMES}, with_gaps=False))


@pytest.fixture
def drawn():
    """Answers in which phenomenon "voice" is missed by every method."""
    found = draw_answers(generator(), ACCURACIES)
    for method in NAMES:
        make_wrong(found, method, found.has("phenomenon", "voice"))
    return found


@pytest.fixture
def folder(tmp_path, drawn):
    write_study(tmp_path, {"matched": drawn})
    rows = [
        Row(f"x-{number}", {"premise": f"Premise {number}", "hypothesis": "<b>bold</b>"}, int(gold), "g", {})
        for number, gold in enumerate(drawn.golds)
    ]
    write_rows(tmp_path / "data/nli/rows/matched.jsonl", rows[::-1])  # found by id, not by place
    return tmp_path


def test_agreement_and_shared_errors_are_shares_of_the_examples(drawn):
    answers = drawn.answers()
    pair = next(pair for pair in measure_pairs(answers) if {pair.first, pair.second} == {FULL, LORA})
    first, second = (answers.answers(method)[0] for method in (FULL, LORA))
    wrong = [given != answers.golds for given in (first, second)]
    assert pair.agreement == pytest.approx(np.mean(first == second))
    assert pair.overlap == pytest.approx((wrong[0] & wrong[1]).sum() / (wrong[0] | wrong[1]).sum())
    assert 0 < pair.overlap < 1


def test_methods_without_errors_share_none():
    drawn = draw_answers(generator(1), {"best": 1.0, "good": 1.0})
    for run in drawn.given:
        drawn.given[run] = drawn.golds.copy()
    (pair,) = measure_pairs(drawn.answers())
    assert (pair.agreement, pair.overlap) == (1.0, None)


def test_the_hardest_subset_comes_first_and_small_ones_are_left_out(drawn):
    drawn.tags = [{**tags, "rare": "yes" if place < FEWEST - 1 else "no"} for place, tags in enumerate(drawn.tags)]
    hardest = find_hardest(drawn.answers())
    inside = drawn.has("phenomenon", "voice")
    assert (hardest[0].tag, hardest[0].value, hardest[0].examples) == ("phenomenon", "voice", inside.sum())
    assert hardest[0].accuracy == hardest[0].best_accuracy == 0 and hardest[0].missed == inside.sum()
    assert [found.accuracy for found in hardest] == sorted(found.accuracy for found in hardest)
    assert ("rare", "yes") not in {(found.tag, found.value) for found in hardest}


def test_the_commonest_answer_may_name_no_label(drawn):
    for method in (FULL, LORA, PROMPT):
        drawn.given[method, 1][0] = -1
    assert find_commonest_answer(drawn.answers(), 0)[0] is None
    assert find_commonest_answer(drawn.answers(), 0)[1] >= 3


def test_errors_are_collected_without_controls_and_collapsed_runs(study, folder, drawn):
    (found,) = collect_errors(study.config, folder, study.results.runs)
    assert (found.task, found.split, found.methods, found.runs) == ("nli", "matched", [FULL, LORA, PROMPT], 3)
    missed = np.all([drawn.given[method, 1] != drawn.golds for method in (FULL, LORA, PROMPT)], axis=0)
    assert found.missed == missed.sum() >= drawn.has("phenomenon", "voice").sum()
    place = int(np.flatnonzero(missed)[0])
    assert found.shown[0].texts["premise"] == f"Premise {place}" and found.shown[0].answer != found.shown[0].gold
    runs = [replace(run, status=COLLAPSED) if run.method != FULL else run for run in study.results.runs]
    assert collect_errors(study.config, folder, runs) == [], "one method has nothing in common"


def test_every_method_is_on_the_page_of_examples(study, folder, drawn):
    (found,) = collect_examples(study.config, folder, study.results.runs)
    assert (found.task, found.split, found.fields) == ("nli", "matched", ["premise", "hypothesis"])
    assert [method.number for method in found.methods] == [1, 2, 3, 4], "the probe as well: it has answers"
    assert found.methods[1].answers == drawn.given[LORA, 1].tolist() and found.golds == drawn.golds.tolist()
    assert found.texts[7] == ["Premise 7", "<b>bold</b>"] and "length" in found.tags[7]
    assert set(found.methods[0].confidences) == {None}, "these predictions have no probabilities"
    write_json(folder / "examples.json", Examples(title="a", created="", sets=[found]))
    again = make_record(json.loads((folder / "examples.json").read_text()), Examples, "examples.json")
    assert again.sets == [found]


def test_confidence_is_the_probability_of_the_answer(study, folder):
    place = folder / "runs/nli" / FULL / "1/predictions/matched.jsonl"
    entries = [json.loads(line) for line in place.read_text().splitlines()]
    entries[0] |= {"label": 2, "probabilities": [0.5, 0.126, 0.374]}
    entries[1] |= {"label": None, "probabilities": [0.5, 0.126, 0.374]}
    place.write_text("\n".join(map(json.dumps, entries)))
    (found,) = collect_examples(study.config, folder, study.results.runs)
    assert found.methods[0].confidences[:2] == [37, None] and found.methods[0].answers[:2] == [2, -1]


def test_the_report_shows_them(study, folder, tmp_path):
    results = make_results({name: METHODS[name] for name in NAMES}, with_gaps=False)
    results["errors"] = as_plain(collect_errors(study.config, folder, study.results.runs))
    html = without_pictures(results, tmp_path / "none")
    text = text_of(html)
    assert "Phenomenon “voice” is hardest: the 3 methods average 0.00 there." in text
    assert "are missed by each of the 3 runs" in text and "<b>bold" not in html and "&lt;b&gt;bold" in html
    entries = plot_all(Study(results).results, tmp_path / "figures")
    (entry,) = [entry for entry in entries if entry.kind == "overlap"]
    assert "share most errors: both miss" in entry.caption and "share fewest" in entry.caption
    nothing = describe_errors(study, "nli")
    assert nothing == {"hardest": None, "missed": None}
