"""Norms by one kernel give what the model's own code gives; others are left alone."""

import pytest
import torch
from transformers import AutoModelForCausalLM
from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from fineprint.models.norms import fuse_norms, fused_norms, is_plain_norm, restore_norms


def draw(part):
    part.weight.data.uniform_(0.5, 1.5)
    return part


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 2**-7)])
def test_it_computes_the_same(dtype, tolerance):
    torch.manual_seed(1)
    part = draw(LlamaRMSNorm(64)).to(dtype)
    inputs = torch.randn(3, 5, 64, dtype=dtype)
    wanted = part(inputs)
    with fused_norms(torch.nn.Sequential(part), True):
        assert "forward" in vars(part)
        found = part(inputs)
        mixed = part(inputs.double())
    assert found.dtype == dtype and mixed.dtype == torch.float64
    torch.testing.assert_close(found, wanted, rtol=tolerance, atol=tolerance)
    assert "forward" not in vars(part), "afterwards the model is as it was"


def test_autocast_does_not_change_the_dtype():
    part = draw(LlamaRMSNorm(64)).to(torch.bfloat16)
    with fused_norms(part, True), torch.autocast("cpu", dtype=torch.bfloat16):
        assert part(torch.randn(2, 64, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_other_norms_are_left_alone():
    assert is_plain_norm(draw(LlamaRMSNorm(64)))
    assert not is_plain_norm(draw(GemmaRMSNorm(64))) and not is_plain_norm(torch.nn.LayerNorm(64))
    changed = draw(LlamaRMSNorm(64))
    changed.forward = lambda inputs: inputs
    assert not is_plain_norm(changed)


class ShiftedRMSNorm(LlamaRMSNorm):
    def forward(self, hidden_states):
        return super().forward(hidden_states) + hidden_states


def test_a_norm_that_computes_something_else_is_seen_by_what_it_computes():
    assert not is_plain_norm(draw(ShiftedRMSNorm(64)))


@torch.inference_mode()
def test_a_model_answers_the_same(backbone_folders):
    model = AutoModelForCausalLM.from_pretrained(backbone_folders["decoder"]).eval()
    ids = torch.randint(0, model.config.vocab_size, (2, 9))
    wanted = model(input_ids=ids).logits
    with fused_norms(model, True):
        norms = [part for part in model.modules() if "forward" in vars(part)]
        torch.testing.assert_close(model(input_ids=ids).logits, wanted, rtol=1e-4, atol=1e-5)
    assert len(norms) == 2 * model.config.num_hidden_layers + 1
    with fused_norms(model, False):
        assert not any("forward" in vars(part) for part in model.modules())


def test_gradients_are_those_of_the_model_s_own_code():
    torch.manual_seed(3)
    part, inputs, back = draw(LlamaRMSNorm(64)), torch.randn(4, 64, requires_grad=True), torch.randn(4, 64)
    wanted = torch.autograd.grad(part(inputs), (inputs, part.weight), back)
    fuse_norms(part)
    found = torch.autograd.grad(part(inputs), (inputs, part.weight), back)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    part.weight = torch.nn.Parameter(2 * part.weight.detach())
    torch.testing.assert_close(part(inputs), LlamaRMSNorm.forward(part, inputs), rtol=1e-5, atol=1e-6)
    restore_norms(part)
    assert "forward" not in vars(part)
