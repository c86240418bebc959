"""The loop: warm-up, accumulation, the best epoch, what it reads, what it refuses."""

import math
import random
from itertools import pairwise

import pytest
import torch

from fineprint.core.records import TrainRecord, read_record, write_json
from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.inference.batching import (
    cut_batches,
    example_length,
    prediction_batches,
    prediction_groups,
    training_batches,
)
from fineprint.readouts._padding import round_up
from fineprint.study.schema import TrainingSettings
from fineprint.training.loop import train
from fineprint.training.optimizing import make_optimizer, make_schedule
from test_methods import make_method
from tiny_run import train_laid_out


def rates(settings, updates):
    optimizer = make_optimizer(list(torch.nn.Linear(2, 2).parameters()), settings)
    schedule = make_schedule(optimizer, settings, updates)
    seen = []
    for _ in range(updates):
        seen.append(schedule.rate)
        optimizer.step()
        schedule.advance()
    return seen, schedule.rate


def test_learning_rate_warms_up_and_falls_to_zero():
    seen, last = rates(TrainingSettings(learning_rate=1.0, warmup_ratio=0.1), 100)
    assert seen[:3] == pytest.approx([0.0, 0.1, 0.2]) and max(seen) == pytest.approx(1.0) == seen[10]
    assert all(a > b for a, b in pairwise(seen[10:])) and last == pytest.approx(0.0)


