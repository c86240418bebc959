"""Controls: the majority class needs no model, and a method that sees one text knows nothing of the other."""

from collections import Counter
from dataclasses import replace
from unittest import mock

import pytest
import torch

from fineprint.core.records import read_predictions
from fineprint.inference.assembly import assemble_for_prediction, assemble_for_training, make_readout
from fineprint.inference.batching import prediction_batches
from fineprint.inference.predicting import predict_rows
from fineprint.models.parameters import count_parameters
from fineprint.runs.card_program import place_lines
from fineprint.runs.prediction import predict_run
from fineprint.runs.training import train_run
from fineprint.tasks._rows import write_rows
from test_methods import make_method
from tiny_run import HELD_OUT_ROWS, PLACE, lay_out

LABELS = 3


def make_majority(architecture):
    return make_method("none", "majority", architecture).model_copy(update={"training": None})


def relabel(rows, labels):
    return [replace(row, label=label) for row, label in zip(rows, labels, strict=False)]


@pytest.mark.parametrize("labels", [[2, 2, 1, 2, 0], [0, 1, 1], [1, 0, 0, 1, 2]])
def test_the_most_frequent_label_of_training_is_the_answer(labels, backbone_folders, task_record, tiny_rows, tmp_path):
    """The first of them where several are as frequent; probabilities are the labels' shares."""
    readout = make_readout(
        make_majority("encoder"), backbone_folders["encoder"], task_record, relabel(tiny_rows, labels), seed=1
    )
    assembled = assemble_for_prediction(make_majority("encoder"), readout, backbone_folders["encoder"], tmp_path)
    counts = Counter(labels)
    answers = predict_rows(assembled, tiny_rows, 1, "rows")
    assert len(answers) == len(tiny_rows)
    for answer in answers:
        assert answer.label == max(range(LABELS), key=lambda label: counts[label])
        assert answer.probabilities == pytest.approx([counts[n] / len(labels) for n in range(LABELS)], abs=1e-6)


def test_no_weights_are_loaded_and_no_text_is_read(backbone_folders, task_record, tiny_rows, tmp_path):
    readout = make_readout(make_majority("decoder"), backbone_folders["decoder"], task_record, tiny_rows, seed=1)
    assembled = assemble_for_prediction(make_majority("decoder"), readout, backbone_folders["decoder"], tmp_path)
    assert not list(assembled.module.parameters()) and not list(assembled.module.buffers())
    counted = count_parameters(assembled.module, readout.head_names(assembled.module))
    assert (counted.adapter, counted.head, counted.total, counted.share) == (0, 0, 0, 0.0)
    assert readout.settings.count_head(64, LABELS) == 0
    silent = [replace(row, texts=dict.fromkeys(row.texts, "")) for row in tiny_rows]
    assert predict_rows(assembled, silent, 1, "rows") == predict_rows(assembled, tiny_rows, 1, "rows")


@pytest.mark.parametrize("most_tokens", [None, 2048])
def test_examples_without_tokens_are_answered_in_full_batches(
    most_tokens, backbone_folders, task_record, tiny_rows, tmp_path
):
    """On a GPU, too, where what a batch may hold is counted in tokens."""
    method = make_majority("encoder").model_copy(update={"prediction_batch_size": 3})
    readout = make_readout(method, backbone_folders["encoder"], task_record, tiny_rows, seed=1)
    assembled = assemble_for_prediction(method, readout, backbone_folders["encoder"], tmp_path)
    with mock.patch("fineprint.inference.predicting.token_budget", return_value=most_tokens):
        assert len(predict_rows(assembled, tiny_rows, 1, "rows")) == len(tiny_rows)
    batches = prediction_batches(readout.encode_all(tiny_rows, False), 3, most_tokens)
    assert {len(batch) for batch in batches[:-1]} == {3}


def test_its_loss_is_that_of_the_shares(backbone_folders, task_record, tiny_rows, tmp_path):
    rows = relabel(tiny_rows, [0, 0, 0, 1])
    readout = make_readout(make_majority("encoder"), backbone_folders["encoder"], task_record, rows, seed=1)
    module = readout.load_backbone(tmp_path, "float32")
    batch = readout.collate(readout.encode_all(rows, with_answer=True), length=8)
    losses, hits = readout.evaluate(module, batch)
    wanted = -torch.tensor([0.75, 0.75, 0.75, 0.25]).log()
    torch.testing.assert_close(losses, wanted, rtol=1e-5, atol=1e-5)
    assert hits.tolist() == [True, True, True, False]
    assert float(readout.loss(module, batch)) == pytest.approx(float(wanted.mean()), abs=1e-5)


def test_a_run_of_it_is_recorded_like_any_other(backbone_folders, task_record, tiny_rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = lay_out(make_majority("encoder"), backbone_folders["encoder"], task_record, tiny_rows[:48])
    config, task, rows, backbone, _ = arguments
    write_rows(rows / "test.jsonl", tiny_rows[48:])
    trained = train_run(*arguments, PLACE / "model", 1)
    predicted = predict_run(config, task, rows, backbone, PLACE / "model", PLACE / "predictions", 1)
    assert trained.trained is False and predicted.weight_bytes == 0
    seen = Counter(row.label for row in tiny_rows[HELD_OUT_ROWS:48])
    answers = read_predictions(PLACE / "predictions/test.jsonl")
    assert {answer["label"] for answer in answers} == {max(range(LABELS), key=lambda label: seen[label])}


def test_what_is_not_shown_changes_no_answer(backbone_folders, task_record, tiny_rows):
    backbone = backbone_folders["encoder"]
    others = [replace(row, texts=row.texts | {"premise": "a cat runs ."}) for row in tiny_rows]
    answers = {}
    for fields in (None, ("hypothesis",)):
        method = make_method("full", "linear_head", "encoder").model_copy(update={"fields": fields})
        readout = make_readout(method, backbone, task_record, tiny_rows, seed=1)
        assembled = assemble_for_training(method, readout, backbone, seed=1)
        assembled.module.eval()
        answers[fields] = [predict_rows(assembled, rows, 1, "rows") for rows in (tiny_rows, others)]
    shown, changed = answers["hypothesis",]
    assert shown == changed
    assert answers[None][0] != answers[None][1]


def test_a_model_card_s_program_asks_for_what_is_shown(backbone_folders, task_record, tiny_rows):
    method = make_method("full", "classifier", "encoder").model_copy(update={"fields": ("hypothesis",)})
    readout = make_readout(method, backbone_folders["encoder"], task_record, tiny_rows, seed=1)
    lines = place_lines(readout, "base", None, "shown").lines
    assert "texts = {'hypothesis': 'Put the hypothesis here.'}" in lines


def test_worked_examples_show_only_what_is_shown(backbone_folders, task_record, tiny_rows):
    task = task_record | {"prompt": "hypothesis : {hypothesis} answer :"}
    method = make_method("none", "generation", "decoder")
    shots = method.readout.model_copy(update={"shots": 1})
    method = method.model_copy(update={"fields": ("hypothesis",), "readout": shots, "training": None})
    readout = make_readout(method, backbone_folders["decoder"], task, tiny_rows, seed=1)
    long = replace(tiny_rows[0], texts=tiny_rows[0].texts | {"premise": "dog " * 500})
    assert readout.encode(long, with_answer=False) == readout.encode(tiny_rows[0], with_answer=False)
    assert readout.truncated_rows == 0 and "premise" not in readout.prompts.write(readout.context.show(long))
