"""Every setting of every readout reaches prompts, answers or the head."""

import copy
from dataclasses import replace

import pytest
import torch

from fineprint.core.settings import SettingsError, find_settings
from fineprint.inference.assembly import assemble_for_training, make_readout
from setting_probes import find_probe, list_settings, require_difference
from test_methods import make_method

TABLE = "tests/unit/test_settings_of_readouts.py"


@pytest.fixture
def build(backbone_folders, task_record, tiny_rows):
    """Return a function that puts a readout with changed settings on a tiny backbone that nothing else changes."""

    def assemble(kind, **changes):
        settings = find_settings("readouts", kind).model_validate({"kind": kind, **changes})
        architecture = sorted(settings.architectures)[0]
        method = make_method("full", kind, architecture).model_copy(update={"readout": settings})
        readout = make_readout(method, backbone_folders[architecture], task_record, tiny_rows, seed=1)
        assembled = assemble_for_training(method, readout, backbone_folders[architecture], seed=1)
        assembled.module.eval()
        return assembled

    return assemble


def encode(assembled, rows, with_answer=False):
    return assembled.readout.collate(assembled.readout.encode_all(rows, with_answer))


@torch.inference_mode()
def probe_pooling(build, kind, rows):
    """The head reads the vector of that token, found under padding."""
    rows = [rows[0], rows[6]]  # of unequal length
    for pooling in ("last_token", "first_token", "mean"):
        assembled = build(kind, pooling=pooling)
        batch, module = encode(assembled, rows), assembled.module
        hidden, ends = module.backbone(**batch).last_hidden_state, batch["attention_mask"].sum(dim=1).tolist()
        assert ends[0] < ends[1]
        real = [states[:end] for states, end in zip(hidden, ends, strict=True)]
        wanted = {"last_token": lambda one: one[-1], "first_token": lambda one: one[0], "mean": lambda one: one.mean(0)}
        vectors = torch.stack([wanted[pooling](one) for one in real])
        torch.testing.assert_close(assembled.readout.logits(module, batch), module.linear_head(vectors))


def probe_head(build, kind, rows):
    """Kept, it must be a head of the task's labels, which this folder does not have."""
    assert build(kind, head="fresh").readout.head_start == "fresh"
    with pytest.raises(SettingsError, match=r"readout.head: the head to keep has the labels LABEL_0, LABEL_1 "):
        build(kind, head="keep")


def probe_shots(build, kind, rows):
    for shots in (0, 1, 3):
        readout = build(kind, shots=shots).readout
        worked = readout.prompts.write(rows[5]).split("\n\n")[:-1]
        answers = readout.context.task.answers
        assert [text.rsplit(" : ", 1)[1] for text in worked] == [answers[shot.label] for shot in readout.shots]
        assert len(worked) == shots == len({shot.label for shot in readout.shots})


def probe_temperature(build, kind, rows):
    for temperature, sampled in (
        (0.0, {"do_sample": False}),
        (0.7, {"do_sample": True, "temperature": 0.7, "top_k": 0}),
    ):
        assembled = build(kind, temperature=temperature)
        config = assembled.readout.generation_config(assembled.module)
        assert {name: getattr(config, name) for name in sampled} == sampled
    with torch.inference_mode():
        answers = {temperature: draw(build(kind, temperature=temperature), rows) for temperature in (0.0, 50.0)}
    assert answers[0.0] == 1 and answers[50.0] > 5, "at a high temperature another word in almost every draw"


def draw(assembled, rows, times=10):
    """Return how many different first words are written behind the same prompt, in rows of other names."""
    batch = encode(assembled, [replace(rows[0], id=f"copy {number}") for number in range(times)])
    return len(set(assembled.readout.answer(assembled.module, batch)[0][:, 0].tolist()))


@torch.inference_mode()
def probe_max_new_tokens(build, kind, rows):
    """An output layer of zeros never writes an end of text."""
    for tokens in (1, 2, 7):
        assembled = build(kind, max_new_tokens=tokens, temperature=0.0)
        assembled.module.get_output_embeddings().weight.zero_()
        written, _ = assembled.readout.answer(assembled.module, encode(assembled, rows[:3]))
        assert written.shape == (3, tokens)


