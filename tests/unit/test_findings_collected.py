"""Findings are made from the predictions of a study's methods, not from those of controls or collapsed runs."""

import json
from dataclasses import replace

import pytest

from example_answers import draw_answers, make_wrong
from example_results import METHODS, make_results, make_task
from fineprint.core.records import COLLAPSED, SubsetFinding, write_json
from fineprint.results.collecting_findings import collect_findings, is_control
from fineprint.results.study import Study
from test_findings import generator

NAMES = ("roberta_full", "roberta_lora", "llama_zero_shot", "llama_probe")
ACCURACIES = dict(zip(NAMES, (0.92, 0.8, 0.68, 0.56), strict=True))


@pytest.fixture
def study():
    return Study(make_results({name: METHODS[name] for name in NAMES}, with_gaps=False))


def write_study(folder, drawn_by_split):
    """Write what collecting reads: a task's record, and the predictions of each run."""
    write_json(folder / "data" / "nli" / "task.json", make_task("nli", dict.fromkeys(drawn_by_split, 600)))
    for split, drawn in drawn_by_split.items():
        for (method, seed), entries in drawn.entries().items():
            place = folder / "runs" / "nli" / method / str(seed) / "predictions" / f"{split}.jsonl"
            place.parent.mkdir(parents=True, exist_ok=True)
            lines = [json.dumps({**entry, "words": 4 + number % 20}) for number, entry in enumerate(entries)]
            place.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_predictions_of_all_splits_are_read(tmp_path, study):
    drawn = {
        split: draw_answers(generator(number), ACCURACIES) for number, split in enumerate(("matched", "mismatched"))
    }
    for part in drawn.values():
        make_wrong(part, "roberta_full", part.has("genre", "travel"))
    write_study(tmp_path, drawn)
    findings = [
        found for found in collect_findings(study.config, tmp_path, study.results.runs) if found.kind == "subset"
    ]
    ((finding,), (elsewhere,)) = findings, findings[0].elsewhere
    assert isinstance(finding, SubsetFinding) and (finding.task, finding.split) == ("nli", "matched")
    assert (finding.tag, finding.value, finding.methods) == ("genre", "travel", ["roberta_full"])
    assert (elsewhere.split, elsewhere.outcome) == ("mismatched", "holds")
    assert finding.methods_compared == 3, "the probe is a control"


def test_length_is_a_tag_like_others(tmp_path, study):
    drawn = draw_answers(generator(2), ACCURACIES)
    lengths = [4 + number % 20 for number in range(600)]
    make_wrong(drawn, "roberta_lora", [words <= 8 for words in lengths])
    write_study(tmp_path, {"matched": drawn})
    found = collect_findings(study.config, tmp_path, study.results.runs)
    (finding,) = [finding for finding in found if finding.kind == "subset"]
    assert (finding.tag, finding.value) == ("length", "4–8 words")


def test_collapsed_runs_are_left_out(tmp_path, study):
    drawn = draw_answers(generator(3), ACCURACIES)
    make_wrong(drawn, "roberta_full", drawn.has("genre", "travel"))
    write_study(tmp_path, {"matched": drawn})
    runs = [replace(run, status=COLLAPSED) if run.method == "roberta_full" else run for run in study.results.runs]
    assert not [found for found in collect_findings(study.config, tmp_path, runs) if "roberta_full" in found.methods]
    assert collect_findings(study.config, tmp_path, []) == []


def test_what_is_a_control(study):
    runs = {run.method: run for run in study.results.runs}
    controls = {method for method, run in runs.items() if is_control(run, study.settings(method))}
    assert controls == {"llama_probe"}
    assert is_control(runs["roberta_full"], {**study.settings("roberta_full"), "fields": ["hypothesis"]})
    nothing = replace(runs["llama_zero_shot"].predict.parameters, total=0)
    without = replace(runs["llama_zero_shot"], predict=replace(runs["llama_zero_shot"].predict, parameters=nothing))
    assert is_control(without, study.settings("llama_zero_shot"))
