"""Two processes that share a training on a CPU, against one: the same losses, one checkpoint, one writer."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import assemble_for_prediction, make_readout
from fineprint.jobs.processes import Processes, blocks_of
from fineprint.training.stepping import Stepper
from test_methods import make_method
from two_processes import COMBINATIONS, SPREAD, describe, make_rows, run

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def shared(backbone_folders, task_record, tmp_path_factory):
    """What two processes found; torchrun is what the rule starts them with."""
    folder = tmp_path_factory.mktemp("two")
    paths = [TESTS.parent / "scripts", TESTS, TESTS / "unit"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command += [TESTS / "unit/two_processes.py", backbone_folders["encoder"], json.dumps(task_record), folder]
    command += [backbone_folders["decoder"]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "found.json").read_text(encoding="utf-8")), folder


@pytest.fixture(scope="module")
def alone(backbone_folders, task_record):
    """What one process finds, where `shard_weights` changes nothing."""

    @functools.cache
    def run_alone(adapter, readout, architecture="encoder"):
        return describe(
            *run(backbone_folders[architecture], task_record, adapter, readout, architecture=architecture, spread=True)
        )

    return run_alone


@pytest.mark.parametrize(("adapter", "readout"), COMBINATIONS)
def test_two_processes_take_the_steps_of_one(adapter, readout, shared, alone):
    found, wanted = shared[0][f"{adapter} {readout}"], alone(adapter, readout)
    for key in ("steps", "epochs"):
        for one, other in zip(found[key], wanted[key], strict=True):
            assert one == pytest.approx(other, rel=1e-5)
    assert len(found["steps"]) == 8 and found["best"] == wanted["best"]
    assert found["norms"] == pytest.approx(wanted["norms"], rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("adapter", "readout", "architecture"), SPREAD)
def test_weights_spread_over_two_processes_are_trained_as_by_one(adapter, readout, architecture, shared, alone):
    found, wanted = shared[0][f"spread {adapter} {readout}"], alone(adapter, readout, architecture)
    for key in ("steps", "epochs"):
        for one, other in zip(found[key], wanted[key], strict=True):
            assert one == pytest.approx(other, rel=1e-5)
    assert found["norms"].keys() == wanted["norms"].keys() and found["best"] == wanted["best"]
    assert found["norms"] == pytest.approx(wanted["norms"], rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("adapter", "readout", "architecture"), SPREAD)
def test_what_was_spread_is_saved_whole(adapter, readout, architecture, shared, backbone_folders, task_record):
    found, folder = shared
    backbone, method = backbone_folders[architecture], make_method(adapter, readout, architecture)
    reader = make_readout(method, backbone, task_record, make_rows(), seed=1)
    module = assemble_for_prediction(method, reader, backbone, folder / "saved" / adapter / readout).module
    loaded = {name: float(weight.double().square().sum()) for name, weight in module.named_parameters()}
    wanted = found[f"spread {adapter} {readout}"]["norms"]
    saved = [name for name in wanted if name in loaded and "prompt_encoder" not in name]  # its prompt is saved instead
    assert saved and {name: loaded[name] for name in saved} == pytest.approx({name: wanted[name] for name in saved})


def test_a_process_holds_its_part_of_what_is_spread(shared, alone):
    """Weights, gradients and optimizer state; what is no layer, such as an encoder of prompts, stays whole."""
    for adapter, readout, architecture in SPREAD:
        found = shared[0][f"spread {adapter} {readout}"]
        whole = alone(adapter, readout, architecture)
        parts, wholes = found["sizes"][:3], whole["sizes"][:3]
        if adapter == "p_tuning":
            assert parts[1:] == wholes[1:]
            parts, wholes = parts[:1], wholes[:1]
        for held, all_of_it in zip(parts, wholes, strict=True):
            assert 0.4 * all_of_it < held < 0.7 * all_of_it
        assert found["sizes"][3] == whole["sizes"][3]  # a micro-batch keeps the same activations
        assert any("were sharded over the 2 processes" in note for note in found["notes"])


def test_whole_gradients_of_a_layer_are_let_go_before_the_end(shared):
    assert shared[0]["contexts"] and set(shared[0]["contexts"]) == {1}


def test_processes_with_unlike_free_memory_evaluate_the_same_batches(shared):
    """Each would cut its own otherwise, and rows would be evaluated twice or never."""
    found, wanted = shared[0]["uneven"]["epochs"], shared[0]["spread full classifier"]["epochs"]
    for one, other in zip(found, wanted, strict=True):
        assert one == pytest.approx(other, rel=1e-5)


def test_a_spread_training_goes_on_from_its_checkpoint(shared):
    found = shared[0]
    assert found["spread resumed"] == found["spread whole"]


def test_all_have_the_same_weights_and_say_how_many_they_were(shared):
    found = shared[0]
    assert found["count"] == 2 and found["same_weights"]
    assert any(note.startswith("2 processes shared the training") for note in found["notes"])


def test_a_signal_to_one_stops_all_and_they_go_on_together(shared):
    """With dropout, which each process draws for itself."""
    found, folder = shared
    assert len(found["stopped"]) == 2 and all("stopped by SIGTERM at step 3 of 8" in text for text in found["stopped"])
    assert found["from"] == [3] and found["resumed"] == found["whole"]
    assert len(list((folder / "checkpoints/s/t/m/1").iterdir())) == 1


def test_processes_end_without_pythons_own_ending(shared):
    """In which a thread that carried messages now and then aborts a training that is already done."""
    assert not (shared[1] / "python_ended").exists()


def test_dropout_differs_between_processes(shared):
    """The shared training with dropout is not the one without."""
    assert shared[0]["whole"]["steps"] != shared[0]["full classifier"]["steps"]


def test_every_row_is_taken_once():
    rows = list(range(11))
    parts = [Processes(count=3, number=number).share(rows) for number in range(3)]
    assert sorted(row for part in parts for row in part) == rows
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_gradients_travel_in_blocks_of_one_type(monkeypatch):
    monkeypatch.setattr("fineprint.jobs.processes.BLOCK_NUMBERS", 10)
    tensors = [torch.zeros(4), torch.zeros(6), torch.zeros(1), torch.zeros(30), torch.zeros(2, dtype=torch.float64)]
    assert [[t.numel() for t in block] for block in blocks_of(tensors)] == [[4, 6], [1], [30], [2]]


def test_alone_nothing_is_exchanged():
    parameter = torch.nn.Parameter(torch.zeros(2))
    parameter.grad = torch.ones(2)
    Processes().add_gradients([parameter])
    assert parameter.grad.tolist() == [1, 1] and Processes().add([1.0, 2.0]) == [1.0, 2.0]
    assert Processes().highest(3, True) == [3, 1] and Processes().writes


def test_memory_that_runs_out_in_one_of_several_is_told():
    """The others wait for its gradients, so the step cannot be cut anew."""
    stepper = SimpleNamespace(processes=Processes(count=2), micro_batch=4)
    with pytest.raises(SettingsError, match="lower batch_size and raise gradient_accumulation_steps"):
        Stepper.shrink(stepper)
