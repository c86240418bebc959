"""The demo study, on other data seeds than the published one: does fine-tuning add to what pretraining taught?

Settings of the demo are chosen by other data seeds than the published one, which is only reported. Twenty minutes on
two cores, so not part of `make test`; `make targets` runs it.
"""

import json
from statistics import fmean

import pytest
import yaml

pytestmark = pytest.mark.demo

# A fine-tuned method, and the probe on the same backbone: a head on what pretraining taught.
OVER_THE_PROBE = {"roberta_full": "roberta_probe", "llama_qlora_head": "llama_probe"}
LEAST_GAIN = 0.08


@pytest.fixture(scope="module", params=[7, 11])
def runs(request, make_copy):
    copy = make_copy(f"demo{request.param}")
    overlay = {"data_seed": request.param, "serving": None}
    (copy.folder / "seed.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    done = copy.run(study="seed.yaml")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return json.loads((copy.folder / "results/demo/results.json").read_text(encoding="utf-8"))["runs"]


def scores(runs, method, split="matched"):
    """Return a method's score with every seed."""
    return [run["scores"]["splits"][split] for run in runs if run["method"] == method]


def mean(runs, method):
    return fmean(score["accuracy"] for score in scores(runs, method))


@pytest.mark.parametrize(("method", "probe"), OVER_THE_PROBE.items())
def test_fine_tuning_beats_the_probe(runs, method, probe):
    """By eight points on the mean of the seeds, every seed's interval above every interval of the probe."""
    reached = {name: [score["accuracy"] for score in scores(runs, name)] for name in (method, probe)}
    assert all(len(found) == 3 for found in reached.values())
    assert mean(runs, method) - mean(runs, probe) >= LEAST_GAIN, reached
    lowest = min(score["accuracy_low"] for score in scores(runs, method))
    assert lowest > max(score["accuracy_high"] for score in scores(runs, probe)), reached
    assert all(score["rows"] >= 800 for score in scores(runs, method))


def test_controls_are_made_with_every_seed(runs):
    seeds = {run["seed"] for run in runs}
    assert len(seeds) == 3
    for control in ("majority", "roberta_hypothesis", "roberta_probe", "llama_probe", "llama_zero_shot"):
        assert {run["seed"] for run in runs if run["method"] == control and run["scores"]} == seeds


def test_adapters_are_small(runs):
    for run in runs:
        counts = run["train"]["parameters"]
        adapter = run["train"]["run_config"]["settings"]["adapter"]["kind"]
        if counts and adapter not in ("full", "none"):
            assert 0 < counts["adapter"] < 0.06 * counts["total"], run["method"]
