"""Captured passes, here run by a stand-in without a GPU: a step must be the same whether it is replayed or not.

The recording itself is tested on a GPU, in tests/gpu.
"""

import contextlib
from types import SimpleNamespace

import pytest
import torch

from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.inference.batching import choose_lengths, padded_length
from fineprint.training import loop, stepping
from fineprint.training.graphs import Capture, StepGraphs, shapes_of
from test_methods import make_method


class RunAnew(StepGraphs):
    """Runs the pass again instead of replaying it."""

    replays = 0

    def __init__(self, run_pass, finish=None):
        self.run_pass, self.finish, self.recordings = run_pass, finish, {}

    def record(self, batches, forget):
        for batch in batches:
            self.run_pass(batch, 0.5)
            forget()
            self.recordings[shapes_of(batch)] = Capture(None, batch, None)

    def memory_left(self, limit):
        return 10**9

    def replay(self, batch, share):
        RunAnew.replays += 1
        loss = self.run_pass(batch, share)
        if self.finish is not None:
            self.finish()
        return loss


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(stepping, "StepGraphs", RunAnew)
    monkeypatch.setattr(stepping, "create_on_gpu", contextlib.nullcontext)
    monkeypatch.setattr(stepping, "keep_prompt_tokens_on_gpu", lambda module: None)
    monkeypatch.setattr(stepping.Stepper, "can_capture", True)
    monkeypatch.setattr(loop, "STEPS_PER_LENGTH", 4)
    RunAnew.replays = 0


def run(adapter, readout, architecture, folders, task, rows, whole=False, **settings):
    method = make_method(adapter, readout, architecture, learning_rate=0.003, epochs=2, **settings)
    reader = make_readout(method, folders[architecture], task, rows, seed=1)
    assembled = assemble_for_training(method, reader, folders[architecture], seed=1)
    for module in assembled.module.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    examples = [reader.encode(row, with_answer=True) for row in rows[:-3]]  # the last batch is smaller
    with pytest.MonkeyPatch.context() as patch:
        if whole:
            patch.setattr(stepping, "can_capture", lambda optimizer: True)
        outcome = loop.train(assembled, examples, examples[:12], seed=1, name="test")
    return outcome, {n: p.detach().clone() for n, p in assembled.module.named_parameters() if p.requires_grad}


CASES = [
    ("full", "classifier", "encoder", {}, True),
    ("lora", "linear_head", "decoder", {}, True),
    ("p_tuning", "classifier", "encoder", {}, True),
    ("lora", "generation", "decoder", {"batch_size": 4, "gradient_accumulation_steps": 3}, False),
    ("lora", "linear_head", "decoder", {"optimizer": "paged_adamw_8bit"}, False),
]


@pytest.mark.parametrize(("adapter", "readout", "architecture", "settings", "whole"), CASES)
def test_replayed_steps_equal_plain_ones(
    adapter, readout, architecture, settings, whole, backbone_folders, task_record, tiny_rows, stand_in, monkeypatch
):
    method = adapter, readout, architecture, backbone_folders, task_record, tiny_rows
    replayed, weights = run(*method, whole=whole, **settings)
    assert RunAnew.replays >= 10 and "CUDA graphs" in replayed.notes[0]
    assert replayed.gradient_bytes > 0 and replayed.optimizer_bytes > 0
    monkeypatch.setattr(stepping.Stepper, "can_capture", False)
    plain, wanted = run(*method, **settings)
    assert not plain.notes
    assert [s.loss for s in replayed.steps] == pytest.approx([s.loss for s in plain.steps], rel=1e-4)
    for name in wanted:
        torch.testing.assert_close(weights[name], wanted[name], rtol=1e-3, atol=1e-4)
    assert (replayed.gradient_bytes, replayed.optimizer_bytes) == (plain.gradient_bytes, plain.optimizer_bytes)


def test_beside_captured_passes_few_rows_run_at_once(backbone_folders, task_record, tiny_rows, stand_in, monkeypatch):
    seen, plain = [], stepping.Stepper.run_pass

    def note(self, batch, share):
        seen.append(len(batch["label"]))
        return plain(self, batch, share)

    monkeypatch.setattr(stepping.Stepper, "run_pass", note)
    run("lora", "generation", "decoder", backbone_folders, task_record, tiny_rows, batch_size=16)
    assert set(seen) == {16, 4, 1}, "69 rows: the last five of an epoch are four and one, a quarter of a batch at most"


