"""One row of `methods` that stands for several: expanded when the config is read, shown against the swept value."""

import copy
import csv
import itertools
import re

import pytest

from example_results import METHODS, make_results
from fineprint.core.settings import NAME, SettingsError
from fineprint.reporting.figures.plotting import plot_all
from fineprint.reporting.figures.style import figure_style
from fineprint.reporting.figures.sweep import choose_axis, draw_sweep, spans_decades
from fineprint.reporting.html import render
from fineprint.reporting.sections.sweeps import sweep_tables
from fineprint.results.study import Study, Sweep, open_results
from fineprint.study.overlays import read_overlay
from fineprint.study.reading import describe_run, read_study
from test_config import DEMO, ROOT, changed
from test_reporting import REPORT, text_of

RANKS = {"adapter.rank": [2, 8, 32]}
ROWS = ("roberta_lora_rank_2", "roberta_lora_rank_8", "roberta_lora_rank_32")


def swept(sweep, method="roberta_lora", **paths):
    return changed(**{f"methods__{method}__sweep": sweep, "serving": None, **paths})


def test_a_sweep_stands_for_ordinary_methods():
    study = read_study(swept(RANKS))
    assert "roberta_lora" not in study.methods
    assert study.run.methods[:5] == ("roberta_full", *ROWS, "roberta_p_tuning"), "in the place of the swept row"
    alone = read_study(changed(methods__roberta_lora__adapter__rank=32, serving=None))
    whole, lone = (describe_run(one, "nli", name, 1) for one, name in ((study, ROWS[2]), (alone, "roberta_lora")))
    assert whole["settings"] == lone["settings"], "a run does not know that it is one of several"
    assert study.methods[ROWS[2]].title == "RoBERTa, LoRA, rank 32"
    assert study.sweeps["roberta_lora"].rows == {
        row: {"adapter.rank": rank} for row, rank in zip(ROWS, (2, 8, 32), strict=True)
    }


def test_a_study_as_it_was_read_is_read_again():
    study = read_study(swept(RANKS | {"training.learning_rate": [0.001, 2e-5]}))
    assert read_study(study.model_dump(mode="json")) == study


def test_several_keys_give_every_combination():
    study = read_study(swept(RANKS | {"training.learning_rate": [0.001, 2e-5], "max_length": [48, 64]}))
    rows = study.sweeps["roberta_lora"].rows
    assert all(NAME.fullmatch(name) for name in rows)
    assert "roberta_lora_rank_2_learning_rate_2e_05_max_length_48" in rows
    wanted = set(itertools.product((2, 8, 32), (0.001, 2e-5), (48, 64)))
    methods = [study.methods[name] for name in rows]
    assert {(one.adapter.rank, one.training.learning_rate, one.max_length) for one in methods} == wanted
    assert {one.training.epochs for one in methods} == {6}, "what is not swept comes from the defaults"


def test_a_whole_part_may_come_from_the_defaults():
    config = swept({"readout.pooling": ["mean", "last_token"]}, method="roberta_probe")
    config["defaults"]["readout"] = config["methods"]["roberta_probe"].pop("readout")
    study = read_study(config)
    rows = study.sweeps["roberta_probe"].rows
    assert [study.methods[name].readout.pooling for name in rows] == ["mean", "last_token"]


def test_what_is_not_run_is_not_expanded():
    study = read_study(swept(RANKS, run__methods=["roberta_full"]))
    assert study.sweeps == {} and study.methods["roberta_lora"].sweep == {"adapter.rank": (2, 8, 32)}
    assert read_study(swept(None)).sweeps == {}


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        ({"adapter.rank": [8, 0]}, "methods.roberta_lora.sweep.adapter.rank: input should be greater than or equal"),
        ({"adapter.rnak": [8]}, "methods.roberta_lora.sweep.adapter.rnak: this key is unknown; .* rank"),
        ({"rank": [8]}, "methods.roberta_lora.sweep.rank: this key is unknown; accepted here: adapter"),
        ({"rank.of.it": [8]}, "methods.roberta_lora.sweep.rank.of.it: this key is unknown"),
        ({"adapter.kind": ["loora"]}, "methods.roberta_lora.*: kind 'loora' is unknown"),
        ({"adapter.rank": 8}, "methods.roberta_lora.sweep.adapter.rank: .*found 8"),
        ({"adapter.rank": []}, "methods.roberta_lora.sweep.adapter.rank: .*at least 1"),
        ({"adapter.rank": [8, 8]}, "methods.roberta_lora.sweep.adapter.rank: 8 appears twice"),
        ([8], "methods.roberta_lora.sweep: .*found \\[8\\]"),
        ({"title": ["a", "b"]}, "methods.roberta_lora.sweep.title: this key cannot be swept"),
        ({"memory": ["1 GB", "1  GB"]}, "two of its rows would be named 'roberta_lora_memory_1_gb'"),
        (
            {"adapter.rank": list(range(1, 14)), "adapter.alpha": [1, 2, 3, 4, 5]},
            "methods.roberta_lora.sweep: 65 rows are asked for; accepted: 64 at most",
        ),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_at_its_key(sweep, words):
    with pytest.raises(SettingsError, match=words):
        read_study(swept(sweep))


def test_as_many_rows_as_are_accepted():
    sweep = {"adapter.rank": list(range(1, 17)), "adapter.alpha": [1, 2, 3, 4]}
    assert len(read_study(swept(sweep)).sweeps["roberta_lora"].rows) == 64