def test_vectors_are_not_decayed():
    optimizer = make_optimizer(
        list(torch.nn.Linear(2, 3).parameters()), TrainingSettings(learning_rate=1.0, weight_decay=0.5)
    )
    decay = {tuple(p.shape): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decay == {(3, 2): 0.5, (3,): 0.0}


def trained(backbone_folders, task_record, tiny_rows, held_out=12, unread=None, **training):
    """Train a tiny model; `unread` are settings that would be refused when they are read."""
    method = make_method("full", "linear_head", "encoder", **training)
    method = method.model_copy(update={"training": method.training.model_copy(update=unread or {})})
    backbone = backbone_folders["encoder"]
    readout = make_readout(method, backbone, task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, readout, backbone, seed=1)
    for module in assembled.module.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    examples = [readout.encode(row, with_answer=True) for row in tiny_rows]
    return assembled, train(assembled, examples, examples[:held_out], seed=1, name="test")


def test_accumulation_equals_the_large_batch(backbone_folders, task_record, tiny_rows):
    """72 rows in batches of 72, and the same batch in 9 micro-batches of 8."""
    runs = [
        trained(
            backbone_folders,
            task_record,
            tiny_rows,
            learning_rate=1e-3,
            batch_size=size,
            gradient_accumulation_steps=steps,
        )
        for size, steps in ((72, 1), (8, 9))
    ]
    losses = [[step.loss for step in outcome.steps] for _, outcome in runs]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_the_best_epoch_is_kept(backbone_folders, task_record, tiny_rows):
    """A learning rate that destroys what was learned: an early epoch is best, and its weights come back."""
    assembled, outcome = trained(backbone_folders, task_record, tiny_rows, epochs=6, learning_rate=0.03)
    best = outcome.epochs[outcome.best_epoch - 1]
    readout = assembled.readout
    batch = readout.collate([readout.encode(row, with_answer=True) for row in tiny_rows[:12]])
    assembled.module.eval()
    with torch.inference_mode():
        losses, hits = readout.evaluate(assembled.module, batch)
    assert float(losses.mean()) == pytest.approx(best.held_out_loss, rel=1e-3)
    assert float(hits.float().mean()) == pytest.approx(best.held_out_accuracy)


def test_no_number_as_loss_is_refused(backbone_folders, task_record, tiny_rows):
    with pytest.raises(SettingsError, match=r"the loss is (nan|inf) at step .* lower the learning rate"):
        trained(backbone_folders, task_record, tiny_rows, epochs=4, unread={"learning_rate": 1e30}, max_grad_norm=1e30)


def test_training_needs_no_test_row(backbone_folders, task_record, tiny_rows, tmp_path, monkeypatch):
    """Only train and held_out are there to be read."""
    monkeypatch.chdir(tmp_path)
    method = make_method("lora", "classifier", "encoder")
    record = train_laid_out(method, backbone_folders["encoder"], task_record, tiny_rows)
    assert record.rows == 60 and record.held_out_rows == 12 and record.checkpoint_bytes > 0
    write_json(tmp_path / "train.json", record)
    assert read_record(tmp_path / "train.json", TrainRecord) == record


def test_too_long_inputs_are_refused(backbone_folders, task_record, tiny_rows):
    method = make_method("p_tuning", "classifier", "encoder").model_copy(update={"max_length": 97})
    with pytest.raises(SettingsError, match=r"97 and 4 virtual tokens do not fit the 98 positions"):
        make_readout(method, backbone_folders["encoder"], task_record, tiny_rows, seed=1)


def test_batches_hold_every_row_once_and_similar_lengths():
    examples = [{"input_ids": [0] * (1 + n % 37)} for n in range(1000)]
    for batches in (training_batches(examples, 16, seed=1, epoch=1), training_batches(examples, 16, seed=1, epoch=2)):
        assert sorted(id(f) for batch in batches for f in batch) == sorted(map(id, examples))
        spread = [max(map(example_length, batch)) - min(map(example_length, batch)) for batch in batches]
        assert sum(spread) / len(spread) < 6
    assert training_batches(examples, 16, 1, 1) == training_batches(examples, 16, 1, 1)
    order = [position for batch in prediction_batches(examples, 16) for position in batch]
    assert sorted(order) == list(range(1000))


def test_batches_with_a_limit_of_tokens_are_little_padded():
    lengths = [400, *range(30, 190), *[20] * 130]
    examples = [{"input_ids": [0] * length} for length in lengths]

    def padded(batches):
        assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
        return [(len(batch), max(lengths[position] for position in batch)) for batch in batches]

    cut = padded(prediction_batches(examples, 100, most_tokens=10_000, batch_tokens=5_000))
    assert all(rows <= 100 and rows * longest <= 10_000 for rows, longest in cut)
    for (rows, longest), (more, shorter) in pairwise(cut):
        room = rows + more <= 100 and (rows + more) * round_up(longest) <= 10_000
        assert not room or more * (round_up(longest) - round_up(shorter)) >= 5_000, "small where padding costs more"
    loose = padded(prediction_batches(examples, 100))
    assert sum(rows * longest for rows, longest in cut) < 0.8 * sum(rows * longest for rows, longest in loose)
    fine = padded(prediction_batches(examples, 100, most_tokens=10_000))
    assert sum(rows * longest for rows, longest in fine) < 1.05 * sum(lengths), "where a batch costs nothing"


def test_tokens_that_are_read_once_count_for_room_but_not_for_the_cuts():
    examples = [{"prompt": [0] * (100 + n)} for n in (8, 16, 24, 32) for _ in range(50)]
    alike = prediction_batches(examples, 100, most_tokens=10**6, batch_tokens=500)
    apart = prediction_batches(examples, 100, most_tokens=10**6, shared=100, batch_tokens=300)
    assert [len(batch) for batch in alike] == [100, 100] and [len(batch) for batch in apart] == [50] * 4
    assert max(map(len, prediction_batches(examples, 100, most_tokens=1200, shared=100))) == 1200 // 108


def test_groups_hold_every_row_once_and_no_more_than_may_be_kept():
    generator = random.Random(3)
    examples = [{"prompt": [1] * generator.randrange(40, 300)} for _ in range(500)]
    groups = prediction_groups(examples, 100, most_tokens=4000, shared=30, batch_tokens=50, most_kept=20_000)
    assert sorted(row for group in groups for batch in group for row in batch) == list(range(500))
    lengths = [[[example_length(examples[row]) for row in batch] for batch in group] for group in groups]
    assert all(sum(map(len, group)) <= 100 for group in lengths) and any(len(group) > 2 for group in lengths)
    assert all(sum(map(len, group)) * max(map(max, group)) <= 20_000 for group in lengths)
    assert all(len(batch) * max(batch) <= 4000 for group in lengths for batch in group)
    alone = prediction_groups(examples, 100, most_tokens=4000, shared=30, batch_tokens=50)
    assert alone == [[batch] for batch in prediction_batches(examples, 100, 4000, 30, 50)]
    assert prediction_groups(examples, 100, most_kept=20_000) == [
        [batch] for batch in prediction_batches(examples, 100)
    ]


def cost_of(lengths, ends, batch_tokens):
    return sum(batch_tokens + (end - start) * lengths[start] for start, end in pairwise(ends))


def test_batches_are_cut_where_it_costs_little():
    """Against the best of all ways to cut."""
    generator = random.Random(1)
    for _ in range(200):
        lengths = sorted((8 * generator.randrange(1, 12) for _ in range(generator.randrange(1, 60))), reverse=True)
        tokens, batch_tokens = generator.randrange(90, 2000), generator.choice([0, 50, 200, 1000])
        most = [min(20, tokens // length) for length in lengths]
        best = [0] + [math.inf] * len(lengths)
        for start in range(len(lengths)):
            for end in range(start + 1, min(start + max(1, most[start]), len(lengths)) + 1):
                best[end] = min(best[end], best[start] + batch_tokens + (end - start) * lengths[start])
        ends = [0, *cut_batches(lengths, most, batch_tokens), len(lengths)]
        assert all(end - start <= max(1, most[start]) for start, end in pairwise(ends))
        assert cost_of(lengths, ends, batch_tokens) <= 1.05 * best[-1]
