"""What cannot be served is refused by a sentence, and the other tasks are answered as before."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import ADAPTER_FOLDER
from fineprint.serving.admission import whole_files
from fineprint.serving.heads import find_head
from fineprint.serving.ways import Merged, Mixed, Reloaded, Resident, Swapped, Switched
from test_serving import make_entry

WHOLE, ADAPTERS = [Resident, Reloaded], [Switched, Mixed, Merged, Swapped]


@pytest.fixture(scope="module")
def entries(backbone_folders, tiny_rows, tmp_path_factory):
    """Two tasks by whole models and two by adapters."""
    folder = tmp_path_factory.mktemp("served")
    return {
        adapter: [
            make_entry(
                name, adapter, "classifier", "encoder", backbone_folders["encoder"], folder / f"{adapter}-{name}",
                tiny_rows[:6], seed,
            )
            for seed, name in enumerate(("nli", "mood"), start=1)
        ]
        for adapter in ("full", "lora")
    }  # fmt: skip


def choose(way, entries):
    return entries["full" if way in WHOLE else "lora"]


def answer_all(way, served):
    """Answers of the tasks in turn, so that every way has to switch."""
    return [way.answer([(entry.name, entry.examples[0])])[0] for entry in (*served, *served[::-1])]


def copied(entry, folder):
    """Another task, whose files may be spoilt."""
    shutil.copytree(entry.saved, folder)
    return replace(entry, name="other", saved=folder)


def refuse(way, served, entry, words):
    """See that a task is refused when it comes, or when it is asked for, and that nothing else has changed."""
    for one in served:
        way.add(one)
    before = answer_all(way, served)
    with pytest.raises(SettingsError, match=words) as refused:
        way.add(entry)
        way.answer([(entry.name, entry.examples[0])])
    assert "\n" not in str(refused.value)
    torch.testing.assert_close(answer_all(way, served), before, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("way", [*WHOLE, *ADAPTERS])
def test_an_unknown_task(way, entries):
    served, serving = choose(way, entries), way()
    for entry in served:
        serving.add(entry)
    before = answer_all(serving, served)
    example = served[0].examples[0]
    with pytest.raises(SettingsError, match="task 'nobody' is not served here; served tasks: mood, nli"):
        serving.answer([(served[0].name, example), ("nobody", example)])
    torch.testing.assert_close(answer_all(serving, served), before, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("way", "damage"),
    [
        *((way, "cut short") for way in (*WHOLE, *ADAPTERS)),
        (Mixed, "another header"),
        (Reloaded, "gone"),
        (Swapped, "gone"),
    ],
)
def test_a_damaged_file(way, damage, entries, tmp_path):
    served = choose(way, entries)
    entry = copied(served[0], tmp_path / "other")
    for file in sorted((entry.saved / ADAPTER_FOLDER).glob("*.safetensors")):
        whole = file.read_bytes()
        if damage == "gone":
            file.unlink()
        else:
            file.write_bytes(whole[: len(whole) // 2] if damage == "cut short" else b"\0" * 64 + whole[64:])
    refuse(way(), served, entry, "task 'other' cannot be served: a file in .* is missing or damaged")


@pytest.mark.parametrize("way", ADAPTERS)
def test_an_adapter_of_another_backbone(way, entries, tmp_path):
    served = choose(way, entries)
    elsewhere = shutil.copytree(served[0].backbone, tmp_path / "another_backbone")
    refuse(way(), served, replace(served[0], name="other", backbone=elsewhere), "trained on .*another_backbone, and ")
    named = copied(served[0], tmp_path / "other")
    file = named.saved / ADAPTER_FOLDER / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"base_model_name_or_path": "someone/else"}))
    refuse(way(), served, named, "its adapter was trained on someone/else, and ")


def test_an_adapter_of_another_rank_does_not_fit_one_place(entries, backbone_folders, tiny_rows, tmp_path):
    served = entries["lora"]
    entry = make_other_rank(served[0], tmp_path / "other")
    refuse(Swapped(), served, entry, r"is \(\d+, \d+\) and the room in memory \(\d+, \d+\); adapters .* need one rank")


@pytest.mark.parametrize("way", [Switched, Mixed, Merged])
def test_weights_that_are_not_those_of_their_own_configuration(way, entries, tmp_path):
    served = entries["lora"]
    entry = copied(served[0], tmp_path / "other")
    file = entry.saved / ADAPTER_FOLDER / "adapter_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps(settings | {"r": settings["r"] * 2}))
    refuse(way(), served, entry, "saved weights are not those that its own adapter_config.json describes")


def make_other_rank(entry, folder):
    """The same adapter with as many rows of zeros again in its factors: twice the rank, the same answers."""
    from safetensors.torch import load_file, save_file

    other = copied(entry, folder)
    file = other.saved / ADAPTER_FOLDER / "adapter_config.json"
    settings = json.loads(file.read_text())
    scale = {"r": settings["r"] * 2, "lora_alpha": settings["lora_alpha"] * 2}
    file.write_text(json.dumps(settings | scale))
    (weights,) = (other.saved / ADAPTER_FOLDER).glob("*.safetensors")
    wider = {
        name: torch.cat([tensor, torch.zeros_like(tensor)], dim=0 if "lora_A" in name else 1).contiguous()
        if "lora_" in name
        else tensor
        for name, tensor in load_file(weights).items()
    }
    save_file(wider, weights)
    return other


@pytest.mark.parametrize("way", [Switched, Mixed, Merged])
def test_adapters_of_several_ranks_lie_side_by_side(way, entries, tmp_path):
    served = entries["lora"]
    entry, serving = make_other_rank(served[0], tmp_path / "other"), way()
    for one in (*served, entry):
        serving.add(one)
    for example in entry.examples:
        alike = [serving.answer([(name, example)])[0] for name in (served[0].name, entry.name)]
        torch.testing.assert_close(*alike, rtol=1e-4, atol=1e-5)


def test_a_mistake_in_the_code_is_no_damaged_file(tmp_path):
    entry = SimpleNamespace(name="task", saved=tmp_path)
    with pytest.raises(KeyError, match="of ours"), whole_files(entry):
        raise KeyError("of ours")
    with pytest.raises(SettingsError, match="missing or damaged"), whole_files(entry):
        (tmp_path / "none").read_text(encoding="utf-8")


def test_a_head_of_several_parts_is_no_head_to_exchange():
    """DistilBERT's, where both layers began at random."""
    names, module = ("classifier", "pre_classifier"), torch.nn.Module()
    module.pre_classifier, module.classifier = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    with pytest.raises(SettingsError, match=r"several parts \(pre_classifier, classifier\), and serving exchanges one"):
        find_head(module, names)
    assert find_head(module, ("classifier",)) == "classifier"
