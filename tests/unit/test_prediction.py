"""Rows are answered in chunks and batches of like length, encoded beside; the answers are those of all at once."""

import threading

import pytest

from fineprint.core.settings import SettingsError, find_settings
from fineprint.inference import predicting
from fineprint.inference.assembly import assemble_for_training, make_readout
from test_methods import make_method

CASES = [
    ("p_tuning", "classifier", "encoder"),
    ("lora", "linear_head", "encoder"),
    ("lora", "generation", "decoder"),
    ("prefix_tuning", "generation", "decoder"),
]


def make(adapter, readout, architecture, folders, task, rows, max_length):
    method = make_method(adapter, readout, architecture)
    if readout == "generation":
        settings = {"kind": readout, "temperature": 0.0, "max_new_tokens": 4, "shots": 1}
        method = method.model_copy(update={"readout": find_settings("readouts", readout).model_validate(settings)})
    method = method.model_copy(update={"prediction_batch_size": 8, "max_length": max_length})
    reader = make_readout(method, folders[architecture], task, rows, seed=1)
    assembled = assemble_for_training(method, reader, folders[architecture], seed=1)
    assembled.module.eval()
    return assembled


def note_chunks(readout, monkeypatch):
    """Note how many rows are encoded together, and whether by another thread."""
    chunks, encode = [], readout.encode_all

    def note(rows, with_answer):
        chunks.append((len(rows), threading.current_thread() is not threading.main_thread()))
        return encode(rows, with_answer)

    monkeypatch.setattr(readout, "encode_all", note)
    return chunks


@pytest.mark.parametrize(("adapter", "readout", "architecture"), CASES)
def test_answers_in_chunks_are_those_of_all_at_once(
    adapter, readout, architecture, backbone_folders, task_record, tiny_rows, monkeypatch
):
    rows, found = tiny_rows[:24], []
    for most_tokens in (None, 500):
        monkeypatch.setattr(predicting, "token_budget", lambda _, most=most_tokens: most)
        monkeypatch.setattr(predicting, "LEAST_ROWS_OF_CHUNK", 10)
        monkeypatch.setattr(predicting, "BATCHES_OF_CHUNK", 1)
        most = 60 if readout == "generation" else 9  # so that some rows of a pair are cut
        assembled = make(adapter, readout, architecture, backbone_folders, task_record, tiny_rows, most)
        chunks = note_chunks(assembled.readout, monkeypatch)
        answers = predicting.predict_rows(assembled, rows, 1, "rows")
        assert [size for size, _ in chunks] == ([24] if most_tokens is None else [10, 10, 4])
        assert all(beside for _, beside in chunks)
        found.append((answers, assembled.readout.truncated_rows, assembled.readout.input_example))
    (whole, cut, example), (parts, cut_too, same) = found
    assert cut == cut_too and example == same and (readout == "generation" or cut > 0)
    assert len(whole) == len(parts) == 24
    for one, other in zip(whole, parts, strict=True):
        assert (one.label, one.answer, one.likelihood_label) == (other.label, other.answer, other.likelihood_label)
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_no_rows_have_no_answers(backbone_folders, task_record, tiny_rows):
    assembled = make("none", "generation", "decoder", backbone_folders, task_record, tiny_rows, 100)
    assert predicting.predict_rows(assembled, [], 1, "none") == []


def test_what_cannot_be_encoded_is_told(backbone_folders, task_record, tiny_rows):
    assembled = make("none", "generation", "decoder", backbone_folders, task_record, tiny_rows, 16)
    with pytest.raises(SettingsError, match="raise max_length"):
        predicting.predict_rows(assembled, tiny_rows, 1, "rows")


def test_chunks_are_of_like_length_and_one_is_left_as_it_is(tiny_rows):
    chunks = predicting.cut_chunks(tiny_rows, 30)
    assert [len(chunk) for chunk in chunks] == [30, 30, 12]
    lengths = [predicting.text_length(tiny_rows[place]) for chunk in chunks for place in chunk]
    assert lengths == sorted(lengths, reverse=True)
    assert predicting.cut_chunks(tiny_rows, 72) == [list(range(72))]
