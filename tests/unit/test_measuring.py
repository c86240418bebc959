"""What a forward pass keeps, against bytes counted by hand."""

import dataclasses

import pytest
import torch

from fineprint.core.records import Memory, Phase
from fineprint.measuring import phases as measuring
from fineprint.measuring.phases import measure_phase, workspace_bytes
from fineprint.measuring.tensors import activation_bytes

MEMORY = [field.name for field in dataclasses.fields(Memory)]


def test_activations_by_hand():
    """A linear layer keeps its input, ReLU its output; weights are not counted, equal storages once."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    rows = torch.randn(3, 4)
    assert activation_bytes(model, lambda: model(rows).sum()) == 4 * (3 * 4 + 3 * 8)
    model.requires_grad_(False)
    model[2].requires_grad_(True)
    assert activation_bytes(model, lambda: model(rows).sum()) == 4 * 3 * 8, "a frozen layer keeps nothing"


def test_measuring_does_not_move_the_random_state():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
    torch.manual_seed(1)
    wanted = torch.rand(5)
    torch.manual_seed(1)
    activation_bytes(model, lambda: model(torch.ones(2, 4)).sum())
    assert torch.equal(torch.rand(5), wanted)


def test_energy_is_not_measured_without_a_counter():
    phases = {}
    with measure_phase(phases, "training"):
        pass
    if not torch.cuda.is_available():
        assert phases["training"]["energy_joules"] is None


@pytest.mark.parametrize(("counter", "wanted"), [((100.0, 130.5), 30.5), ((100.0, None), None)])
def test_energy_is_the_counters_difference(counter, wanted, monkeypatch):
    """A counter that stops answering has measured nothing."""
    readings = iter(counter)
    monkeypatch.setattr(measuring, "read_energy_joules", lambda: next(readings))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for name in ("synchronize", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda: None)
    monkeypatch.setattr(measuring, "memory_record", lambda sampler, cuda: Memory(**dict.fromkeys(MEMORY)))
    phases = {}
    with measure_phase(phases, "training"):
        pass
    assert phases["training"]["energy_joules"] == wanted


def test_workspace_is_what_the_peak_holds_beside_the_rest():
    def phase_of(allocated):
        memory = Memory(**{**dict.fromkeys(MEMORY), "peak_allocated_bytes": allocated})
        return Phase(seconds=1.0, memory=memory, energy_joules=None)

    phase = phase_of(100)
    assert workspace_bytes(phase, 40, 10, 20) == 30
    assert workspace_bytes(phase, 40, None) is None and workspace_bytes(phase, 101) is None
    assert workspace_bytes(phase_of(None), 1) is None
