"""What must hold on a GPU: recorded, plain and a reference loop's steps are the same; nothing waits; failures are told.

Plain functions without pytest, so that `run.py` can run them where it is not installed.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from accelerate.state import AcceleratorState

from fineprint.core.settings import find_settings
from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.inference.batching import training_batches
from fineprint.jobs.importing import import_libraries
from fineprint.models.precisions import keep_linear_in_half
from fineprint.study.schema import MethodSettings, TrainingSettings
from fineprint.tasks import Row
from fineprint.training import loop, preparation, stepping
from fineprint.training.graphs import StepGraphs
from fineprint.training.resuming import Keeper
from reference import train_plainly
from tiny_models import make_llama, make_roberta

TASK = SimpleNamespace(
    labels=["entailment", "neutral", "contradiction"],
    answers=["yes big", "yes small dog", "no"],
    prompt="premise : {premise} hypothesis : {hypothesis} answer :",
)
ADAPTERS: dict[str, dict[str, Any]] = {
    "full": {"kind": "full"},
    "lora": {"kind": "lora", "rank": 4, "alpha": 8, "dropout": 0.0},
    "p_tuning": {"kind": "p_tuning", "tokens": 4, "encoder_hidden": 16},
    "prefix_tuning": {"kind": "prefix_tuning", "tokens": 4, "projection_hidden": 16},
}
TARGETS = {"encoder": ("query", "value"), "decoder": ("q_proj", "k_proj", "v_proj", "o_proj")}
STEPS = 20


@functools.cache
def folders() -> dict[str, Path]:
    """Return tiny backbones."""
    root = Path(tempfile.mkdtemp())
    return {"encoder": make_roberta(root / "roberta"), "decoder": make_llama(root / "llama")}


@functools.cache
def rows() -> list[Row]:
    """Return rows of different lengths that can be learned."""
    parts = [("a dog sleeps .", 0), ("a cat runs big .", 1), ("not a dog .", 2)]
    made = []
    for number in range(STEPS * 8 - 3):  # the last batch is smaller
        text, label = parts[number % 3]
        premise = " ".join(["the dog", "a cat", "runs", "big small"][: 1 + number % 4] * (1 + number % 5))
        made.append(Row(str(number), {"premise": premise, "hypothesis": text}, label, str(number)))
    return made


def assemble(
    adapter: str,
    readout: str | dict[str, Any],
    architecture: str,
    precision: str = "float32",
    dropout: bool = False,
    memory: str = "auto",
    **training: Any,
) -> Any:
    """Return a method on a tiny model, without dropout unless it is wanted, and its examples."""
    settings = dict(ADAPTERS[adapter])
    if settings["kind"] == "lora":
        settings["target_modules"] = TARGETS[architecture]
    reading = {"kind": readout} if isinstance(readout, str) else readout
    method = MethodSettings(
        backbone=architecture,
        precision=precision,
        adapter=find_settings("adapters", settings["kind"]).model_validate(settings),
        readout=find_settings("readouts", reading["kind"]).model_validate(reading),
        training=TrainingSettings(
            **({"epochs": 1, "learning_rate": 1e-3, "batch_size": 8, "mixed_precision": "no"} | training)
        ),
        max_length=90,
        memory=memory,
    )
    reader = make_readout(method, folders()[architecture], TASK, rows(), seed=1)
    assembled = assemble_for_training(method, reader, folders()[architecture], seed=1)
    for module in assembled.module.modules() if not dropout else ():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if hasattr(module, "attention_dropout"):
            module.attention_dropout = 0.0
    draw_heads(assembled)
    AcceleratorState._reset_state()  # one precision per process is all it knows
    return assembled, [reader.encode(row, with_answer=True) for row in rows()]


def draw_heads(assembled: Any) -> None:
    """Draw the weights of new heads and prompts in main memory: on a GPU the same seed draws others."""
    new = {"prompt_encoder", *assembled.readout.head_names(assembled.module)}
    generator = torch.Generator().manual_seed(1)
    for name, parameter in assembled.module.named_parameters():
        if parameter.requires_grad and not new.isdisjoint(name.split(".")):
            parameter.data.copy_(0.05 * torch.randn(parameter.shape, generator=generator))


def run(
    *choice: Any, record: bool, keeper: Keeper | None = None, **settings: Any
) -> tuple[Any, dict[str, torch.Tensor]]:
    """Train and return the outcome and the trained weights."""
    assembled, examples = assemble(*choice, **settings)
    before = stepping.Stepper.can_capture, loop.STEPS_PER_LENGTH
    loop.STEPS_PER_LENGTH = 4
    if not record:
        stepping.Stepper.can_capture = False
    try:
        outcome = loop.train(assembled, examples, examples[:8], seed=1, name="check", keeper=keeper)
    finally:
        stepping.Stepper.can_capture, loop.STEPS_PER_LENGTH = before
    return outcome, {n: p.detach().clone() for n, p in assembled.module.named_parameters() if p.requires_grad}


def losses_of(outcome: Any) -> list[float]:
    """Return the losses of every step."""
    assert len(outcome.steps) == STEPS
    return [step.loss for step in outcome.steps]


def assert_near(found: list[float], wanted: list[float], tolerance: float) -> None:
    """Compare losses."""
    worst = max(abs(a - b) / abs(b) for a, b in zip(found, wanted, strict=True))
    assert worst < tolerance, f"losses differ by {worst:.1e}, wanted {tolerance:.0e}"


def assert_same_weights(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor], tolerance: float) -> None:
    """Compare trained weights. Attention does not depend on the keys' bias: its gradient is rounding, which Adam scales
    up."""
    assert found.keys() == wanted.keys() and found
    for name, weight in found.items():
        if not name.endswith("key.bias"):
            torch.testing.assert_close(weight, wanted[name], rtol=tolerance, atol=tolerance / 50, msg=name)


def plain_device() -> str:
    """Return where trainings run here."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def assert_captured(outcome: Any) -> None:
    """Refuse a training that fell back to plain passes."""
    assert any("CUDA graphs, for inputs" in note for note in outcome.notes), outcome.notes


