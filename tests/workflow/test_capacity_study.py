"""A tiny study of cost end to end: random weights, no accuracy, both documents."""

import json

import pytest

pytestmark = pytest.mark.workflow
STUDY = "tests/config/capacity.yaml"


@pytest.fixture(scope="module")
def folder(make_copy):
    copy = make_copy("capacity")
    done = copy.run(study=STUDY)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert copy.planned(study=STUDY) == {}
    return copy.folder / "results/tiny_capacity"


def test_records_have_costs_and_no_scores(folder):
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert {run["status"] for run in results["runs"]} == {"cost only"} and not results["comparisons"]
    for run in results["runs"]:
        assert run["scores"]["splits"] == {}
        assert run["predict"]["phases"]["prediction"]["seconds"] > 0 and run["predict"]["weight_bytes"] > 0
    trained = [run["train"] for run in results["runs"] if run["train"]["trained"]]
    assert len(trained) == 3
    for train in trained:
        assert train["checkpoint_bytes"] > 0 and train["optimizer_bytes"] > 0 and train["activation_bytes"] > 0
        assert all(step["loss"] < 3 for step in train["steps"])
    decoder = results["backbones"]["decoder"]
    assert decoder["parameters"] > 50_000 and decoder["bytes"] < 2.3 * decoder["parameters"], "bfloat16"


def test_model_cards_give_no_accuracy(folder):
    gpu = (folder / "runs/lengths/roberta_lora/1/model/README.md").read_text(encoding="utf-8")
    assert "Accuracy was not measured: the weights and the labels are random." in gpu
    assert "Accuracy on held-out examples" not in gpu and "Loss on held-out examples" in gpu


def test_the_report_speaks_of_cost(folder):
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "Accuracy was not measured" in html and "McNemar&#39;s exact" not in html
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