def test_all_passes_warm_up_before_the_first_is_recorded(monkeypatch):
    """Run between two recordings, a pass would take its memory beside that of the first."""
    done, graphs = [], object.__new__(StepGraphs)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: done.append("empty"))
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *_, **__: self)
    graphs.warm_up = lambda batch, forget, times: done.append((len(batch["x"]), times))
    graphs.capture = lambda batch: done.append(len(batch["x"]))
    graphs.record([{"x": torch.zeros(rows)} for rows in (9, 5)], lambda: None)
    assert done == ["empty", (9, 2), (5, 1), 9, 5]


def test_captured_passes_keep_their_memory_for_themselves(monkeypatch):
    for name, value in (("memory_allocated", 6), ("memory_reserved", 20), ("mem_get_info", (50, 80))):
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    graphs = object.__new__(StepGraphs)
    assert graphs.memory_left(None) == 56 and graphs.memory_left(100) == 56, "as much as the GPU has left"
    assert graphs.memory_left(30) == 16, "30 in all, of which captured passes hold 14"


def test_a_failed_recording_is_told_and_training_goes_on(
    backbone_folders, task_record, tiny_rows, stand_in, monkeypatch
):
    def fail(self, batches, forget):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(RunAnew, "record", fail)
    monkeypatch.setattr(stepping, "recover", lambda graphs: None)
    outcome, _ = run("full", "classifier", "encoder", backbone_folders, task_record, tiny_rows)
    assert outcome.notes == [
        "Passes were run one by one, since they could not be captured as CUDA graphs: "
        "operation not permitted when stream is capturing"
    ]
    assert outcome.epochs[-1].training_loss < outcome.epochs[0].training_loss


@pytest.mark.parametrize(
    ("readout", "architecture"), [("classifier", "encoder"), ("linear_head", "decoder"), ("generation", "decoder")]
)
def test_every_readout_can_be_recorded_on_a_gpu(readout, architecture, backbone_folders, task_record, tiny_rows):
    method = make_method("full", readout, architecture)
    reader = make_readout(method, backbone_folders[architecture], task_record, tiny_rows, seed=1)
    alone, accelerator = SimpleNamespace(count=1), SimpleNamespace(mixed_precision="bf16")
    stepper = SimpleNamespace(
        on_gpu=True, processes=alone, accelerator=accelerator, gradient_checkpointing=False, readout=reader
    )
    assert stepping.Stepper.can_capture.fget(stepper)
    stepper.readout = SimpleNamespace(waits=True)
    assert not stepping.Stepper.can_capture.fget(stepper)


def test_lengths_are_few_and_hold_every_row():
    examples = [{"input_ids": [0] * (5 + number % 60)} for number in range(600)]
    lengths = choose_lengths(examples, 4)
    assert len(lengths) == 4 and lengths == sorted(lengths) and lengths[-1] == 64
    assert padded_length(examples[:1], lengths) == lengths[0] and padded_length(examples, lengths) == 64
    assert padded_length(examples, []) is None


def test_rare_long_rows_do_not_pad_the_others():
    examples = [{"input_ids": [0] * length} for length in [10] * 500 + [20] * 500 + [120] * 3 + [128] * 2]
    assert choose_lengths(examples, 3) == [16, 24, 128]


@pytest.mark.parametrize(("readout", "architecture"), [("classifier", "encoder"), ("generation", "decoder")])
def test_padding_to_a_longer_length_changes_no_loss(readout, architecture, backbone_folders, task_record, tiny_rows):
    method = make_method("lora", readout, architecture)
    reader = make_readout(method, backbone_folders[architecture], task_record, tiny_rows, seed=1)
    module = assemble_for_training(method, reader, backbone_folders[architecture], seed=1).module.eval()
    examples = [reader.encode(row, with_answer=True) for row in tiny_rows[:9]]
    wanted = reader.loss(module, reader.collate(examples))
    for length in (32, 48):
        batch = reader.collate(examples, length)
        assert all(tensor.shape[0] == 9 for tensor in batch.values()) and batch["input_ids"].shape[1] == length
        torch.testing.assert_close(reader.loss(module, batch), wanted, rtol=1e-5, atol=1e-6)
