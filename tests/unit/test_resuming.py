"""A training interrupted and taken up again: the same to the last bit; one checkpoint at most, bound to its run."""

import itertools
import signal

import pytest
import torch
from safetensors.torch import load_file

from fineprint.core.records import Memory, Phase, TrainRecord, as_mapping, read_json, read_record, write_json
from fineprint.core.settings import find_settings
from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.jobs.interruption import Interrupted, heed_signals
from fineprint.measuring.phases import Meter, gather_phase, join_phases
from fineprint.training.checkpoints import Checkpoints, bind
from fineprint.training.evaluation import evaluate
from fineprint.training.loop import Loop, train
from fineprint.training.resuming import Keeper
from test_methods import TARGETS, make_method
from tiny_run import PLACE, lay_out, train_laid_out

MINUTES = 60.0  # no checkpoint is due by itself
ROWS = 24  # three steps an epoch

METHODS = {
    "full": ("full", "classifier", "encoder", {}, {}),
    "lora": ("lora", "classifier", "encoder", {}, {}),
    "p_tuning": ("p_tuning", "linear_head", "encoder", {}, {}),
    "qlora_head": ("lora", "linear_head", "decoder", {"precision": "nf4"}, {"optimizer": "paged_adamw_8bit"}),
}


def make(name):
    """A method with dropout: RoBERTa's own, and LoRA's. At rank 64 some states are kept in 8 bits, others in 32."""
    adapter, readout, architecture, settings, training = METHODS[name]
    method = make_method(adapter, readout, architecture, **settings, **training)
    if adapter != "lora":
        return method
    lora = {"kind": "lora", "rank": 64, "alpha": 8, "dropout": 0.2, "target_modules": TARGETS[architecture]}
    return method.model_copy(update={"adapter": find_settings("adapters", "lora").model_validate(lora)})


@pytest.fixture
def run(backbone_folders, task_record, tiny_rows, monkeypatch):
    """Trains a method, told to stop by a signal after some step; returns what it left, or the exception."""

    def train_until(method, keeper, stop_after=None):
        def count(self, rows):
            loss = step(self, rows)
            if self.update + 1 == stop_after:
                signal.raise_signal(signal.SIGTERM)
            return loss

        step = Loop.take_step
        backbone = backbone_folders[method.backbone]
        readout = make_readout(method, backbone, task_record, tiny_rows, seed=1)
        assembled = assemble_for_training(method, readout, backbone, seed=1)
        examples = [readout.encode(row, with_answer=True) for row in tiny_rows[:ROWS]]
        with monkeypatch.context() as patch:
            patch.setattr(Loop, "take_step", count)
            outcome = train(assembled, examples, examples[:12], seed=1, name="test", keeper=keeper)
        return outcome, {n: p.detach().clone() for n, p in assembled.module.named_parameters() if p.requires_grad}

    return train_until


def make_keeper(folder, minutes=MINUTES, **binding):
    meter = Meter()
    meter.sampler.stop()
    return Keeper(Checkpoints(folder / "checkpoints/s/t/m/1", minutes, binding), meter)


def history(outcome):
    epochs = [{key: value for key, value in as_mapping(epoch).items() if key != "seconds"} for epoch in outcome.epochs]
    return epochs, outcome.steps, outcome.best_epoch


@pytest.mark.parametrize("name", METHODS)
def test_interrupted_equals_uninterrupted(name, run, tmp_path):
    """Two epochs of three steps, stopped within the first, at its end, and within the second."""
    method = make(name)
    wanted, weights = run(method, None)
    for stop_after in (2, 3, 5):
        with pytest.raises(Interrupted, match=rf"stopped by SIGTERM at step {stop_after} of 6; its state is kept in"):
            run(method, make_keeper(tmp_path), stop_after)
    outcome, resumed = run(method, make_keeper(tmp_path))
    assert history(outcome) == history(wanted)
    assert resumed.keys() == weights.keys() and all(torch.equal(resumed[n], weights[n]) for n in weights)
    assert outcome.resumed_from_steps == [2, 3, 5]
    assert [note for note in outcome.notes if "went on from its checkpoint at step 3 of 6" in note]
    assert (outcome.gradient_bytes, outcome.optimizer_bytes) == (wanted.gradient_bytes, wanted.optimizer_bytes)


