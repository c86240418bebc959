"""What a training minimizes and an evaluation tells: means over exactly the terms that count, computed by hand."""

import math

import pytest
import torch

from fineprint.inference.assembly import assemble_for_training, make_readout
from test_answering import ANSWERS
from test_methods import make_method


@pytest.fixture
def generation(backbone_folders, task_record, tiny_rows):
    """A language model, and rows with prompts of unequal length and answers of one to three words."""
    method = make_method("full", "generation", "decoder")
    backbone = backbone_folders["decoder"]
    readout = make_readout(method, backbone, task_record | ANSWERS, tiny_rows, seed=1)
    module = assemble_for_training(method, readout, backbone, seed=1).module.eval()
    examples = [readout.encode(row, with_answer=True) for row in (tiny_rows[0], tiny_rows[4], tiny_rows[11])]
    assert [len(example["answer"]) for example in examples] == [3, 4, 2], "each with one end of text"
    assert len({len(example["prompt"]) for example in examples}) > 1
    return readout, module, examples


def answer_losses(module, example):
    """Return the cross-entropy of each token of an answer, from an unpadded pass of the bare model over one row."""
    ids = torch.tensor([example["prompt"] + example["answer"]])
    told = module(input_ids=ids).logits[0].log_softmax(dim=-1)
    first = len(example["prompt"])
    return [-float(told[place - 1, ids[0, place]]) for place in range(first, ids.shape[1])]


@torch.inference_mode()
def test_a_generation_s_loss_is_the_mean_over_answers_and_ends_alone(generation):
    """Nine tokens: neither prompts nor padding count, whatever a batch is padded to."""
    readout, module, examples = generation
    terms = [loss for example in examples for loss in answer_losses(module, example)]
    assert len(terms) == 9 == readout.count_terms(examples)
    for length in (None, 56, 64):
        loss = float(readout.loss(module, readout.collate(examples, length)))
        assert loss == pytest.approx(sum(terms) / 9, rel=1e-5)


@torch.inference_mode()
def test_a_generation_s_evaluation_is_the_mean_over_each_row_s_answer(generation):
    readout, module, examples = generation
    losses, hits = readout.evaluate(module, readout.collate(examples))
    wanted = [sum(own) / len(own) for own in (answer_losses(module, example) for example in examples)]
    assert losses.tolist() == pytest.approx(wanted, rel=1e-5)
    best = [max(range(3), key=lambda label: likelihood(readout, module, example, label)) for example in examples]
    assert hits.tolist() == [label == example["label"][0] for label, example in zip(best, examples, strict=True)]


def likelihood(readout, module, example, label):
    """Return the log-likelihood of a label's words, without an end of text."""
    return -sum(answer_losses(module, {"prompt": example["prompt"], "answer": readout.answer_ids[label]}))


@pytest.mark.parametrize(("kind", "architecture"), [("classifier", "encoder"), ("linear_head", "decoder")])
@torch.inference_mode()
def test_a_head_s_loss_is_the_mean_over_rows(kind, architecture, backbone_folders, task_record, tiny_rows):
    method = make_method("full", kind, architecture)
    readout = make_readout(method, backbone_folders[architecture], task_record, tiny_rows, seed=1)
    module = assemble_for_training(method, readout, backbone_folders[architecture], seed=1).module.eval()
    rows = [tiny_rows[0], tiny_rows[4], tiny_rows[11]]
    examples = [readout.encode(row, with_answer=True) for row in rows]
    alone = [readout.logits(module, readout.collate([example]))[0].tolist() for example in examples]
    wanted = [math.log(sum(map(math.exp, one))) - one[row.label] for one, row in zip(alone, rows, strict=True)]
    batch = readout.collate(examples)
    assert float(readout.loss(module, batch)) == pytest.approx(sum(wanted) / 3, rel=1e-4)
    losses, hits = readout.evaluate(module, batch)
    assert losses.tolist() == pytest.approx(wanted, rel=1e-4)
    assert hits.tolist() == [one.index(max(one)) == row.label for one, row in zip(alone, rows, strict=True)]
    answers = readout.predict(module, batch)
    assert [answer.label for answer in answers] == [one.index(max(one)) for one in alone]
    assert readout.count_terms(examples) == 3
