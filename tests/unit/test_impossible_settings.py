"""Settings that no study can have are refused when the config is read, once each, in a short sentence with the key."""

import math

import pytest

from fineprint.core.settings import SettingsError
from fineprint.study.reading import read_study
from test_config import DEMO, merge

INFINITE, UNKNOWN = math.inf, math.nan
IMPOSSIBLE = {
    "serving.task_counts": [[0], [-3], [10**8], [2, 2], []],
    "serving.requests": [0, 10**12],
    "serving.repeats": [10**9],
    "serving.rounds": [0, 10**6],
    "serving.seconds_per_measurement": [INFINITE, 0, -1],
    "serving.seconds_for_switches": [UNKNOWN, 10**9],
    "serving.memory_limit_mb": [0],
    "serving.checked_rows": [0],
    "defaults.training.learning_rate": [100],
    "methods.roberta_full.training.learning_rate": [INFINITE, UNKNOWN, 0, -1.0],
    "methods.roberta_full.training.weight_decay": [INFINITE, -1],
    "defaults.training.warmup_ratio": [1.5, -0.1],
    "defaults.training.max_grad_norm": [UNKNOWN, -1, 0],
    "defaults.training.epochs": [0, 10**12, 1.5],
    "defaults.training.batch_size": [0, 10**9],
    "defaults.training.gradient_accumulation_steps": [0, 10**9],
    "defaults.training.optimizer": ["sgd"],
    "defaults.max_length": [0, 10**9],
    "defaults.prediction_batch_size": [0, 10**9],
    "defaults.memory": ["0 GB", "inf GB", "12", "0.0 GB"],
    "methods.roberta_lora.adapter.rank": [0, 10**8],
    "methods.roberta_lora.adapter.alpha": [0, INFINITE],
    "methods.roberta_lora.adapter.dropout": [1.0, -0.1],
    "methods.roberta_p_tuning.adapter.tokens": [0, 10**6],
    "methods.roberta_p_tuning.adapter.encoder_hidden": [10**9],
    "methods.roberta_prefix_tuning.adapter.projection_hidden": [10**9],
    "methods.llama_zero_shot.readout.temperature": [INFINITE, -1],
    "methods.llama_zero_shot.readout.max_new_tokens": [0, 10**9],
    "methods.llama_one_shot.readout.shots": [-1, 10**5],
    "methods.llama_qlora_generation.merge_into": [["float32", "float32"], ["float13"]],
    "methods.roberta_lora.precision": ["fp8"],
    "methods.roberta_lora.title": ["a\x1bb", "x" * 1000],
    "backbones.encoder.steps": [-1, 10**12],
    "backbones.encoder.layers": [0],
    "backbones.encoder.phrase_share": [1.5],
    "tasks.nli.held_out_fraction": [1.5, 0],
    "hardware.threads_per_run": [0],
    "hardware.memory_mb_per_run": [-5],
    "hardware.gpus_per_run": [-1],
    "hardware.minutes_per_run": [0],
    "hardware.checkpoint_minutes": [-1, INFINITE],
    "hardware.gpu_memory_gb": [0, INFINITE],
    "data_seed": [-1, 10**30],
    "run.seeds": [[], [-1], [2**64], [1, 1]],
    "run.methods": [[], ["nobody"]],
    "run.tasks": [["none"]],
    "study": ["../x", "", "A b"],
    "title": ["", "x" * 5000, "a\x07b"],
    "margin": [0.01, 0, INFINITE, 50],
}


def nest(path, value):
    """Return a value at a dotted path."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in IMPOSSIBLE.items() for value in values])
def test_an_impossible_setting_is_refused(path, value):
    with pytest.raises(SettingsError) as error:
        read_study(merge(DEMO, nest(path, value)))
    first, *rest = str(error.value).splitlines()[1:]
    assert path.rpartition(".")[2] in first and len(rest) <= 1, "said once, not for every method that has it"
    assert "Error" not in first and "pydantic" not in first
    assert len(first) < 400 or "x" * 500 in first, "a message is a sentence"


def test_a_mistake_in_the_defaults_is_said_of_the_defaults():
    with pytest.raises(SettingsError) as error:
        read_study(merge(DEMO, nest("defaults.training.epochs", 0)))
    assert str(error.value).splitlines()[1:] == [
        "  - defaults.training.epochs: input should be greater than or equal to 1; found 0."
    ]


def test_all_mistakes_are_said_at_once():
    config = DEMO
    known = ("precision", "merge_into")  # looked at once everything can be read
    wrong = {path: values[0] for path, values in IMPOSSIBLE.items() if path.startswith(("methods", "defaults"))}
    wrong = {path: value for path, value in wrong.items() if not path.endswith(known)}
    for path, value in wrong.items():
        config = merge(config, nest(path, value))
    with pytest.raises(SettingsError) as error:
        read_study(config)
    told = str(error.value)
    assert all(path.rpartition(".")[2] in told for path in wrong)
