"""What a forward pass keeps, against bytes counted by hand."""

import torch

from fineprint.measuring import activation_bytes


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
