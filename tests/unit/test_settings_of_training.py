"""Every setting of a method and its training reaches the steps that are taken, the model or the rows."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState

from fineprint.core.settings import SettingsError
from fineprint.inference import predicting
from fineprint.inference.assembly import Assembled, assemble_for_training, make_readout
from fineprint.planning import budget
from fineprint.runs.prediction import predict_run
from fineprint.runs.training import train_run
from fineprint.study.reading import describe_run, read_study
from fineprint.study.schema import MethodSettings
from fineprint.tasks._rows import write_rows
from fineprint.training.loop import train
from fineprint.training.paged import PagedAdamW
from fineprint.training.preparation import make_stepper
from setting_probes import list_fields
from test_config import DEMO, changed
from test_methods import make_method
from tiny_run import PLACE, lay_out


@dataclass
class Bench:
    """What a probe works with: tiny backbones, a task, rows, a folder, and patches that are taken off again."""

    backbones: dict[str, Path]
    task: dict[str, Any]
    rows: list[Any]
    folder: Path
    patch: pytest.MonkeyPatch

    def assemble(self, adapter="full", readout="linear_head", architecture="encoder", training=None, **changes):
        """Put a method with changed settings together."""
        method = make_method(adapter, readout, architecture, **(training or {})).model_copy(update=changes)
        reader = make_readout(method, self.backbones[architecture], self.task, self.rows, seed=1)
        return assemble_for_training(method, reader, self.backbones[architecture], seed=1)

    def prepare(self, adapter="full", **training):
        """Return what takes the steps of a training, without dropout, and all rows encoded."""
        assembled = self.assemble(adapter, training=training)
        for part in assembled.module.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        assembled.module.train()
        examples = assembled.readout.encode_all(self.rows, with_answer=True)
        return make_stepper(assembled, assembled.method.training, examples), examples


@pytest.fixture
def bench(backbone_folders, task_record, tiny_rows, tmp_path, monkeypatch):
    return Bench(backbone_folders, task_record, tiny_rows, tmp_path, monkeypatch)


def watch(stepper, look):
    """Have `look` called, and what it returns kept, right before each change of the weights."""
    seen, step = [], stepper.optimizer.step
    stepper.optimizer.step = lambda: (seen.append(look()), step())
    return seen


def gradient_norm(stepper):
    return float(torch.cat([p.grad.flatten() for p in stepper.parameters if p.grad is not None]).norm())


def probe_epochs(bench):
    for epochs in (1, 3):
        assembled = bench.assemble(training={"epochs": epochs, "batch_size": 24})
        examples = assembled.readout.encode_all(bench.rows, with_answer=True)
        outcome = train(assembled, examples, examples[:12], seed=1, name="test")
        assert [epoch.epoch for epoch in outcome.epochs] == [*range(1, epochs + 1)]
        assert len(outcome.steps) == 3 * epochs, "72 rows"


def probe_learning_rate(bench):
    """The first update of Adam moves each weight by the rate, whatever its gradient."""
    for rate in (0.01, 0.002):
        stepper, examples = bench.prepare(
            learning_rate=rate, warmup_ratio=0.0, weight_decay=0.0, epochs=1, batch_size=72
        )
        before = [p.detach().clone() for p in stepper.parameters]
        assert stepper.schedule.peak == rate == stepper.schedule.rate
        stepper.run(examples)
        moved = torch.cat(
            [(p.detach() - old).abs().flatten() for p, old in zip(stepper.parameters, before, strict=True)]
        )
        assert float(moved[moved > 0].median()) == pytest.approx(rate, rel=0.02) and float(moved.max()) < 1.01 * rate


def probe_batch_size(bench):
    for size in (8, 24):
        stepper, _ = bench.prepare(batch_size=size)
        assert stepper.micro_batch == size == stepper.rows_per_step
        assert stepper.schedule.updates == 2 * 72 // size


def probe_gradient_accumulation_steps(bench):
    """So many micro-batches go through the model before the weights change once."""
    for steps in (1, 3):
        stepper, examples = bench.prepare(batch_size=8, gradient_accumulation_steps=steps)
        passes = []
        stepper.module.register_forward_hook(lambda *parts, passes=passes: passes.append(len(parts[2])))
        updates = watch(stepper, lambda: None)
        stepper.run(examples[: stepper.rows_per_step])
        assert passes == [8] * steps and len(updates) == 1
        assert stepper.schedule.updates == 2 * math.ceil(72 / (8 * steps))


def probe_weight_decay(bench):
    """Where there is no gradient, matrices shrink by rate times decay, and vectors stay."""
    for decay in (0.0, 0.25):
        stepper, _ = bench.prepare(weight_decay=decay, learning_rate=0.1, warmup_ratio=0.0)
        before = {name: p.detach().clone() for name, p in stepper.trained.items()}
        for parameter in stepper.parameters:
            parameter.grad = torch.zeros_like(parameter)
        stepper.update()
        for name, parameter in stepper.trained.items():
            kept = 1 - 0.1 * decay if parameter.ndim > 1 else 1.0
            torch.testing.assert_close(parameter.detach(), kept * before[name])


def probe_warmup_ratio(bench):
    """The rate of each update, by hand: ten of them, rising from 0 over the warm-up, then falling to 0."""
    for ratio, warmup in ((0.0, 0), (0.25, 3), (0.4, 4)):
        stepper, _ = bench.prepare(warmup_ratio=ratio, learning_rate=0.06, epochs=5, batch_size=36)
        rates = []
        for _ in range(10):
            rates.append(stepper.optimizer.param_groups[0]["lr"])
            stepper.schedule.advance()
        wanted = [0.06 * n / warmup if n < warmup else 0.06 * (10 - n) / (10 - warmup) for n in range(10)]
        assert rates == pytest.approx(wanted) and stepper.schedule.rate == 0


def probe_max_grad_norm(bench):
    for most in (0.01, 0.5):
        stepper, examples = bench.prepare(max_grad_norm=most, batch_size=24)
        norms = watch(stepper, lambda stepper=stepper: gradient_norm(stepper))
        stepper.run(examples[:24])
        assert norms == [pytest.approx(most, rel=1e-3)]
    stepper, examples = bench.prepare(max_grad_norm=1e6, batch_size=24)
    norms = watch(stepper, lambda: gradient_norm(stepper))
    stepper.run(examples[:24])
    assert 0.5 < norms[0] < 1e6, "smaller gradients stay as they are"


def probe_optimizer(bench):

    for name, kind in (("adamw", torch.optim.AdamW), ("paged_adamw_8bit", PagedAdamW)):
        stepper, _ = bench.prepare("lora", optimizer=name)
        assert type(stepper.optimizer.optimizer) is kind


def probe_mixed_precision(bench):
    """What linear layers give under autocast."""
    wanted = {"no": torch.float32, "auto": torch.float32, "bf16": torch.bfloat16}  # on a CPU
    for name, dtype in wanted.items():
        AcceleratorState._reset_state(True)  # a process can be set once
        stepper, examples = bench.prepare(mixed_precision=name)
        dtypes = set()
        for part in stepper.module.modules():
            if isinstance(part, torch.nn.Linear):
                part.register_forward_hook(lambda *parts, dtypes=dtypes: dtypes.add(parts[2].dtype))
        stepper.forward(stepper.collate(examples[:4]))
        assert dtypes == {dtype} and stepper.accelerator.mixed_precision == ("no" if name == "auto" else name)
    AcceleratorState._reset_state(True)


def probe_gradient_checkpointing(bench):
    """Layers then run twice, once forward and once more in the backward pass, and a step comes out the same."""
    losses = []
    for wanted, runs in ((False, 1), (True, 2)):
        stepper, examples = bench.prepare("lora", gradient_checkpointing=wanted)
        counts = []
        layer = next(part for path, part in stepper.module.named_modules() if path.endswith("layer.0.intermediate"))
        layer.register_forward_hook(lambda *_, counts=counts: counts.append(1))
        losses.append(float(stepper.run(examples[:8])))
        assert len(counts) == runs and stepper.gradient_checkpointing is wanted
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def probe_shard_weights(bench):
    for wanted in (False, True):
        method = bench.assemble(training={"shard_weights": wanted}).method
        assert [method.shards(gpus) for gpus in (0, 1, 4)] == ([1, 1, 4] if wanted else [1, 1, 1])


def probe_title(bench):
    """A title is for readers: it is no part of what a run depends on."""
    study = read_study(changed(methods__roberta_lora__title="Thin"))
    assert study.methods["roberta_lora"].title == "Thin"
    runs = [describe_run(one, one.run.tasks[0], "roberta_lora", 1) for one in (study, read_study(DEMO))]
    assert runs[0] == runs[1] and "title" not in runs[0]["settings"]


def probe_backbone(bench):
    """It is the folder that a run's rule is given; here, it is named where something does not fit it."""
    with pytest.raises(SettingsError, match="positions of backbone 'encoder'"):
        bench.assemble(max_length=2000)
    with pytest.raises(SettingsError, match="positions of backbone 'decoder'"):
        bench.assemble("lora", architecture="decoder", max_length=2000)


