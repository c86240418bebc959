"""What must hold on a GPU of answers: they do not depend on how a prompt is cut, padded, or weights are stored."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from typing import Any
from unittest import mock

import torch

from checks import TASK, assemble, folders, plain_device, rows
from fineprint.core.settings import find_settings
from fineprint.inference.assembly import assemble_for_prediction, make_readout
from fineprint.inference.predicting import predict_rows
from fineprint.models.unpacking import unpacked_bytes
from fineprint.readouts._groups import score_groups
from fineprint.readouts._sampling import choose_tokens, draw_numbers, stack_draws
from fineprint.study.schema import MethodSettings
from fineprint.training.loop import train

ROWS = 40


def moved(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a batch where the model is."""
    return {name: tensor.to(plain_device()) for name, tensor in batch.items()}


def check_likelihoods() -> None:
    """Reading the common beginning once gives the full forward's likelihoods."""
    assembled, examples = assemble("lora", "generation", "decoder")
    reader, module = assembled.readout, assembled.module.eval()
    with torch.inference_mode():
        wanted = score_groups(module, moved(reader.collate(examples[:20])), reader.answer_ids)
        reader.expect(module, examples[:20])
        found = reader.label_scores(module, moved(reader.collate(examples[:20])))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def check_padding(architecture: str) -> None:
    """A linear head's logits are the same when rows are padded to a longer length."""
    assembled, examples = assemble("lora", "linear_head", architecture)
    reader, module = assembled.readout, assembled.module.eval()
    with torch.inference_mode():
        wanted = reader.logits(module, moved(reader.collate(examples[:20])))
        for length in (72, 88):
            found = reader.logits(module, moved(reader.collate(examples[:20], length)))
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def check_unpacked_weights(**readout: Any) -> None:
    """4-bit weights held unpacked give the answers that packed ones give; of a model that has learned some, for what
    one with random weights writes is decided by rounding."""
    assembled, examples = assemble("lora", readout, "decoder", "nf4", mixed_precision="auto", epochs=3)
    train(assembled, examples, examples[:8], seed=1, name="check")
    assembled.module.eval()
    assert unpacked_bytes(assembled.module, "auto") > 0, "there is room"
    loose = predict_rows(assembled, rows()[:ROWS], 1, "unpacked")
    with mock.patch("fineprint.inference.predicting.unpacked_bytes", return_value=0):
        packed = predict_rows(assembled, rows()[:ROWS], 1, "packed")
    for one, other in zip(loose, packed, strict=True):
        assert (one.label, one.answer, one.likelihood_label) == (other.label, other.answer, other.likelihood_label)
        assert one.probabilities is not None and other.probabilities is not None
        assert max(abs(a - b) for a, b in zip(one.probabilities, other.probabilities, strict=True)) < 1e-3


def check_draws() -> None:
    """Of a large vocabulary the same tokens are drawn as without a GPU, and a sampled answer is the same whatever the
    batch size is; but for one where rounding decides."""
    logits = 4 * torch.randn(64, 128_256, generator=torch.Generator().manual_seed(1))
    for step in range(4):
        draws = stack_draws([draw_numbers(step, str(row), 1) for row in range(len(logits))])[:, 0]
        wanted = choose_tokens(logits, 0.7, draws)
        found = choose_tokens(logits.to(plain_device()), 0.7, draws.to(plain_device())).cpu()
        assert int((found != wanted).sum()) <= 1
    assembled, _ = assemble("lora", {"kind": "generation", "temperature": 1.0}, "decoder")
    assembled.module.eval()
    answers = []
    # In float32, since in 16 bits the shape of a batch changes the last bits of logits, and so now and then a draw.
    with mock.patch("fineprint.inference.predicting.half_precision", contextlib.nullcontext):
        for size in (1, 7, 64):
            assembled.method = assembled.method.model_copy(update={"prediction_batch_size": size})
            answers.append([found.answer for found in predict_rows(assembled, rows()[:ROWS], 1, "drawn")])
    assert len(set(answers[0])) > ROWS // 2
    for other in answers[1:]:
        assert sum(a != b for a, b in zip(answers[0], other, strict=True)) <= 1


def check_majority() -> None:
    """A control that loads no weights and reads no text answers, too."""
    method = MethodSettings(
        backbone="encoder",
        adapter=find_settings("adapters", "none").model_validate({"kind": "none"}),
        readout=find_settings("readouts", "majority").model_validate({"kind": "majority"}),
        training=None,
        max_length=90,
    )
    backbone = folders()["encoder"]
    reader = make_readout(method, backbone, TASK, rows(), seed=1)
    assembled = assemble_for_prediction(method, reader, backbone, backbone / "nothing was saved")
    counts = Counter(row.label for row in rows())
    wanted = max(range(len(TASK.labels)), key=counts.__getitem__)
    answers = predict_rows(assembled, rows(), 1, "majority")
    assert [answer.label for answer in answers] == [wanted] * len(rows())


ANSWERS: dict[str, Any] = {
    "draws by row": check_draws,
    "majority": check_majority,
    "likelihoods": check_likelihoods,
    "padding, linear head, encoder": functools.partial(check_padding, "encoder"),
    "padding, linear head, decoder": functools.partial(check_padding, "decoder"),
    "unpacked weights, generation": functools.partial(check_unpacked_weights, kind="generation", temperature=0.0),
    "unpacked weights, linear head": functools.partial(check_unpacked_weights, kind="linear_head"),
}