def probe_template(build, kind, rows):
    """Options go to the tokenizer's chat template."""
    readout = build(kind).readout
    tokenizer = copy.deepcopy(readout.context.tokenizer)
    tokenizer.chat_template = "{{ messages[0].content }} {{ mood }}"
    context = replace(readout.context, tokenizer=tokenizer)
    for mood in ("yes", "no"):
        asked = find_settings("readouts", kind)(kind=kind, template={"mood": mood}).build(context)
        assert asked.prompts.write(rows[0]).endswith(f" {mood}")


def list_trials(build, kind, seed=5, shots=0, **trials):
    return build(kind, trials=trials, temperature=0.5, shots=shots).readout.settings.list_trials(seed)


def probe_trials(build, kind, rows):
    settings = build(kind).readout.settings
    assert settings.list_trials(5) == [] and settings.trial_rows() == 0
    assert len(list_trials(build, kind, temperatures=[0.0], draws=2, shots=1)) == 3


def probe_trial_temperatures(build, kind, rows):
    trials = list_trials(build, kind, temperatures=[0.0, 0.5, 1.0])
    told = [(one.choice, one.value, one.own, one.settings.temperature, one.seed) for one in trials]
    assert told == [("temperature", f"{t:g}", t == 0.5, t, 5) for t in (0.0, 0.5, 1.0)]


def probe_trial_draws(build, kind, rows):
    trials = list_trials(build, kind, draws=3, shots=1)
    told = [(one.choice, one.value, one.own, one.settings.shots, one.seed) for one in trials]
    assert told == [("worked examples", f"draw {n + 1}", n == 0, 1, 5 + n) for n in range(3)]


def probe_trial_rows(build, kind, rows):
    assert [build(kind, trials={"rows": n}).readout.settings.trial_rows() for n in (7, 90)] == [7, 90]


PROBES = {
    "classifier.head": probe_head,
    "generation.shots": probe_shots,
    "generation.temperature": probe_temperature,
    "generation.max_new_tokens": probe_max_new_tokens,
    "generation.template": probe_template,
    "generation.trials": probe_trials,
    "generation.trials.temperatures": probe_trial_temperatures,
    "generation.trials.draws": probe_trial_draws,
    "generation.trials.rows": probe_trial_rows,
    "linear_head.pooling": probe_pooling,
}


@pytest.mark.parametrize(("kind", "field"), list_settings("readouts"))
def test_every_setting_reaches_the_answers(kind, field, build, tiny_rows):
    if probe := find_probe(PROBES, kind, field):
        probe(build, kind, tiny_rows)
    else:
        require_difference("readouts", kind, field, lambda **new: describe(build(kind, **new), tiny_rows), TABLE)


def describe(assembled, rows):
    """Return what a readout is made of, what it makes of rows, and what it answers."""
    parts = [(path, type(part).__name__, part.extra_repr()) for path, part in assembled.module.named_modules()]
    torch.manual_seed(1)
    with torch.inference_mode():
        answers = assembled.readout.predict(assembled.module, encode(assembled, rows[:8]))
    return parts, assembled.readout.encode_all(rows[:8], with_answer=True), answers


def test_labels_are_those_of_the_task_in_its_order(build, tiny_rows, tmp_path):
    """The saved model says which output is which label, and the likeliest output is the label of that number."""
    assembled = build("classifier")
    assert assembled.module.config.id2label == {0: "entailment", 1: "neutral", 2: "contradiction"}
    assert assembled.module.config.label2id == {"entailment": 0, "neutral": 1, "contradiction": 2}
    for label in range(3):
        with torch.no_grad():
            assembled.module.classifier.out_proj.weight.zero_()
            assembled.module.classifier.out_proj.bias.copy_(torch.eye(3)[label])
        (answer,) = assembled.readout.predict(assembled.module, encode(assembled, tiny_rows[:1]))
        assert answer.label == label and answer.probabilities == pytest.approx(
            torch.eye(3)[label].softmax(0).tolist(), abs=1e-5
        )