def test_dropout_goes_on_where_it_was(run, tmp_path, monkeypatch):
    """Without the random state the rest is another training: the comparison above can fail."""
    method = make("full")
    wanted, _ = run(method, None)
    with pytest.raises(Interrupted):
        run(method, make_keeper(tmp_path), 2)
    monkeypatch.setattr("fineprint.training.resuming.fill_random_states", lambda *arguments: None)
    assert history(run(method, make_keeper(tmp_path))[0]) != history(wanted)


def evaluate_worse_each_time(monkeypatch):
    """From now on the first evaluation is the best, whoever asks for it."""
    numbers = itertools.count(1)
    monkeypatch.setattr("fineprint.training.loop.evaluate", lambda *asked: (float(number := next(numbers)), 1 / number))


def test_the_best_epoch_of_before_comes_back(run, tmp_path, monkeypatch):
    """The first epoch is evaluated the best, and the interruption comes after it."""
    method = make("full")
    evaluate_worse_each_time(monkeypatch)
    wanted, weights = run(method, None)
    evaluate_worse_each_time(monkeypatch)
    with pytest.raises(Interrupted):
        run(method, make_keeper(tmp_path), 5)
    outcome, resumed = run(method, make_keeper(tmp_path))
    assert [epoch.held_out_accuracy for epoch in outcome.epochs] == [1.0, 0.5]
    assert outcome.best_epoch == wanted.best_epoch == 1 and outcome.resumed_from_steps == [5]
    assert all(torch.equal(resumed[n], weights[n]) for n in weights)


def test_a_signal_at_the_last_evaluation_is_heeded(run, tmp_path, monkeypatch):
    method, numbers = make("lora"), itertools.count(1)

    def evaluate_and_stop(stepper, held_out):
        if next(numbers) == 2:
            signal.raise_signal(signal.SIGUSR1)
        return evaluate(stepper, held_out)

    wanted, weights = run(method, None)
    with monkeypatch.context() as patch:
        patch.setattr("fineprint.training.loop.evaluate", evaluate_and_stop)
        with pytest.raises(Interrupted, match="stopped by SIGUSR1 at step 6 of 6") as stop:
            run(method, make_keeper(tmp_path))
    assert stop.value.status == 128 + signal.SIGUSR1
    outcome, resumed = run(method, make_keeper(tmp_path))
    assert history(outcome) == history(wanted) and all(torch.equal(resumed[n], weights[n]) for n in weights)


def test_one_whole_checkpoint_at_most(run, tmp_path):
    keeper = make_keeper(tmp_path, minutes=0)
    leftover = keeper.checkpoints.folder / "being-written"
    leftover.mkdir(parents=True)
    (leftover / "weights.safetensors").write_bytes(b"half")
    with pytest.raises(Interrupted):
        run(make("lora"), keeper, 3)
    assert [path.name for path in keeper.checkpoints.folder.iterdir()] == ["step-3"]
    assert {file.suffix for file in (keeper.checkpoints.folder / "step-3").iterdir()} == {".safetensors", ".json"}
    assert load_file(keeper.checkpoints.folder / "step-3/random.safetensors").keys() >= {"0.cpu"}
    keeper.checkpoints.remove()
    assert not (tmp_path / "checkpoints").exists()


