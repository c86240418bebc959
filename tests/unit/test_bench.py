"""The comparison of speed: what is made of its figures, and how it keeps to its time. Nothing is measured here."""

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

import compare
from document import render, write_documents
from extrapolate import JOB_SECONDS, PARTS, extrapolate
from measure import forward_operations, layer_weights, prompting_operations
from models import PROMPT_TOKENS, Sizes, make_rows
from table import DECODER, ENCODER, PAIRS, describe_runs, table_lines
from table import compare as compare_rates

ROOT = Path(__file__).parents[2]
FIRST, SECOND = "2026-11-25T10:00:00+00:00", "2026-11-26T11:30:00+00:00"


def make_results():
    """Every rate is 30 on our side and 2 on the other."""
    results = {}
    places = [(pair.ours, 30.0) for pair in PAIRS] + [(pair.theirs, 2.0) for pair in PAIRS]
    for (group, part), speed in [*places, ((ENCODER, "prefix_tuning_8"), 30.0)]:
        about = {
            "started": FIRST,
            "commit": "0123456789abcdef",
            "uncommitted_changes": False,
            "gpu": "NVIDIA H200",
            "matmul_rate": 8e14,
            "versions": {
                "python": "3.11.7",
                "torch": "2.13.0",
                "driver": "580.95",
                "accelerate": "1.15.0",
                "scipy": "1",
            },
        }
        made = results.setdefault(group, {"about": about, "parts": {}, "seconds": 50.0, "finished": True})
        step = 16 if part.startswith("qlora") else int(part.rsplit("_", 1)[-1]) if part[-1].isdigit() else 8
        made["parts"][part] = {
            "per_second": speed,
            "peak_bytes": 6_000_000_000,
            "reserved_bytes": 7_000_000_000,
            "operations": 2e12,
            "learning_rate": 2e-4,
            "rows_per_step": step,
            "answered_per_second": 60.0,
        }
    return results


def row_of(results, work):
    return next(row for row in compare_rates(results) if row["work"] == work)


def test_a_row_has_ratio_share_and_whether_the_ratio_is_reached():
    results = make_results()
    row = row_of(results, "full fine-tuning, batch 64")
    assert (row["ours"], row["theirs"], row["ratio"], row["wanted"], row["met"]) == (30, 2, 15, 14, True)
    assert row["share"] == pytest.approx(30 * 2e12 / 8e14) and row["why"] == [] and row["runs"] == [FIRST]
    assert row_of(results, "zero-shot, Llama 3 8B")["met"] is False
    assert row_of(results, "`Trainer` by length, bf16, LoRA, batch 8")["met"] is None, "nothing was wanted"


def test_what_has_no_figure_says_why():
    results = make_results()
    del results["compiled"]["parts"]["full_64_whole"]
    results["compiled"] |= {"finished": False, "seconds": 83.4}
    results[ENCODER]["parts"]["lora_8"] = {"failed": "OutOfMemoryError: much"}
    del results["fineprint_lean"]
    assert row_of(results, "… and compiled whole, full, batch 64")["why"] == ["first rate not finished in 83 s"]
    lean = row_of(results, "QLoRA head, `memory: lean`")
    assert lean["why"] == ["first rate not run"] and lean["ratio"] is None and lean["share"] is None
    lines = {line[0]: line for line in table_lines(results)}
    assert lines["LoRA, batch 8"][1:4] == ["failed", "2.00", "–"]
    text = render(results)
    assert "… and compiled whole, full, batch 64: first rate not finished in 83 s" in text
    assert "QLoRA generation, `memory: lean`, QLoRA head, `memory: lean`: first rate not run" in text


def test_rows_of_two_runs_say_so():
    results = make_results()
    assert "run" not in table_lines(results)[0]
    results["compiled"]["about"] = results["compiled"]["about"] | {"started": SECOND, "commit": "f" * 40}
    assert [(run["letter"], run["when"]) for run in describe_runs(results)] == [
        ("a", "25 November 2026, 10:00 UTC"),
        ("b", "26 November 2026, 11:30 UTC"),
    ]
    lines = {line[0]: line[-1] for line in table_lines(results)}
    assert lines["work"] == "run" and lines["LoRA, batch 8"] == "a"
    assert lines["… and compiled whole, full, batch 64"] == "a, b", "ours from one run, theirs from the other"
    assert "Run b: 26 November 2026" in render(results)


def test_the_whole_study_is_extrapolated_from_the_rates():
    whole = extrapolate(make_results())
    assert whole["training_rows"] + whole["held_out_rows"] == 39_270 and len(whole["methods"]) == len(PARTS)
    assert not {"RoBERTa-large, linear probe", "Majority class"} & {line["title"] for line in whole["methods"]}
    trained = whole["training_rows"] * (3 + 3 + 5 + 5 + 2 + 3) / 30
    held_out = whole["held_out_rows"] * ((3 + 3 + 5 + 5) / 30 + (2 + 3) / 60)
    trials = 500 * (3 + 6)
    answered = whole["test_rows"] * (4 + 2) / 30 + trials / 30 + whole["test_rows"] * 5 / 60  # four forms, head
    assert whole["total"] == pytest.approx((trained + held_out + answered + 14 * JOB_SECONDS) / 60)


