"""Cutting steps by memory: what is chosen, and that running out of it costs no result."""

from types import SimpleNamespace

import pytest
import torch

from fineprint.core.settings import SettingsError
from fineprint.jobs.processes import Processes
from fineprint.planning import budget
from fineprint.planning.budget import Fit, choose_fit
from fineprint.study.reading import read_study
from fineprint.training import fitting
from fineprint.training.stepping import Stepper
from test_config import changed
from test_training import trained


def measure(micro_batch, gradient_checkpointing):
    """A model of 6 GB whose rows take 1 GB each, or an eighth of it where activations are computed again."""
    peak = int(1e9 * (6 + micro_batch * (0.125 if gradient_checkpointing else 1)))
    return peak if peak <= 40e9 else None


@pytest.mark.parametrize(
    ("gigabytes", "may_keep", "wanted"),
    [
        (40, True, (16, False)),
        (15, True, (8, False)),
        (10, True, (4, False)),
        (9, True, (16, True)),  # finer than four parts: recomputing is faster
        (9, False, (16, True)),
        (7, True, (8, True)),
        (6.2, True, (1, True)),
        (5, True, (1, True)),  # nothing fits: the least is tried
    ],
)
def test_the_fastest_way_that_fits(gigabytes, may_keep, wanted):
    chosen = choose_fit(16, int(gigabytes * 1e9), may_keep, measure)
    assert (chosen.micro_batch, chosen.gradient_checkpointing) == wanted


def test_captured_passes_need_room_for_a_smaller_batch_and_for_gaps():
    assert budget.rows_beside(16) == 4 and budget.rows_beside(6) == 2 and budget.rows_beside(1) == 1
    assert budget.capture_reserve(1600, 16) == 400 + 400
    assert budget.capture_reserve(600, 6) == 200 + 150


def test_the_choice_is_a_sentence():
    text = fitting.describe_fit(Fit(8, True, 7_400_000_000), 16, 8_000_000_000, "lean")
    assert text == (
        "Memory lean: steps of 16 examples run in micro-batches of 8, with gradient checkpointing; a trial says 7.4 GB "
        "at most, 8.0 GB allowed."
    )


class TwoGPUs(Processes):
    """This process and another, whose trials take 2 GB more and which has 1 GB less."""

    def highest(self, *values):
        return [max(value, value + (2 if value > 0 else 1) * 10**9) for value in values]


@pytest.mark.parametrize(
    ("predict", "wanted", "words"),
    [
        (None, (4, False), "a trial says 11.0 GB"),
        (lambda rows, gradient_checkpointing: 10**9 * rows, (8, False), "a prediction says 8.0 GB"),
    ],
)
def test_several_gpus_choose_alike(predict, wanted, words, monkeypatch):
    """The one with less memory decides; spread weights are fitted by prediction, without a pass."""
    rows, chosen = [[0] * 16, [0] * 30], []
    stepper = SimpleNamespace(
        processes=TwoGPUs(count=2),
        rows_per_step=16,
        module=torch.nn.Identity(),
        settings=SimpleNamespace(gradient_checkpointing=False),
        set_gradient_checkpointing=chosen.append,
        notes=[],
        micro_batch=16,
    )
    monkeypatch.setattr(fitting, "memory_limit", lambda memory: 13 * 10**9)
    monkeypatch.setattr(fitting, "example_length", len)
    monkeypatch.setattr(fitting, "try_pass", lambda stepper, *_: 10**9 * (5 + stepper.micro_batch))
    fitting.fit(stepper, rows, "auto", predict)
    assert (stepper.micro_batch, chosen[-1]) == wanted
    assert words in stepper.notes[0] and "steps of 8 examples on each GPU" in stepper.notes[0]


def test_running_out_of_memory_changes_nothing_but_the_cut(backbone_folders, task_record, tiny_rows, monkeypatch):
    settings = {"learning_rate": 1e-3, "batch_size": 12, "epochs": 2}
    _, wanted = trained(backbone_folders, task_record, tiny_rows, **settings)
    plain, passes = Stepper.run_pass, []

    def run_out(self, batch, share):
        passes.append(len(batch["label"]))
        if len(passes) > 5 and passes[-1] > 4:  # first in the middle of the training, then down to 3 rows
            plain(self, batch, share)
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(self, batch, share)

    monkeypatch.setattr(Stepper, "run_pass", run_out)
    _, outcome = trained(backbone_folders, task_record, tiny_rows, **settings)
    losses = [[step.loss for step in result.steps] for result in (outcome, wanted)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert outcome.micro_batch == 3 and wanted.micro_batch == 12
    assert [note.split("; ")[0].split(": ")[1] for note in outcome.notes] == [
        "from there on in micro-batches of 6",
        "from there on in micro-batches of 3",
    ]
    assert "before step 6" in outcome.notes[0]


def test_a_row_that_does_not_fit_is_told(backbone_folders, task_record, tiny_rows, monkeypatch):
    def run_out(self, batch, share):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Stepper, "run_pass", run_out)
    with pytest.raises(SettingsError, match=r"a single example does not fit .* lower max_length"):
        trained(backbone_folders, task_record, tiny_rows, learning_rate=1e-3)


@pytest.mark.parametrize("memory", ["auto", "lean", "12 GB", "7.5 GB"])
def test_memory_is_read(memory):
    config = changed(methods__roberta_lora__memory=memory)
    assert read_study(config).methods["roberta_lora"].memory == memory


@pytest.mark.parametrize("memory", ["12", "12GB", "much"])
def test_other_memory_is_refused(memory):
    config = changed(methods__roberta_lora__memory=memory)
    with pytest.raises(SettingsError, match=r"memory: expected auto, lean, or a size such as 12 GB"):
        read_study(config)
