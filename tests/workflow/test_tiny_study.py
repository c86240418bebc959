"""The tiny study end to end in a copy of the workflow: all methods, both documents, what is rerun and what is not."""

import csv
import json
import re
import time

import pytest
import yaml

pytestmark = pytest.mark.workflow

COLUMNS = (
    "study method backbone adapter readout precision task split seed rows accuracy accuracy_low accuracy_high macro_f1 "
    "unparseable_share adapter_parameters head_parameters total_parameters checkpoint_bytes train_seconds "
    "predict_seconds peak_memory_bytes status"
)


@pytest.fixture(scope="module")
def results(finished):
    return json.loads((finished.folder / "results/tiny/results.json").read_text(encoding="utf-8"))


def test_every_document_is_there(finished):
    folder = finished.folder / "results/tiny"
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "Tiny study" in html and len(html) < 5_000_000
    assert not re.search(r"<(script|img|link|iframe)[^>]+(src|href)=[\"']https?:", html)


def test_table_has_a_row_per_method_and_split(finished, results):
    with (finished.folder / "results/tiny/results.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS.split()
    methods = results["study"]["run"]["methods"]
    assert {(row["method"], row["split"]) for row in rows} == {
        (m, s) for m in methods for s in ("matched", "mismatched")
    }
    assert all(float(row["accuracy_low"]) <= float(row["accuracy"]) <= float(row["accuracy_high"]) for row in rows)
    prompting = next(row for row in rows if row["method"] == "llama_zero_shot")
    assert prompting["train_seconds"] == "" and prompting["checkpoint_bytes"] == "", (
        "what does not exist is absent, not 0"
    )


def test_all_methods_answered_the_same_rows(finished, results):
    place = finished.folder / "results/tiny"
    for split in ("matched", "mismatched"):
        rows = [json.loads(line) for line in (place / f"data/nli/rows/{split}.jsonl").open(encoding="utf-8")]
        wanted = [(row["id"], row["label"]) for row in rows]
        assert len(wanted) == 30 and len({label for _, label in wanted}) == 3
        for run in results["runs"]:
            file = place / f"runs/nli/{run['method']}/1/predictions/{split}.jsonl"
            entries = [json.loads(line) for line in file.open(encoding="utf-8")]
            # The label that an answer is compared with is the row's own, not that of a worked example or another row.
            assert [(entry["id"], entry["gold"]) for entry in entries] == wanted, run["method"]
            right = sum(entry["label"] == label for entry, (_, label) in zip(entries, wanted, strict=True))
            assert run["scores"]["splits"][split]["correct"] == right, run["method"]


def test_unlabeled_rows_are_dropped_and_counted(results):
    task = results["tasks"]["nli"]
    assert task["dropped"] == {split: {"no label": 2} for split in ("train", "matched", "mismatched")}
    assert task["rows_shared_with_train"]["matched"] == 0
    assert task["splits"]["train"]["rows"] + task["splits"]["held_out"]["rows"] == 90


def test_records_say_what_was_measured(results):
    for run in results["runs"]:
        train, predict = run["train"], run["predict"]
        assert predict["phases"]["prediction"]["seconds"] > 0
        assert predict["environment"]["versions"]["torch"]
        if train["trained"]:
            counts, is_probe = train["parameters"], train["run_config"]["settings"]["adapter"]["kind"] == "none"
            assert train["checkpoint_bytes"] > 0 and train["optimizer_bytes"] > 0
            assert (counts["adapter"] > 0) != is_probe and (counts["head"] > 0 or not is_probe)
            assert all(len(value) == 64 for value in train["saved_files"].values())
        if not predict["environment"]["gpu"]:
            assert predict["phases"]["prediction"]["memory"]["peak_allocated_bytes"] is None
    quantized = {run["method"]: run["predict"]["weight_bytes"] for run in results["runs"]}
    total = results["backbones"]["decoder"]["parameters"]
    assert quantized["llama_zero_shot"] < 4 * total, "4-bit weights take less than float32 ones"


def test_controls_stand_beside_the_methods(finished, results):
    runs = {run["method"]: run for run in results["runs"]}
    assert {"roberta_probe", "llama_probe", "roberta_hypothesis", "majority"} <= set(runs)
    for split in ("matched", "mismatched"):
        place = finished.folder / f"results/tiny/runs/nli/majority/1/predictions/{split}.jsonl"
        assert len({json.loads(line)["label"] for line in place.open(encoding="utf-8")}) == 1
    assert runs["majority"]["predict"]["weight_bytes"] == runs["majority"]["predict"]["parameters"]["total"] == 0
    html = (finished.folder / "results/tiny/report.html").read_text(encoding="utf-8")
    assert "hypothesis only" in html and "Majority class" in html


def test_merged_models_are_scored_beside_the_adapter(results):
    run = next(run for run in results["runs"] if run["method"] == "llama_qlora_generation")
    assert set(run["scores"]["variants"]) == {
        "merged_into_dequantized_bfloat16",
        "merged_into_bfloat16",
        "merged_into_nf4",
    }
    assert all(0 <= share <= 1 for parts in run["scores"]["agreement"].values() for share in parts.values())


def test_many_tasks_were_served_on_one_backbone(results):
    part = results["serving"]
    assert {(run["task"], run["method"]) for run in part["runs"]} == {
        (task, method)
        for task in ("nli", "sentiment", "question_answering")
        for method in ("roberta_full", "roberta_lora")
    }
    serving = part["ways"]
    assert all(check["equal"] for check in serving["checks"]) and len(serving["checks"]) == 6
    assert (
        all(row["reason"] is None and row["held_bytes"] > 0 for row in serving["rows"]) and len(serving["rows"]) == 24
    )
    assert all(row["before"] == row["after"] for row in serving["backbone"])
    saved = {(run["task"], run["method"]): run["train"]["checkpoint_bytes"] for run in part["runs"]}
    assert {
        (task, method): size for task, facts in serving["tasks"].items() for method, size in facts["bytes"].items()
    } == saved, "one definition of bytes on the disk"
    ran = {job["job"] for job in results["provenance"]["jobs"] if job["rule"] == "train_method"}
    assert {"nli/roberta_full/1", "sentiment/roberta_full/1", "question_answering/roberta_lora/1"} <= ran
    assert {row["way"] for row in part["combining"]["scores"]} == {
        "separate",
        "average",
        "concatenation",
        "pooled",
    }
    assert all(row["backbone_before"] == row["backbone_after"] for row in part["combining"]["training"])
    assert [row["before"] == row["after"] for row in part["forgetting"]["backbone"]] == [False, True]
    assert {run["task"] for run in results["runs"]} == {"nli"}, "the other sections stay with run.tasks"


def test_the_graph_is_snakemake_s_own(finished, results):
    done = finished.run("--rulegraph", "--quiet")
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', done.stdout))
    arrows = {(names[first], names[last]) for first, last in re.findall(r"(\d+) -> (\d+)", done.stdout)}
    noted = {(before, step["rule"]) for step in results["steps"] for before in step["after"]}
    assert noted == {(before, after) for before, after in arrows if after != "all"}
    assert all(step["leaves"] and step["writes"] for step in results["steps"])


def test_nothing_to_do_the_second_time(finished):
    start = time.perf_counter()
    assert finished.planned() == {}
    assert time.perf_counter() - start < 15, "two dry runs"


def test_a_changed_rank_reruns_that_method_and_what_follows(finished):
    overlay = finished.folder / "changed.yaml"
    tiny = yaml.safe_load((finished.folder / "tests/config/tiny.yaml").read_text(encoding="utf-8"))
    tiny["methods"]["roberta_lora"] = {"adapter": {"rank": 2}}
    overlay.write_text(yaml.safe_dump(tiny), encoding="utf-8")
    assert finished.planned(study="changed.yaml") == {
        # The method stands for LoRA in the part on many tasks too, so it is trained anew on each of the three.
        **{"all": 1, "write_run_config": 3, "train_method": 3, "predict_labels": 3, "score_predictions": 3},
        **{"serve_tasks": 1, "combine_tasks": 1, "measure_forgetting": 1},
        **{"write_study_config": 1, "collect_results": 1, "plot_figures": 1, "render_report": 1},
    }


def test_a_mistake_is_refused_before_any_job(make_copy):
    copy = make_copy("mistake")
    (copy.folder / "wrong.yaml").write_text("methods: {roberta_lora: {adapter: {rnak: 2}}}", encoding="utf-8")
    done = copy.run(study="wrong.yaml")
    assert done.returncode != 0 and not (copy.folder / "results").exists()
    assert "methods.roberta_lora.adapter.rnak: this key is unknown; accepted here: alpha" in done.stdout + done.stderr


def test_a_same_seed_gives_the_same_answers(finished, make_copy):
    copy = make_copy("again")
    target = "results/tiny/runs/nli/roberta_lora/1/scores.json"
    done = copy.run(target)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    for name in ("matched", "mismatched"):
        place = f"results/tiny/runs/nli/roberta_lora/1/predictions/{name}.jsonl"
        assert (copy.folder / place).read_bytes() == (finished.folder / place).read_bytes()
