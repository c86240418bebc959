"""Checkpoints and fitting in detail: when one is due, what it is bound to, what a trial is told, what comes back."""

from types import SimpleNamespace

import pytest
import torch

from fineprint.core.records import hash_file, read_json, write_json
from fineprint.jobs.interruption import Interrupted
from fineprint.jobs.processes import Processes
from fineprint.planning.budget import Fit
from fineprint.training import checkpoints, fitting, loop
from fineprint.training.checkpoints import FORMAT, STATE, Checkpoints, bind
from test_resuming import history, make, make_keeper, run  # noqa: F401 (run is a fixture)

WEIGHTS = {"weights": {"a": torch.arange(3.0)}, "random": {"0.cpu": torch.tensor([1, 2])}}


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    told = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: told.now)
    return told


def test_a_checkpoint_is_due_after_so_many_minutes_and_again_after_each(clock, tmp_path):
    kept = Checkpoints(tmp_path / "a", 2, {})
    clock.now += 119
    assert not kept.due
    clock.now += 1
    assert kept.due and kept.write(1, {}, WEIGHTS)
    assert not kept.due
    clock.now += 120
    assert kept.due


def test_a_checkpoint_is_read_as_it_was_written_and_only_the_newest_is_kept(tmp_path):
    kept = Checkpoints(tmp_path / "a", 1, {"files": {"x": "1"}})
    assert kept.read() is None and kept.whole() == []
    for step in (3, 12):
        assert kept.write(step, {"epoch": step, "best": (0.5, -0.1)}, WEIGHTS)
    assert [path.name for path in kept.whole()] == ["step-12"]
    saved = kept.read()
    assert saved.state["epoch"] == 12 and saved.state["best"] == [0.5, -0.1] and saved.state["binding"] == kept.binding
    assert saved.tensors.keys() == WEIGHTS.keys()
    for part, values in WEIGHTS.items():
        assert saved.tensors[part].keys() == values.keys()
        assert all(torch.equal(saved.tensors[part][name], value) for name, value in values.items())
    kept.binding = {"files": {"x": "2"}}
    assert kept.read() is None, "of other files"


def test_a_half_written_checkpoint_is_none(tmp_path):
    kept = Checkpoints(tmp_path / "a", 1, {})
    (kept.folder / "being-written").mkdir(parents=True)
    (kept.folder / "being-written" / STATE).write_text("{}")
    assert kept.whole() == [] and kept.read() is None
    assert kept.write(1, {}, WEIGHTS) and [path.name for path in kept.folder.iterdir()] == ["step-1"]


def test_removing_takes_the_empty_folders_above_and_no_other(tmp_path):
    """Four levels: study, task, method, seed; a neighbor's checkpoints stay, and so does what lies above."""
    place = tmp_path / "checkpoints/study/task/method"
    first, second = (Checkpoints(place / seed, 1, {}) for seed in "12")
    first.remove()  # never made: nothing to remove
    for kept in (first, second):
        kept.write(1, {}, WEIGHTS)
    first.remove()
    assert second.read() is not None and not first.folder.exists()
    second.remove()
    assert tmp_path.exists() and not (tmp_path / "checkpoints").exists()


def test_a_binding_names_the_layout_the_versions_and_each_file_by_content(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "installed_versions", lambda: {"torch": "2", "peft": "1", "numpy": "3"})
    write_json(tmp_path / "task.json", {"a": 1})
    bound = bind(tmp_path / "task.json")
    assert bound["format"] == FORMAT and bound["fineprint"] == checkpoints.__version__
    absent = {"transformers": None, "bitsandbytes": None, "accelerate": None}
    assert bound["versions"] == {"torch": "2", "peft": "1"} | absent
    assert bound["files"] == {"task.json": hash_file(tmp_path / "task.json")}


def test_losses_that_were_not_yet_drawn_are_kept(run, tmp_path, monkeypatch):  # noqa: F811
    """A curve of few points, each the mean of three steps, interrupted before the first: the same points come out."""
    monkeypatch.setattr(loop, "CURVE_POINTS", 2)
    wanted, _ = run(make("full"), None)
    keeper = make_keeper(tmp_path)
    with pytest.raises(Interrupted, match="was stopped by SIGTERM at step 2 of 6; its state is kept in"):
        run(make("full"), keeper, 2)
    state = read_json(keeper.checkpoints.whole()[-1] / STATE)
    assert len(state["curve"]) == 2 and state["update"] == 2 and state["outcome"]["steps"] == []
    resumed, _ = run(make("full"), make_keeper(tmp_path))
    assert history(resumed) == history(wanted) and len(wanted.steps) == 2


@pytest.mark.parametrize(("memory", "limit"), [("auto", None), ("lean", 10**10)])
def test_a_trial_takes_the_longest_rows_as_they_will_be_padded(memory, limit, monkeypatch):
    """Activations are kept only where the wish allows it, and only a wish limits what else may be taken."""
    told, rows = [], [{"input_ids": [0] * length} for length in (5, 21, 12)]
    stepper = SimpleNamespace(
        processes=Processes(),
        rows_per_step=8,
        module=torch.nn.Identity(),
        settings=SimpleNamespace(gradient_checkpointing=False),
        set_gradient_checkpointing=lambda wanted: told.append(wanted),
        notes=[],
    )
    tried = []
    monkeypatch.setattr(fitting, "memory_limit", lambda wish: 10**10 if wish == memory else 0)
    monkeypatch.setattr(fitting, "try_pass", lambda *arguments: tried.append(arguments[1:]) or 10**9)
    fitting.fit(stepper, rows, memory)
    assert tried == [(rows, 24)], "a multiple of eight"
    assert stepper.micro_batch == 8 and stepper.memory_limit == limit
    assert told == [memory == "lean"] * 2 and stepper.module.training
    how = "with" if memory == "lean" else "without"
    assert stepper.notes == [
        f"Memory {memory}: steps of 8 examples run in micro-batches of 8, {how} gradient checkpointing; a trial says "
        "1.0 GB at most, 10.0 GB allowed."
    ]


def test_what_was_not_tried_has_no_peak():
    said = fitting.describe_fit(Fit(1, False, None), 8, 10**10, "auto")
    assert said == (
        "Memory auto: steps of 8 examples run in micro-batches of 1, without gradient checkpointing, 10.0 GB allowed."
    )


def test_an_optimizer_s_state_is_estimated_by_its_kind():
    for optimizer, each in (("adamw", 8), ("paged_adamw_8bit", 2)):
        settings = SimpleNamespace(optimizer=optimizer)
        stepper = SimpleNamespace(parameters=[torch.empty(3, 5), torch.empty(7)], settings=settings)
        assert fitting.optimizer_estimate(stepper) == 22 * each