def test_none_is_written_before_it_is_due(run, tmp_path):
    run(make("lora"), make_keeper(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["binding", "cut", "missing"])
def test_what_does_not_fit_is_ignored(damage, run, tmp_path, caplog):
    keeper = make_keeper(tmp_path, settings="a")
    with pytest.raises(Interrupted):
        run(make("lora"), keeper, 3)
    place = keeper.checkpoints.folder / "step-3"
    if damage == "cut":
        content = (place / "weights.safetensors").read_bytes()
        (place / "weights.safetensors").write_bytes(content[: len(content) // 2])
    if damage == "missing":
        (place / "state.json").unlink()
    other = make_keeper(tmp_path, settings="b" if damage == "binding" else "a")
    assert run(make("lora"), other)[0].resumed_from_steps == []
    wanted = "written with other settings, data or versions" if damage == "binding" else "cannot be read and is ignored"
    assert wanted in caplog.text


def test_a_full_disk_costs_the_checkpoint_not_the_training(run, tmp_path, monkeypatch, caplog):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fineprint.training.checkpoints.write_parts", fail)
    keeper = make_keeper(tmp_path, minutes=0)
    assert len(run(make("lora"), keeper)[0].epochs) == 2
    assert "training continues" in caplog.text and not list(keeper.checkpoints.folder.iterdir())
    with pytest.raises(Interrupted, match="its state could not be kept"):
        run(make("lora"), keeper, 2)


def test_bound_to_settings_data_and_versions(tmp_path, monkeypatch):
    for name in ("run_config.json", "task.json"):
        write_json(tmp_path / name, {"a": 1})
    files = tmp_path / "run_config.json", tmp_path / "task.json"
    first = bind(*files)
    assert bind(*files) == first
    write_json(files[1], {"a": 2})
    assert bind(*files) != first
    write_json(files[1], {"a": 1})
    monkeypatch.setattr("fineprint.training.checkpoints.installed_versions", lambda: {"torch": "1.0"})
    assert bind(*files) != first


def test_signals_are_noted_inside_and_act_as_before_outside():
    before = signal.getsignal(signal.SIGTERM)
    with heed_signals() as request:
        assert request.number == 0
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGUSR1)
        assert request.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before


def phase(seconds, peak, joules, allocated=None):
    memory = dict.fromkeys(("baseline_resident_bytes", "peak_reserved_bytes", "driver_used_bytes"))
    memory |= {"peak_resident_bytes": peak, "peak_allocated_bytes": allocated}
    return Phase(seconds=seconds, memory=Memory(**memory), energy_joules=joules)


def test_the_parts_of_a_training_are_one_phase():
    joined = join_phases(phase(10.0, 5, 100.0), phase(2.0, 7, 30.0))
    assert joined == phase(12.0, 7, 130.0)
    assert join_phases(phase(1.0, 5, None), phase(1.0, 4, 3.0)) == phase(2.0, 5, None)
    assert join_phases(None, phase(1.0, 4, 3.0)) == phase(1.0, 4, 3.0)


def test_several_processes_are_one_phase():
    """As long as the slowest, the energy of all GPUs, the peak of the fullest."""

    class Two:
        def gather(self, own):
            return [own, phase(11.0, 5, 60.0, allocated=9)]

    assert gather_phase(Two(), phase(10.0, 7, 50.0, allocated=8)) == phase(11.0, 7, 110.0, allocated=9)


def test_the_record_tells_of_the_interruption(backbone_folders, task_record, tiny_rows, tmp_path, monkeypatch):
    """Where it went on is in the record, and the time of both parts adds up."""
    from fineprint.runs.training import train_run

    monkeypatch.chdir(tmp_path)
    method = make("lora")
    places = lay_out(method, backbone_folders["encoder"], task_record, tiny_rows)
    checkpoints = Checkpoints(tmp_path / "checkpoints/tiny/pairs/tried/1", MINUTES, bind(*places[:2], places[4]))
    step = Loop.take_step

    def stop(self, rows):
        if self.update == 5:
            signal.raise_signal(signal.SIGTERM)
        return step(self, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "take_step", stop)
        with pytest.raises(Interrupted):
            train_run(*places, PLACE / "model", 1, checkpoints)
    kept = read_json(checkpoints.whole()[-1] / "state.json")
    kept["phase"]["seconds"] += 1000
    write_json(checkpoints.whole()[-1] / "state.json", kept)
    record = train_run(*places, PLACE / "model", 1, checkpoints)
    assert record.resumed_from_steps == [6] and "step 6 of 16" in " ".join(record.notes)
    assert 1000 < record.phases["training"].seconds < 1100
    write_json(tmp_path / "train.json", record)
    assert read_record(tmp_path / "train.json", TrainRecord) == record


def test_an_uninterrupted_record_says_so(backbone_folders, task_record, tiny_rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = train_laid_out(make("lora"), backbone_folders["encoder"], task_record, tiny_rows)
    assert record.resumed_from_steps == []
