"""A study of three seeds, of two methods only: spread over seeds, draws of the worked example, methods left out."""

import json

import pytest
import yaml

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def folder(make_copy):
    copy = make_copy("seeds")
    overlay = yaml.safe_load((copy.folder / "tests/config/tiny.yaml").read_text(encoding="utf-8"))
    overlay |= {"study": "seeds", "run": {"methods": ["roberta_lora", "llama_one_shot"], "seeds": [1, 2, 3]}}
    overlay["serving"] = None
    (copy.folder / "seeds.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    done = copy.run(study="seeds.yaml")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return copy.folder / "results/seeds"


def test_every_seed_is_a_run_of_its_own(folder):
    runs = json.loads((folder / "results.json").read_text(encoding="utf-8"))["runs"]
    assert sorted((run["method"], run["seed"]) for run in runs) == [
        (method, seed) for method in ("llama_one_shot", "roberta_lora") for seed in (1, 2, 3)
    ]
    weights = {str(run["train"]["saved_files"]) for run in runs if run["method"] == "roberta_lora"}
    examples = {run["predict"]["shots"][0]["id"] for run in runs if run["method"] == "llama_one_shot"}
    assert len(weights) == 3 and len(examples) >= 2, "a seed draws new weights, and another worked example"


def test_the_report_tells_seeds_from_rows_and_names_what_was_left_out(folder):
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "Mean ± SD" in html and "worked examples" in html
    assert "Llama, QLoRA, linear head" in html and "not among the methods that this study runs" in html
    assert "RoBERTa, full fine-tuning" not in html, "the study's config does not name it"


def test_trials_answer_held_out_rows_only(folder):
    rows = [json.loads(line)["id"] for line in (folder / "data/nli/rows/held_out.jsonl").open(encoding="utf-8")]
    place = folder / "runs/nli/llama_one_shot/2/predictions/trials"
    trials = json.loads((folder / "runs/nli/llama_one_shot/2/scores.json").read_text(encoding="utf-8"))["trials"]
    assert [(trial["choice"], trial["own"]) for trial in trials].count(("temperature", True)) == 1
    assert len(trials) == 6 == len(list(place.iterdir()))
    for file in place.iterdir():
        assert {json.loads(line)["id"] for line in file.open(encoding="utf-8")} <= set(rows)