def check_steps(adapter: str, readout: str, architecture: str, record: bool = True, tolerance: float = 1e-2) -> None:
    """Captured steps, plain steps and the reference loop give the same losses, and the same weights."""
    plain, weights = run(adapter, readout, architecture, record=False)
    wanted, reference = train_plainly(*assemble(adapter, readout, architecture), STEPS, plain_device())
    assert_near(losses_of(plain), wanted, 1e-5)
    assert_same_weights(weights, reference, tolerance)
    if record:
        recorded, others = run(adapter, readout, architecture, record=True)
        assert_captured(recorded)
        assert_near(losses_of(recorded), losses_of(plain), 1e-5)
        assert_same_weights(others, weights, tolerance)


def check_accumulation() -> None:
    """Micro-batches recorded one by one give the large batch's steps."""
    large, _ = run("lora", "generation", "decoder", record=True, batch_size=8)
    small, _ = run("lora", "generation", "decoder", record=True, batch_size=2, gradient_accumulation_steps=4)
    assert_captured(small)
    assert_near(losses_of(small), losses_of(large), 1e-4)


def check_qlora(readout: str) -> None:
    """QLoRA with the paged 8-bit optimizer records too."""
    settings = {"optimizer": "paged_adamw_8bit", "mixed_precision": "auto"}
    recorded, _ = run("lora", readout, "decoder", "nf4", record=True, **settings)
    assert_captured(recorded)
    plain, _ = run("lora", readout, "decoder", "nf4", record=False, **settings)
    assert_near(losses_of(recorded), losses_of(plain), 1e-2)


def check_half_precision() -> None:
    """In bfloat16 recorded and plain steps agree too, with frozen weights kept in 16 bits."""
    for adapter in ADAPTERS:
        recorded, _ = run(adapter, "classifier", "encoder", record=True, mixed_precision="auto")
        assert_captured(recorded)
        plain, _ = run(adapter, "classifier", "encoder", record=False, mixed_precision="auto")
        assert_near(losses_of(recorded), losses_of(plain), 1e-2)


