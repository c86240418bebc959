"""The training loop against a plain loop that has nothing of ours: every step's loss, and the weights in the end."""

import pytest
import torch

from answer_checks import check_likelihoods, check_padding
from checks import check_steps
from memory_checks import check_recomputing


@pytest.fixture(autouse=True)
def one_thread():
    """Two threads wait for each other longer than they compute on matrices this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("adapter", "readout", "architecture"),
    [("full", "classifier", "encoder"), ("lora", "generation", "decoder")],
)
def test_steps_are_those_of_a_plain_loop(adapter, readout, architecture):
    check_steps(adapter, readout, architecture, record=False, tolerance=1e-3)


def test_computing_activations_again_changes_no_step():
    check_recomputing(gradient_checkpointing=True)


@pytest.mark.parametrize("architecture", ["encoder", "decoder"])
def test_padding_changes_no_logits_of_a_linear_head(architecture):
    check_padding(architecture)


def test_a_common_beginning_read_once_changes_no_likelihood():
    check_likelihoods()