def probe_precision(bench):
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        weights = [*bench.assemble("lora", precision=name).module.named_parameters()]
        assert {weight.dtype for _, weight in weights if not weight.requires_grad} == {dtype}
        assert {weight.dtype for _, weight in weights if weight.requires_grad} == {torch.float32}


def probe_adapter(bench):
    for kind, peft_type in (("prefix_tuning", "PREFIX_TUNING"), ("lora", "LORA")):
        module = bench.assemble(adapter=kind).module
        assert module.backbone.peft_config["default"].peft_type.value == peft_type
    assert not hasattr(bench.assemble(adapter="full").module.backbone, "peft_config")


def probe_readout(bench):
    for kind, head in (("classifier", "classifier"), ("linear_head", "linear_head")):
        assembled = bench.assemble(readout=kind)
        assert assembled.readout.settings.kind == kind and hasattr(assembled.module, head)


def probe_training(bench):
    """A method that trains nothing needs none; its record says so."""
    bench.patch.chdir(bench.folder)
    method = make_method("none", "generation", "decoder").model_copy(update={"training": None})
    arguments = lay_out(method, bench.backbones["decoder"], bench.task, bench.rows)
    record = train_run(*arguments, PLACE / "model", 1)
    assert not method.trains and record.trained is False and record.epochs == []
    assert record.run_config["settings"]["training"] is None


