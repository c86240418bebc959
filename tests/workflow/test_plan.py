"""The plan and the check of the GPU, as Snakemake runs them."""

import json
import re

import pytest

pytestmark = pytest.mark.workflow
STUDY = "studies/capacity.yaml"


@pytest.fixture(scope="module")
def copy(make_copy):
    return make_copy("plan")


def test_a_plan_is_printed_each_time_and_nothing_is_made(copy):
    for _ in range(2):
        done = copy.run("plan", "--config", "gpu=24 GB", study=STUDY)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        assert "| RoBERTa-large, LoRA | 356,935,683 | 2,625,539 | 1." in done.stdout + done.stderr
    folder = copy.folder / "results/capacity"
    assert sorted(file.name for file in folder.iterdir()) == ["plan.json", "plan.md"]
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    assert plan["gpus_gb"] == [24.0] and len(plan["methods"]) == 20


def test_a_card_too_small_is_told_before_any_job(copy):
    done = copy.run("-n", "--config", "gpu=5 GB", study=STUDY)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert re.search(
        r"methods\.roberta_full: needs at least 5\.8 GB .* the GPU has 5\.0 GB; what would fit: an adapter", said
    )
    assert copy.run("-n", "--config", "gpu=24 GB", study=STUDY).returncode == 0
    planned = copy.run("plan", "--config", "gpu=5 GB", study=STUDY)
    assert planned.returncode == 0 and "does not fit" in planned.stdout + planned.stderr


def test_a_card_that_is_no_size_is_refused(copy):
    done = copy.run("-n", "--config", "gpu=large", study=STUDY)
    assert done.returncode != 0 and "gpu: expected a size such as 24 GB" in done.stdout + done.stderr
