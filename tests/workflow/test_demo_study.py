"""The demo study as a user runs it, plus a control: does it show what it is made to show?

Minutes, so not part of `make test`; `make targets` runs it.
"""

import json

import pytest
import yaml

pytestmark = pytest.mark.demo

# The same RoBERTa without pretraining, fully fine-tuned: what pretraining is worth.
CONTROL = {
    "backbones": {"untrained": {"kind": "demo_encoder", "steps": 0}},
    "methods": {
        "control": {
            "title": "RoBERTa, not pretrained",
            "backbone": "untrained",
            "adapter": {"kind": "full"},
            "readout": {"kind": "classifier"},
        }
    },
}


@pytest.fixture(scope="module", params=[42, 7])
def runs(request, make_copy):
    copy = make_copy(f"demo{request.param}")
    demo = yaml.safe_load((copy.folder / "config.yaml").read_text(encoding="utf-8"))
    control = CONTROL | {"data_seed": request.param, "run": {"methods": [*demo["run"]["methods"], "control"]}}
    control["methods"]["control"]["training"] = demo["methods"]["roberta_full"]["training"]
    (copy.folder / "control.yaml").write_text(yaml.safe_dump(control), encoding="utf-8")
    done = copy.run(study="control.yaml")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    results = json.loads((copy.folder / "results/demo/results.json").read_text(encoding="utf-8"))
    return {run["method"]: run for run in results["runs"]}


def accuracy(runs, method):
    return runs[method]["scores"]["splits"]["matched"]["accuracy"]


def test_every_method_reaches_what_it_should(runs):
    reached = {method: accuracy(runs, method) for method in runs}
    assert runs["roberta_full"]["scores"]["splits"]["matched"]["rows"] >= 800
    assert reached["roberta_full"] >= 0.88, reached
    assert reached["roberta_lora"] >= max(0.84, reached["roberta_full"] - 0.06), reached
    assert reached["roberta_p_tuning"] >= 0.65, reached
    assert reached["llama_qlora_generation"] >= 0.82 and reached["llama_qlora_head"] >= 0.82, reached
    assert 0.45 <= reached["llama_zero_shot"] <= 0.75, reached
    assert reached["llama_one_shot"] >= reached["llama_zero_shot"] - 0.05, reached
    assert reached["control"] <= 0.60, reached


def test_adapters_are_small(runs):
    for method, run in runs.items():
        counts = run["train"]["parameters"]
        if counts and run["train"]["run_config"]["settings"]["adapter"]["kind"] != "full":
            assert 0 < counts["adapter"] < 0.06 * counts["total"], method
