"""Steps and epochs, by hand: how micro-batches are weighted, which epoch is the best, what a seed decides."""

import pytest
import torch

from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.inference.batching import training_batches
from fineprint.training import loop
from fineprint.training.preparation import make_stepper
from test_answering import ANSWERS
from test_methods import make_method


@pytest.fixture
def prepare(backbone_folders, task_record, tiny_rows):
    """Return a function that makes what takes the steps of a language model or a head, and rows encoded."""

    def make(readout="generation", architecture="decoder", seed=1, **training):
        method = make_method("full", readout, architecture, **training)
        reader = make_readout(method, backbone_folders[architecture], task_record | ANSWERS, tiny_rows, seed)
        assembled = assemble_for_training(method, reader, backbone_folders[architecture], seed)
        assembled.module.eval()  # no dropout
        examples = reader.encode_all(tiny_rows, with_answer=True)
        return make_stepper(assembled, method.training, examples), examples

    return make


def gradients(stepper, examples):
    """Take a step and return the mean loss and the gradients as they were before clipping."""
    found, clip = {}, stepper.accelerator.clip_grad_norm_

    def note(parameters, most):
        found.update({name: p.grad.clone() for name, p in stepper.trained.items() if p.grad is not None})
        return clip(parameters, most)

    stepper.accelerator.clip_grad_norm_ = note
    return float(stepper.run(examples)), found


def test_every_answer_token_of_a_step_weighs_the_same_however_the_step_is_cut(prepare):
    """Five rows with answers of two to four tokens, whole and in micro-batches of two, two and one: the mean over all
    tokens, not the mean of the micro-batches' means."""
    rows = [0, 4, 11, 3, 14]
    outcomes = []
    for size in (5, 2):
        stepper, examples = prepare(batch_size=5)
        stepper.micro_batch = size
        chosen = [examples[row] for row in rows]
        outcomes.append(gradients(stepper, chosen))
    tokens = [stepper.readout.count_terms([example]) for example in chosen]
    assert len(set(tokens)) > 1
    (loss, whole), (same, cut) = outcomes
    assert loss == pytest.approx(same, rel=1e-5) and whole.keys() == cut.keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(cut[name], gradient, rtol=1e-3, atol=1e-6)


def test_a_step_s_gradient_is_that_of_its_mean_loss(prepare):
    stepper, examples = prepare("linear_head", "encoder", batch_size=6)
    loss = stepper.readout.loss(stepper.module, stepper.readout.collate(examples[:6]))
    loss.backward()
    wanted = {name: p.grad.clone() for name, p in stepper.trained.items() if p.grad is not None}
    stepper.optimizer.zero_grad()
    told, found = gradients(stepper, examples[:6])
    assert told == pytest.approx(loss.item(), rel=1e-6)
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-6)


def test_no_gradient_is_left_for_the_next_step(prepare):
    stepper, examples = prepare("linear_head", "encoder", batch_size=6, learning_rate=1e-12)
    first, second = (gradients(stepper, examples[:6])[1] for _ in range(2))
    for name, gradient in first.items():
        torch.testing.assert_close(second[name], gradient, rtol=1e-3, atol=1e-6)


# What each epoch's evaluation says, loss and accuracy, and which epoch is then the best.
EVALUATIONS = [
    ([(0.5, 0.6), (0.4, 0.7), (0.3, 0.65)], 2),  # the highest accuracy, though a later loss is lower
    ([(0.5, 0.7), (0.4, 0.7), (0.6, 0.7)], 2),  # of equal ones the lowest loss
    ([(0.5, 0.7), (0.5, 0.7), (0.5, 0.7)], 1),  # of equal ones in both the first
    ([(0.5, 0.0), (0.6, 0.0), (0.4, 0.0)], 3),
    ([(float("nan"), 0.0), (0.6, 0.1), (float("nan"), 0.1)], 2),
]


@pytest.mark.parametrize(("evaluations", "best"), EVALUATIONS)
def test_the_best_epoch_has_the_highest_accuracy_then_the_lowest_loss(evaluations, best, prepare, monkeypatch):
    stepper, examples = prepare("linear_head", "encoder", epochs=3, batch_size=36, learning_rate=1e-3)
    told, states = iter(evaluations), []

    def evaluate(stepper, _):
        states.append({name: p.detach().clone() for name, p in stepper.trained.items()})
        return next(told)

    monkeypatch.setattr(loop, "evaluate", evaluate)
    monkeypatch.setattr(loop, "make_stepper", lambda *_: stepper)
    outcome = loop.train(stepper.assembled, examples, examples[:6], seed=1, name="test")
    assert outcome.best_epoch == best
    assert all(torch.equal(p, states[best - 1][name]) for name, p in stepper.trained.items()), "its weights came back"
    kept = [(epoch.held_out_loss, epoch.held_out_accuracy) for epoch in outcome.epochs]
    assert str(kept) == str(evaluations)