def test_names_of_rows_are_their_own():
    methods = {"roberta_lora_rank_8": copy.deepcopy(DEMO["methods"]["roberta_lora"])}
    config = swept(RANKS)
    config["methods"] |= methods
    with pytest.raises(SettingsError, match=r"its row 'roberta_lora_rank_8' has the name of another method"):
        read_study(config)


def test_a_sweep_is_no_default_and_what_became_of_it_is_not_written():
    with pytest.raises(SettingsError, match=r"defaults\.sweep: a sweep is of one method"):
        read_study(swept(None, defaults__sweep=RANKS))
    config = swept(RANKS) | {"sweeps": {}}
    with pytest.raises(SettingsError, match="sweeps: this key is filled in"):
        read_study(config, config)


def test_serving_needs_one_of_the_rows():
    """A sweep of what is served would be several methods of one kind."""
    with pytest.raises(SettingsError, match=r"roberta_lora_rank_2, .* choose one with"):
        read_study(changed(methods__roberta_lora__sweep=RANKS))
    named = changed(methods__roberta_lora__sweep=RANKS, serving__methods={"lora": ROWS[1]})
    assert read_study(named).serving.methods["lora"] == ROWS[1]


def test_the_extended_demo_sweeps_the_rank():
    study = read_overlay(ROOT / "config.yaml", ROOT / "studies/demo_extended.yaml")
    assert set(ROWS) <= set(study.run.methods) and len(study.run.seeds) == 1
    assert [study.methods[row].adapter.rank for row in ROWS] == [2, 8, 32]
    demo = read_study(DEMO)
    assert study.methods["roberta_full"] == demo.methods["roberta_full"]


def make_swept_results():
    specs = {
        name: (*METHODS["roberta_lora"][:5], accuracy, (rank * 1024, 17_000), *METHODS["roberta_lora"][7:])
        for name, rank, accuracy in zip(ROWS, (2, 8, 32), (0.7, 0.8, 0.9), strict=True)
    }
    results = make_results({"roberta_full": METHODS["roberta_full"], **specs}, splits={"matched": 150}, with_gaps=False)
    rows = {row: {"adapter.rank": rank} for row, rank in zip(ROWS, (2, 8, 32), strict=True)}
    results["study"]["sweeps"] = {"roberta_lora": {"title": "RoBERTa, LoRA", "rows": rows}}
    return results


def test_the_report_shows_score_and_cost_against_the_value(tmp_path):
    results = make_swept_results()
    study = Study(results)
    [table] = sweep_tables(study, "nli")
    assert [head.title for head in table.columns][2:] == [
        *("Rank", "Accuracy", "95 % interval", "Trainable parameters", "Time", "Memory")
    ]
    assert [row[2].text for row in table.rows] == ["2", "8", "32"]
    assert [row[5].sort for row in table.rows] == [rank * 1024 + 17_000 for rank in (2, 8, 32)]
    entries = plot_all(open_results(results), tmp_path)
    [entry] = [entry for entry in entries if entry.kind == "sweep"]
    assert entry.detail == "roberta_lora" and "(logarithmic)" in entry.caption
    drawn = list(csv.DictReader((tmp_path / f"{entry.name}.csv").open()))
    assert [row["adapter.rank"] for row in drawn] == ["2", "8", "32"]
    for row, name in zip(drawn, ROWS, strict=True):
        mean = study.mean("nli", name)
        assert float(row["accuracy"]) == pytest.approx(mean.mean)
        assert float(row["accuracy_low"]) == pytest.approx(mean.interval.low)
    html = render(results, tmp_path, REPORT, "page")
    assert 'id="table-sweep-nli-roberta_lora"' in html and f'id="figure-{entry.name}"' in html
    assert re.search(r"RoBERTa, LoRA, swept over rank, on “nli”: mean accuracy on matched over 1 seed", text_of(html))


def test_a_second_key_gives_a_line_for_each_of_its_values():
    results = make_swept_results()
    rows = results["study"]["sweeps"]["roberta_lora"]["rows"]
    for row, form in zip(rows.values(), ("pair", "pair", "prompt"), strict=True):
        row["input"] = form
    study = Study(results)
    with figure_style():
        drawn = draw_sweep(study, "nli", study.sweeps[0])
    assert "A line for each: input pair; input prompt." in drawn.caption
    accuracy = drawn.figure.axes[0]
    assert [container.lines[0].get_xdata().tolist() for container in accuracy.containers] == [[2, 8], [32]]
    assert [text.get_text() for text in accuracy.get_legend().get_texts()] == ["input pair", "input prompt"]


def test_a_study_without_a_sweep_has_no_such_part(tmp_path):
    results = make_results({"roberta_full": METHODS["roberta_full"]}, splits={"matched": 150}, with_gaps=False)
    assert sweep_tables(Study(results), "nli") == []
    (tmp_path / "figures.json").write_text("[]")
    assert "Sweeps" not in text_of(render(results, tmp_path, REPORT, "page"))


def test_the_axis_is_of_numbers_where_there_are_any():
    rows = {"a": {"input": "pair", "adapter.rank": 2}, "b": {"input": "prompt", "adapter.rank": 8}}
    assert choose_axis(Sweep("m", "M", rows)) == "adapter.rank"
    assert choose_axis(Sweep("m", "M", {"a": {"input": "pair"}, "b": {"input": "prompt"}})) == "input"
    assert spans_decades([2, 8, 32]) and not spans_decades([8, 64, 80]) and not spans_decades([0, 100])
    assert not spans_decades(["a", "b"]) and not spans_decades([])