def check_half_weights_change_nothing() -> None:
    """Linear weights kept in 16 bits give autocast's results to the last bit."""
    assembled, examples = assemble("full", "classifier", "encoder")
    module = assembled.module.requires_grad_(False).eval()
    batch = {name: tensor.to("cuda") for name, tensor in assembled.readout.collate(examples[:16]).items()}
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
        before = assembled.readout.logits(module, batch)
        assert keep_linear_in_half(module, torch.bfloat16) > 10
        assert torch.equal(assembled.readout.logits(module, batch), before)


def check_dropout_stays_random() -> None:
    """Two replays of one batch draw different dropout."""
    layer = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.Dropout(0.5), torch.nn.Linear(64, 1)).cuda()

    def run_pass(batch: dict[str, torch.Tensor], share: Any) -> torch.Tensor:
        loss = layer(batch["x"]).square().mean() * share
        loss.backward()
        return loss.detach()

    graphs, batch = StepGraphs(run_pass), {"x": torch.randn(8, 64)}
    graphs.record([batch], lambda: layer.zero_grad(set_to_none=False))
    losses = [float(graphs.replay(batch, 1.0)) for _ in range(4)]
    assert len(set(losses)) == 4, losses
    before = layer[0].weight.grad.clone()
    graphs.replay(batch, 1.0)
    assert not torch.equal(before, layer[0].weight.grad), "gradients add up"


def check_steps_never_wait() -> None:
    """A captured step makes no synchronising call."""
    assembled, examples = assemble("lora", "classifier", "encoder", mixed_precision="auto")
    stepper = preparation.make_stepper(assembled, assembled.method.training, examples)
    stepper.module.train()
    stepper.lengths = loop.choose_lengths(examples, 2)
    stepper.record(examples)
    assert stepper.graphs is not None, stepper.notes
    steps = training_batches(examples, 8, 1, 1)
    for batch in steps[:3]:
        stepper.run(batch)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batch in steps[3:]:
            if len(batch) == 8:
                stepper.run(batch)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def check_failed_capture_is_told() -> None:
    """A loss that waits for the GPU cannot be recorded: training goes on without, and dropout still draws."""
    assembled, examples = assemble("full", "classifier", "encoder")
    plain = assembled.readout.loss

    def waiting(module: Any, batch: Any) -> torch.Tensor:
        loss = plain(module, batch)
        assert float(loss.detach()) > 0
        return loss

    assembled.readout.loss = waiting
    loop.STEPS_PER_LENGTH, before = 4, loop.STEPS_PER_LENGTH
    try:
        outcome = loop.train(assembled, examples, examples[:8], seed=1, name="check")
    finally:
        loop.STEPS_PER_LENGTH = before
    assert any("could not be captured" in note for note in outcome.notes), outcome.notes
    assert outcome.epochs[0].training_loss < 2
    torch.nn.functional.dropout(torch.ones(1000, device="cuda"), 0.5).sum().item()


CHECKS: dict[str, Any] = {
    **{
        f"steps {adapter} {readout} {architecture}": functools.partial(check_steps, adapter, readout, architecture)
        for adapter, readout, architecture in (
            ("full", "classifier", "encoder"),
            ("lora", "classifier", "encoder"),
            ("p_tuning", "classifier", "encoder"),
            ("prefix_tuning", "classifier", "encoder"),
            ("lora", "generation", "decoder"),
            ("lora", "linear_head", "decoder"),
        )
    },
    "accumulation": check_accumulation,
    "qlora generation": functools.partial(check_qlora, "generation"),
    "qlora head": functools.partial(check_qlora, "linear_head"),
    "half precision": check_half_precision,
    "half weights": check_half_weights_change_nothing,
    "dropout": check_dropout_stays_random,
    "steps never wait": check_steps_never_wait,
    "failed capture": check_failed_capture_is_told,  # last: it leaves the GPU's memory pools in disorder
}
import_libraries()