def test_what_is_recorded_of_epochs_and_steps_is_what_was_done(prepare, monkeypatch):
    """72 rows in four steps of 18: losses of steps make up an epoch's, and the rate is that of the coming update."""
    stepper, examples = prepare(
        "linear_head", "encoder", epochs=2, batch_size=18, warmup_ratio=0.25, learning_rate=0.01
    )
    losses, run = [], stepper.run

    def note(rows):
        losses.append(float(run(rows)))
        return torch.tensor(losses[-1])

    stepper.run = note
    monkeypatch.setattr(loop, "make_stepper", lambda *_: stepper)
    outcome = loop.train(stepper.assembled, examples, examples[:12], seed=1, name="test")
    assert [step.step for step in outcome.steps] == [*range(1, 9)]
    assert [step.loss for step in outcome.steps] == pytest.approx(losses)
    rates = [0.005, 0.01, *(0.01 * left / 6 for left in (5, 4, 3, 2, 1, 0))]
    assert [step.learning_rate for step in outcome.steps] == pytest.approx(rates)
    assert [epoch.training_loss for epoch in outcome.epochs] == pytest.approx(
        [sum(losses[:4]) / 4, sum(losses[4:]) / 4]
    )
    assert [epoch.learning_rate for epoch in outcome.epochs] == pytest.approx([rates[3], 0.0])
    assert [epoch.epoch for epoch in outcome.epochs] == [1, 2]
    used = sum(p.numel() for name, p in stepper.trained.items() if "pooler" not in name)  # the head reads no pooler
    assert outcome.gradient_bytes == 4 * used and 8 * used < outcome.optimizer_bytes < 8.1 * used
    assert outcome.micro_batch == 18 and outcome.gradient_checkpointing is False and outcome.notes == []


@pytest.mark.parametrize("readout", ["classifier", "linear_head"])
def test_a_seed_decides_new_weights_batches_and_dropout(readout, backbone_folders, task_record, tiny_rows):
    """The same seed gives the same losses to the last bit, another seed another head and other batches."""
    histories = []
    for seed in (1, 1, 2):
        method = make_method("lora", readout, "encoder", epochs=1, batch_size=12)
        backbone = backbone_folders["encoder"]
        reader = make_readout(method, backbone, task_record, tiny_rows, seed)
        assembled = assemble_for_training(method, reader, backbone, seed)
        heads = reader.head_names(assembled.module)
        head = [
            p.detach().clone()
            for n, p in assembled.module.named_parameters()
            if p.ndim > 1 and set(heads) & set(n.split("."))
        ]
        examples = reader.encode_all(tiny_rows, with_answer=True)
        outcome = loop.train(assembled, examples, examples[:12], seed, "test")
        histories.append(([step.loss for step in outcome.steps], head))
    (first, head), (again, same), (other, another) = histories
    assert first == again and first != other
    assert all(map(torch.equal, head, same)) and not any(map(torch.equal, head, another))


def test_every_epoch_and_every_seed_cuts_other_batches():
    """And neither cuts the same rows in the same order, which would tie a seed's noise to that of an epoch."""
    examples = [{"input_ids": [0] * (1 + n % 5), "n": [n]} for n in range(60)]

    def cut(seed, epoch):
        return [[example["n"][0] for example in batch] for batch in training_batches(examples, 8, seed, epoch)]

    places = [(1, 1), (1, 2), (2, 1), (2, 2)]
    cuts = [cut(*place) for place in places]
    assert all(cut(*place) == one for place, one in zip(places, cuts, strict=True))
    assert all(one != other for number, one in enumerate(cuts) for other in cuts[:number])
    assert all(sorted(len(batch) for batch in one) == [4, *[8] * 7] for one in cuts)


def test_a_trial_batch_has_the_longest_rows_that_fit_repeated_where_there_are_few(prepare):
    stepper, examples = prepare("linear_head", "encoder", batch_size=6)
    lengths = sorted({len(example["input_ids"]) for example in examples})
    assert len(lengths) > 2
    for length in lengths[1:]:
        ids = stepper.example(examples, length)["attention_mask"]
        assert ids.shape == (6, length) and set(ids.sum(dim=1).tolist()) == {length}
    few = stepper.example(examples[:2], 40)["attention_mask"]
    assert few.shape == (6, 40) and len(set(few.sum(dim=1).tolist())) <= 2


def test_steps_are_padded_to_the_shortest_fixed_length_that_holds_them(prepare):
    stepper, examples = prepare("linear_head", "encoder", batch_size=6)
    assert stepper.collate(examples[:3])["input_ids"].shape == (3, 16), "to a multiple of eight, without any"
    stepper.lengths = [8, 24, 32]
    assert stepper.collate(examples[:3])["input_ids"].shape == (3, 24)


def test_memory_that_runs_out_halves_what_goes_through_at_once(prepare):
    stepper, _ = prepare("linear_head", "encoder", batch_size=5, gradient_accumulation_steps=2)
    stepper.lengths, stepper.schedule.update = [8], 6
    stepper.shrink()
    assert stepper.micro_batch == 3 and stepper.lengths == [] and stepper.graphs is None
    assert stepper.notes == [
        "Memory ran out before step 7, which was retried: from there on in micro-batches of 3; a step "
        "still has 10 examples."
    ]
    assert all(p.grad is None for p in stepper.parameters)


def test_progress_is_told_with_the_loss(prepare, monkeypatch, caplog):
    stepper, examples = prepare("linear_head", "encoder", epochs=1, batch_size=36, learning_rate=1e-3)
    monkeypatch.setattr(loop, "make_stepper", lambda *_: stepper)
    with caplog.at_level("INFO"):
        outcome = loop.train(stepper.assembled, examples, examples[:6], seed=1, name="this run")
    said = [line for line in caplog.messages if "step 2/2" in line]
    assert len(said) == 1 and said[0].startswith(f"this run · step 2/2 · loss {outcome.steps[-1].loss:.3f} · ")
    assert "examples/s" in said[0]
    epoch = outcome.epochs[0]
    assert (
        f"this run · epoch 1/1 · training loss {epoch.training_loss:.3f} · held-out loss "
        f"{epoch.held_out_loss:.3f}, accuracy {epoch.held_out_accuracy:.3f}"
    ) in caplog.messages