def probe_fields(bench):
    """The texts that are named are all that is encoded, in training and in prediction, alone or among others."""
    tokenizer = bench.assemble().readout.context.tokenizer
    for fields in (None, ("premise",), ("hypothesis",), ("hypothesis", "premise")):
        readout = bench.assemble(fields=fields).readout
        for row in bench.rows[:5]:
            wanted = tokenizer(*(text for name, text in row.texts.items() if name in (fields or row.texts)))
            for with_answer in (True, False):
                assert readout.encode(row, with_answer)["input_ids"] == wanted["input_ids"]
        assert readout.encode_all(bench.rows, True) == [readout.encode(row, True) for row in bench.rows]
    config = describe_run(read_study(DEMO), "nli", "roberta_hypothesis", 1)
    assert config["settings"]["fields"] == ["hypothesis"]
    assert describe_run(read_study(DEMO), "nli", "roberta_full", 1)["settings"]["fields"] is None


def probe_input(bench):
    """The tokenizer's own form of the texts, or the task's wording."""
    for form in ("pair", "prompt"):
        readout = bench.assemble(input=form).readout
        for row in bench.rows[:5]:
            ids = readout.encode(row, with_answer=False)["input_ids"]
            assert ids == (readout.prompts.tokenize([row])[0] if form == "prompt" else pair_ids(readout, row))


def pair_ids(readout, row):
    return readout.context.tokenizer(*row.texts.values())["input_ids"]


def probe_max_length(bench):
    uncut = bench.assemble().readout.encode_all(bench.rows, with_answer=False)
    whole = [len(example["input_ids"]) for example in uncut]
    for most in (9, 11):
        readout = bench.assemble(max_length=most).readout
        lengths = [len(example["input_ids"]) for example in readout.encode_all(bench.rows, with_answer=False)]
        assert lengths == [min(length, most) for length in whole]
        assert readout.truncated_rows == sum(length > most for length in whole) > 0


