"""Answers return to their own rows, though batches are made by length: none is compared with another row's label."""

import json

import pytest

from fineprint.core.records import read_predictions
from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.inference.batching import prediction_batches
from fineprint.inference.predicting import predict_rows
from fineprint.runs.prediction import write_predictions
from fineprint.tasks import Row
from test_methods import make_method

SUBJECTS = ("the dog", "a cat sleeps", "the big dog runs", "a dog sleeps . the cat runs big")


def make_rows():
    """Rows of lengths that go up and down, each with texts of its own."""
    return [
        Row(
            f"row-{n}",
            {"premise": f"{SUBJECTS[(5 * n) % 4]} {'big ' * (n % 3)}.", "hypothesis": SUBJECTS[n % 3]},
            n % 3,
            "g",
        )
        for n in range(12)
    ]


@pytest.mark.parametrize("readout", ["linear_head", "generation"])
def test_answers_return_to_their_own_rows(readout, backbone_folders, task_record, tiny_rows, tmp_path):
    method = make_method("none" if readout == "generation" else "lora", readout, "decoder")
    method = method.model_copy(update={"prediction_batch_size": 5})
    backbone = backbone_folders["decoder"]
    assembled = assemble_for_training(
        method, make_readout(method, backbone, task_record, tiny_rows, seed=1), backbone, seed=1
    )
    assembled.module.eval()
    rows = make_rows()
    examples = assembled.readout.encode_all(rows, with_answer=False)
    order = [position for batch in prediction_batches(examples, 5) for position in batch]
    assert order != sorted(order), "batches are not in the order of the rows"
    together = predict_rows(assembled, rows, 1, "test")
    alone = [predict_rows(assembled, [row], 1, "test")[0] for row in rows]
    assert len({tuple(answer.probabilities) for answer in alone}) > 6, "rows can be told apart by their answers"
    for answer, wanted in zip(together, alone, strict=True):
        assert answer.probabilities == pytest.approx(wanted.probabilities, abs=1e-5)
    write_predictions(tmp_path / "test.jsonl", rows, together)
    entries = read_predictions(tmp_path / "test.jsonl")
    assert [(entry["id"], entry["gold"]) for entry in entries] == [(row.id, row.label) for row in rows]
    assert [entry["probabilities"] for entry in entries] == json.loads(json.dumps([a.probabilities for a in together]))
