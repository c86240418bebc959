import gc
import os
import shutil

import pytest
import torch
from hypothesis import settings
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from architectures import FORMS
from fineprint.jobs.importing import import_libraries
from fineprint.tasks import Row
from tiny_models import make_bert, make_llama, make_roberta

torch.set_num_threads(1)  # two workers share two cores as a rule, and a thread that waits for a core spins
import_libraries()
# What measures memory collects garbage each time: it should not go through all that was imported.
gc.collect()
gc.freeze()

# How many examples a property is tested with; the same ones each time, but at night: a change that breaks nothing must
# not fail. Without a deadline, since a machine that does many things at once is slow.
settings.register_profile("normal", max_examples=100, derandomize=True, deadline=None)
settings.register_profile("ci", max_examples=500, derandomize=True, deadline=None)
settings.register_profile("nightly", max_examples=10_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "normal"))


class Wording(dict):
    """The part of a task's record that a readout asks for, by attribute as of a record; also as JSON."""

    __getattr__ = dict.__getitem__

    def __or__(self, other):
        return Wording({**self, **other})


TASK = Wording(
    labels=["entailment", "neutral", "contradiction"],
    answers=["ENTAILMENT", "NEUTRAL", "CONTRADICTION"],
    prompt="premise : {premise} hypothesis : {hypothesis} answer :",
)


@pytest.fixture(scope="session")
def backbone_folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("backbones")
    return {
        "encoder": make_roberta(root / "roberta"),
        "decoder": make_llama(root / "llama"),
        "bert": make_bert(root / "bert"),
    }


@pytest.fixture(scope="session")
def task_record():
    return TASK


@pytest.fixture(scope="session")
def tiny_rows():
    """Rows that can be learned: the hypothesis' second word decides the label."""
    subjects, verbs = ["the dog", "a cat", "the cat", "a dog"], ["sleeps", "runs"]
    hypotheses = [("a dog sleeps .", 0), ("a cat runs big .", 1), ("not a dog .", 2)]
    rows = []
    for subject in subjects:
        for verb in verbs:
            for size in ("", " big", " small"):
                for hypothesis, label in hypotheses:
                    texts = {"premise": f"{subject} {verb}{size} .", "hypothesis": hypothesis}
                    rows.append(Row(str(len(rows)), texts, label, texts["premise"], {"size": size.strip() or "none"}))
    return rows


@pytest.fixture(scope="session")
def whole_models(tmp_path_factory):
    """A whole ELECTRA in two shards, a whole Qwen 2 and a whole RoBERTa in one file."""
    root = tmp_path_factory.mktemp("whole")
    folders = {name: FORMS[name].build(root / name) for name in ("electra", "qwen2", "roberta", "gpt2")}
    model = AutoModelForSequenceClassification.from_pretrained(folders["electra"])
    model.save_pretrained(root / "sharded", max_shard_size="60KB")
    AutoTokenizer.from_pretrained(folders["electra"]).save_pretrained(root / "sharded")
    return folders | {"sharded": root / "sharded"}


@pytest.fixture
def copy_model(whole_models, tmp_path):
    """A copy of one of them, to be spoilt."""
    return lambda name: shutil.copytree(whole_models[name], tmp_path / "copy")