def probe_sweep(bench):
    """It is expanded when the config is read, into methods that know nothing of it."""
    study = read_study(changed(methods__roberta_lora__sweep={"adapter.rank": [2, 3]}, serving=None))
    runs = [describe_run(study, "nli", f"roberta_lora_rank_{rank}", 1)["settings"] for rank in (2, 3)]
    assert [run["adapter"]["rank"] for run in runs] == [2, 3] and not any("sweep" in run for run in runs)


def probe_prediction_batch_size(bench):
    for size in (5, 32):
        groups = predicting.encode_groups(bench.assemble(prediction_batch_size=size), bench.rows, None)
        sizes = [len(positions) for group in groups for positions, _ in group]
        assert sizes == [*[size] * (72 // size), 72 % size]


def probe_memory(bench):
    """On a GPU of 20 GB of which 16 are free, four taken by the model."""
    facts = {"memory_reserved": 4 * 10**9, "memory_allocated": 4 * 10**9, "is_available": True}
    for name, value in (facts | {"mem_get_info": (16 * 10**9, 20 * 10**9)}).items():
        bench.patch.setattr(torch.cuda, name, lambda *_, value=value: value)
    limits = {wish: budget.memory_limit(wish) for wish in ("auto", "lean", "6 GB", "600 GB")}
    most = 4 * 10**9 + int(0.9 * 16e9)
    assert limits == {"auto": most, "lean": int(1.4 * 4e9), "6 GB": 6 * 10**9, "600 GB": most}
    for wish, limit in (("auto", None), ("lean", limits["lean"]), ("6 GB", limits["6 GB"])):
        method = make_method("full", "linear_head", "encoder").model_copy(update={"memory": wish})
        assert predicting.prediction_limit(Assembled(method, None, None)) == limit


def probe_merge_into(bench):
    """The merged model answers the same rows beside the method itself, as if the adapter were still beside it."""
    bench.patch.chdir(bench.folder)
    method = make_method("lora", "linear_head", "encoder", epochs=1).model_copy(update={"merge_into": ("float32",)})
    config, task, rows, backbone, record = lay_out(method, bench.backbones["encoder"], bench.task, bench.rows[:48])
    write_rows(rows / "test.jsonl", bench.rows[48:])
    train_run(config, task, rows, backbone, record, PLACE / "model", 1)
    predicted = predict_run(config, task, rows, backbone, PLACE / "model", PLACE / "predictions", 1)
    assert predicted.variants == ["", "merged_into_float32"]
    own, merged = (PLACE / "predictions" / place / "test.jsonl" for place in ("", "merged_into_float32"))
    assert len(own.read_text().splitlines()) == len(merged.read_text().splitlines()) == 24


PROBES = {
    "epochs": probe_epochs,
    "learning_rate": probe_learning_rate,
    "batch_size": probe_batch_size,
    "gradient_accumulation_steps": probe_gradient_accumulation_steps,
    "weight_decay": probe_weight_decay,
    "warmup_ratio": probe_warmup_ratio,
    "max_grad_norm": probe_max_grad_norm,
    "optimizer": probe_optimizer,
    "mixed_precision": probe_mixed_precision,
    "gradient_checkpointing": probe_gradient_checkpointing,
    "shard_weights": probe_shard_weights,
    "title": probe_title,
    "backbone": probe_backbone,
    "precision": probe_precision,
    "adapter": probe_adapter,
    "readout": probe_readout,
    "training": probe_training,
    "input": probe_input,
    "fields": probe_fields,
    "max_length": probe_max_length,
    "prediction_batch_size": probe_prediction_batch_size,
    "memory": probe_memory,
    "merge_into": probe_merge_into,
    "sweep": probe_sweep,
}


@pytest.mark.parametrize("field", list_fields(MethodSettings))
def test_every_setting_reaches_what_it_sets(field, bench):
    name = field.removeprefix("training.")
    if name not in PROBES:
        pytest.fail(
            f"study/schema.py: nothing shows that the setting '{field}' reaches what it sets. Add a function to the "
            f'table PROBES in tests/unit/test_settings_of_training.py under "{name}": it asserts what two values set.'
        )
    PROBES[name](bench)