def test_the_study_s_total_needs_every_rate():
    results = make_results()
    del results[DECODER]["parts"]["one_shot"]
    assert extrapolate(results)["total"] is None and "**not measured**" in render(results)
    results = make_results()
    results[ENCODER]["parts"]["full_8"]["rows_per_step"] = 64
    with pytest.raises(ValueError, match="8 rows a step"):
        extrapolate(results)


def test_page_and_figure_are_written(tmp_path):
    write_documents(make_results(), tmp_path)
    text = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "25 November 2026, 10:00 UTC, NVIDIA H200, commit 0123456789ab; python 3.11.7, torch 2.13.0" in text
    assert "scipy" not in text and "matrix product 800 TFLOP/s" in text
    assert "| LoRA, batch 64 | 30.0 | 2.00 | 15.0 × | ≥ 24 × | no | 8 % | 6.0 | 6.0 |" in text
    assert "| QLoRA head, `memory: lean` | 30.0 | 2.00 | 15.0 × | ≥ 3 × | yes | 8 % | 6.0 (≤ 8.5) | 6.0 |" in text
    figure = (tmp_path / "speed.svg").read_bytes()
    assert b"<svg" in figure[:600] and len(figure) < 300_000


def test_the_page_in_docs_is_made_of_the_data_beside_it():
    data = ROOT / "docs/speed.json"
    if data.exists():
        assert (ROOT / "docs/speed.md").read_text(encoding="utf-8") == render(json.loads(data.read_text()))


def test_groups_keep_to_the_time_and_a_second_call_adds(tmp_path, monkeypatch, capsys):
    clock, asked = SimpleNamespace(now=0.0), []

    def run(options, output, limit):
        group = options[1]
        asked.append((group, limit))
        took = min(limit, 100)
        clock.now += took
        made = make_results()[group] | {"about": make_results()[group]["about"] | {"started": options[3]}}
        (output / "groups" / f"{group}.json").write_text(json.dumps(made))
        return took < limit

    monkeypatch.setattr(compare, "run_process", run)
    monkeypatch.setattr("document.draw", lambda rows, path: path.touch())
    monkeypatch.setattr(compare.time, "perf_counter", lambda: clock.now)
    compare.run_all(tmp_path, False, [], 455, None)
    assert asked[0] == ("fineprint_encoder", 130) and asked[-1] == ("fineprint_lean", 75)
    assert sum(min(limit, 100) for _, limit in asked) <= 455 and "compiled: left out" in capsys.readouterr().out
    compare.run_all(tmp_path, False, ["compiled"], 455, None)
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results) == {group for group, _ in asked} and results["fineprint_lean"]["finished"] is False
    assert sum(compare.GROUPS.values()) > compare.SECONDS > 500 >= sum(list(compare.GROUPS.values())[:4])


def test_a_group_that_wrote_nothing_is_told(tmp_path):
    compare.close_group(tmp_path / "lean.json", FIRST, 75.0, False)
    left = json.loads((tmp_path / "lean.json").read_text())
    assert left == {"about": {"started": FIRST}, "parts": {}, "seconds": 75.0, "finished": False}


def test_rows_and_prompts_are_as_long_as_the_study_s():
    assert PROMPT_TOKENS == 63
    for architecture, special, mean in (("encoder", 4, 40), ("decoder", 1, 43)):
        rows = make_rows(4000, 1, Sizes(False), architecture)
        lengths = [special + sum(len(text.split()) for text in row.texts.values()) for row in rows]
        assert sum(lengths) / len(lengths) == pytest.approx(mean, rel=0.02)


def test_arithmetic_of_prompting_by_hand():
    config = Sizes(True).config("decoder")
    weights, width, layers = layer_weights(config), config.hidden_size, config.num_hidden_layers
    assert weights == layers * (width * width * 3 + 3 * width * config.intermediate_size)
    shared, lengths, written = 4, [6, 9], 3
    tokens = [position for length in lengths for position in range(shared, length + written - 1)]
    tokens += list(range(shared))  # read once
    wanted = sum(2 * weights + 4 * layers * width * (position + 1) for position in tokens) / 2
    wanted += 2 * width * config.vocab_size * written
    assert prompting_operations(config, lengths, shared, written) == pytest.approx(wanted)
    costs = [forward_operations(config, [length], extra) for length, extra in ((10, 0), (10, 20), (60, 0))]
    assert all(less < more for less, more in pairwise(costs))
