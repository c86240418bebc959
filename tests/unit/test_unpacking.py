"""4-bit weights held unpacked compute what packed ones do, and only while the block lasts."""

import bitsandbytes
import pytest
import torch

from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.inference.predicting import predict_rows
from fineprint.models.unpacking import packed_layers, unpacked, unpacked_bytes
from test_methods import make_method


@pytest.fixture
def assembled(backbone_folders, task_record, tiny_rows):
    method = make_method("lora", "generation", "decoder").model_copy(update={"precision": "nf4"})
    readout = make_readout(method, backbone_folders["decoder"], task_record, tiny_rows, seed=1)
    result = assemble_for_training(method, readout, backbone_folders["decoder"], seed=1)
    result.module.eval()
    return result


def test_the_same_logits_and_then_packed_again(assembled, monkeypatch):
    calls = []
    forward = bitsandbytes.nn.Linear4bit.forward
    monkeypatch.setattr(bitsandbytes.nn.Linear4bit, "forward", lambda self, x: calls.append(1) or forward(self, x))
    ids = torch.arange(5, 17).view(2, 6)
    with torch.inference_mode():
        packed = assembled.module(input_ids=ids).logits
        counted = len(calls)
        with unpacked(assembled.module, wanted=True):
            loose = assembled.module(input_ids=ids).logits
        assert counted == len(packed_layers(assembled.module)) > 0
        assert len(calls) == counted, "no weight is unpacked in a pass"
        torch.testing.assert_close(loose, packed, rtol=1e-5, atol=1e-5)
        assembled.module(input_ids=ids)
    assert len(calls) == 2 * counted, "after the block weights are read as they are stored"


def test_on_a_gpu_with_room_only(assembled, monkeypatch):
    layers = packed_layers(assembled.module)
    half = 2 * sum(part.in_features * part.out_features for part in layers)
    assert unpacked_bytes(assembled.module, "auto") == 0, "a CPU gains nothing"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 0)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 0)
    for free, memory, expected in ((4 * half, "auto", half), (4 * half - 1, "auto", 0), (9 * half, "lean", 0)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free, 10 * free))
        assert unpacked_bytes(assembled.module, memory) == expected


def test_answers_are_the_same(assembled, tiny_rows, monkeypatch):
    packed = predict_rows(assembled, tiny_rows, 1, "packed")
    monkeypatch.setattr("fineprint.inference.predicting.unpacked_bytes", lambda *_: 1)
    assert [answer.answer for answer in predict_rows(assembled, tiny_rows, 1, "unpacked")] == [
        answer.answer for answer in packed
    ]
