"""What the finished tiny study leaves for others: model cards that work, commands that plan what they say."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

pytestmark = pytest.mark.workflow

TRAINED = ("roberta_full", "roberta_lora", "roberta_p_tuning", "roberta_prefix_tuning")
TRAINED += ("llama_qlora_generation", "llama_qlora_head", "roberta_probe", "llama_probe", "roberta_hypothesis")


@pytest.fixture(scope="module")
def results(finished):
    return json.loads((finished.folder / "results/tiny/results.json").read_text(encoding="utf-8"))


def model_folder(finished, method):
    return finished.folder / f"results/tiny/runs/nli/{method}/1/model"


def test_every_trained_run_has_a_card_and_no_other_has(finished, results):
    for run in results["runs"]:
        folder = model_folder(finished, run["method"])
        assert (folder / "README.md").exists() == run["train"]["trained"] == (run["method"] in TRAINED)


# A job each; the unit tests try every kind.
@pytest.mark.parametrize("method", ["roberta_full", "roberta_prefix_tuning", "llama_qlora_head"])
def test_a_card_s_program_runs_in_the_root(finished, results, method):
    gpu = ModelCard.load(model_folder(finished, method) / "README.md")
    ((_, program),) = re.findall(r"(?ms)^(```+)python\n(.*?)^\1$", gpu.text)
    labels = results["tasks"]["nli"]["labels"]
    program += f"\nassert label in {labels!r} or label is None, label\nprint('answered', label)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=finished.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "answered" in done.stdout, done.stderr[-3000:]


def test_nothing_in_a_model_folder_names_a_place_on_this_machine(finished):
    files = [file for method in TRAINED for file in model_folder(finished, method).rglob("*")]
    texts = {file: file.read_text(encoding="utf-8") for file in files if file.suffix in (".md", ".json")}
    assert len(texts) >= 2 * len(TRAINED)
    assert not [file for file, text in texts.items() if str(finished.folder) in text or str(Path.home()) in text]


@pytest.mark.parametrize("method", ["roberta_lora", "llama_zero_shot"])
def test_the_command_of_a_row_plans_that_row_alone(finished, method):
    html = (finished.folder / "results/tiny/report.html").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"snakemake [^<]*--force results/tiny/runs/TASK/METHOD/SEED/\{[^}]*\}\.json", html)
    command = pattern.replace("TASK", "nli").replace("METHOD", method).replace("SEED", "1")
    assert command in html
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"{command} -n"],
        cwd=finished.folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    counts = dict(re.findall(r"(?m)^(\w+) +(\d+)$", done.stdout + done.stderr))
    counts.pop("total", None)
    assert counts == {"train_method": "1", "predict_labels": "1", "score_predictions": "1"}


def test_times_come_by_rule(results):
    rules = {job["rule"] for job in results["provenance"]["jobs"]}
    assert {"prepare_task", "fetch_backbone", "train_method", "predict_labels", "score_predictions"} <= rules
    runs = [*results["runs"], *results["serving"]["runs"]]  # the further tasks' trainings too
    trained = {(run["task"], run["method"], run["seed"]) for run in runs}
    assert sum(job["rule"] == "train_method" for job in results["provenance"]["jobs"]) == len(trained)
    assert all(job["seconds"] > 0 for job in results["provenance"]["jobs"])
